// What one tile of a kernel asks of an SM, counted from its plan: the same quantities that the
// emulator counts when it runs the kernel (runtime/emulator/sanitizer/counters.h), so that tests
// compare the two.
//
// A kernel family gives a TileWork for its plan; balance.h divides it by a GPU's rates, predict.h
// adds tiles up to a problem. Thread safety: pure functions.
#ifndef ATTNJIT_GENERATOR_MODEL_WORK_H_
#define ATTNJIT_GENERATOR_MODEL_WORK_H_

#include <array>
#include <cstddef>

#include "generator/planner.h"

namespace attnjit {

/// What an SM, or the GPU for all SMs, has only so much of.
enum class Resource {
  kMatrix,   ///< Dense 16-bit FLOP as issued: padded head dims, whole blocks.
  kSpecial,  ///< Results of ex2, rcp, lg2.
  kFp32,     ///< Results of f32 add, mul, fma.
  kInteger,  ///< Results of compare, min and max.
  kConvert,  ///< Results of conversions; a packed pair is one.
  kIssue,    ///< Warp-instructions.
  kShared,   ///< Bytes through shared memory.
  kTensor,   ///< Bytes read from tensor memory.
  kL2,       ///< Bytes between SM and L2.
  kMemory,   ///< Bytes of device memory, if L2 held nothing.
};
inline constexpr size_t kResources = static_cast<size_t>(Resource::kMemory) + 1;
const char* ResourceName(Resource resource);  ///< "matrix", "exponential", ...
const char* ResourceUnit(Resource resource);  ///< "FLOP", "results", ...

/// An amount of each resource.
struct Amounts {
  std::array<double, kResources> amounts{};

  double& operator[](Resource r) { return amounts[static_cast<size_t>(r)]; }
  double operator[](Resource r) const { return amounts[static_cast<size_t>(r)]; }
  Amounts& operator+=(const Amounts& other);
  Amounts operator*(double factor) const;
};

/// One tile (with K/V cut into pieces: one piece of it), all of its warps together.
struct TileWork {
  Amounts block;     ///< One K/V block that every row sees.
  Amounts boundary;  ///< What mask and guard add to a block that not every row sees.
  Amounts tile;      ///< Once: Q in, the arithmetic on O.
  Amounts row;       ///< For each query row that is there (a tile's last ones may not be): O, lse.
  Amounts partial;   ///< For each such row of a piece of several: partial O out, and in again.
  /// The part of a block that one set of warps does strictly one thing after another: what a block
  /// takes at least, however many sets take turns.
  Amounts serial;
  /// Bytes of V that guards look through in a boundary block before its product (ADR 2), divided
  /// by the stages that let them run ahead.
  double guard_bytes = 0;
  bool mma_sync = false;  ///< Its products are mma.sync (SmRates::mma_sync_share).
};

/// Of any family's plan.
TileWork TileWorkOf(const KernelPlan& plan);
TileWork TileWorkOf(const Sm90Plan& plan);
TileWork TileWorkOf(const MmaPlan& plan);
TileWork TileWorkOf(const Sm100Plan& plan);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_MODEL_WORK_H_
