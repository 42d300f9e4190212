// What a launch did: instructions, bytes, matrix work, conflicts; and what that costs a GPU.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_COUNTERS_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "generator/model/gpu.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator {

// X(enumerator, stable name). One warp-instruction belongs to one class.
#define ATTNJIT_INSTRUCTION_CLASSES(X)                                         \
  X(kInteger, "integer")        /* Integer, logic, move, predicate, select. */ \
  X(kFp32, "fp32")              /* add, mul, fma, min, max of f32. */          \
  X(kFp32Packed, "fp32-packed") /* .f32x2: two results for each lane. */       \
  X(kFp16, "fp16")              /* Half and bf16 arithmetic, packed or not. */ \
  X(kFp64, "fp64")                                                             \
  X(kConvert, "convert")                                                       \
  X(kExponential, "ex2") /* These five run in the special function unit. */    \
  X(kReciprocal, "rcp")                                                        \
  X(kLogarithm, "lg2")                                                         \
  X(kRsqrt, "rsqrt")                /* rsqrt and sqrt. */                      \
  X(kOtherSpecial, "special-other") /* sin, cos, tanh. */                      \
  X(kGlobalMemory, "memory-global")                                            \
  X(kSharedMemory, "memory-shared") /* Also ldmatrix and stmatrix. */          \
  X(kLocalMemory, "memory-local")                                              \
  X(kConstantMemory, "memory-constant") /* Constant and parameter space. */    \
  X(kTensorMemory, "memory-tensor")     /* tcgen05.ld and st. */               \
  X(kAtomic, "atomic")                                                         \
  X(kControl, "control")                                                       \
  X(kShuffle, "shuffle")      /* shfl, vote, elect, match. */                  \
  X(kBarrier, "barrier")      /* Barriers, mbarriers, fences, waits. */        \
  X(kMatrix, "matrix")        /* mma, wgmma, tcgen05.mma. */                   \
  X(kAsyncCopy, "async-copy") /* Issue of cp.async and of bulk copies. */      \
  X(kOther, "other")

enum class InstructionClass : uint8_t {
#define ATTNJIT_INSTRUCTION_CLASS(id, name) id,
  ATTNJIT_INSTRUCTION_CLASSES(ATTNJIT_INSTRUCTION_CLASS)
#undef ATTNJIT_INSTRUCTION_CLASS
};
inline constexpr size_t kInstructionClasses = static_cast<size_t>(InstructionClass::kOther) + 1;
llvm::StringRef InstructionClassName(InstructionClass kind);

llvm::StringRef MatrixKindName(MatrixKind kind);

// X(enumerator, stable name). Bytes that moved, each way by its own name.
#define ATTNJIT_TRAFFIC_KINDS(X)                                                                \
  X(kGlobalLoad, "global-load") /* Generic proxy. */                                            \
  X(kGlobalStore, "global-store")                                                               \
  X(kGlobalAtomic, "global-atomic")                                                             \
  X(kLocalLoad, "local-load")                                                                   \
  X(kLocalStore, "local-store")                                                                 \
  X(kSharedLoad, "shared-load") /* Generic proxy, also ldmatrix. */                             \
  X(kSharedStore, "shared-store")                                                               \
  X(kSharedAtomic, "shared-atomic")                                                             \
  X(kRemoteShared, "shared-remote") /* Generic proxy, of another CTA of the cluster. */         \
  X(kCpAsyncToShared, "cp-async-to-shared")                                                     \
  X(kBulkToShared, "bulk-to-shared")     /* Async proxy: TMA loads; multicast counts each. */   \
  X(kBulkFromGlobal, "bulk-from-global") /* What those read from L2, multicast counted once. */ \
  X(kBulkToGlobal, "bulk-to-global")     /* Async proxy: TMA stores and reductions. */          \
  X(kMatrixFromShared, "matrix-from-shared") /* Operands of wgmma and tcgen05. */               \
  X(kMatrixFromTensor, "matrix-from-tensor") /* A operands in tensor memory. */                 \
  X(kTensorLoad, "tensor-load")              /* tcgen05.ld. */                                  \
  X(kTensorStore, "tensor-store")            /* tcgen05.st and cp. */

enum class Traffic : uint8_t {
#define ATTNJIT_TRAFFIC_KIND(id, name) id,
  ATTNJIT_TRAFFIC_KINDS(ATTNJIT_TRAFFIC_KIND)
#undef ATTNJIT_TRAFFIC_KIND
};
inline constexpr size_t kTrafficKinds = static_cast<size_t>(Traffic::kTensorStore) + 1;
llvm::StringRef TrafficName(Traffic traffic);

/// Plain sums; one for each OS thread, merged when the launch ends.
struct Counters {
  std::array<uint64_t, kInstructionClasses> warp_instructions{};
  std::array<uint64_t, kInstructionClasses> thread_instructions{};  ///< By active lanes.
  std::array<uint64_t, kMatrixKinds> matrix_flops{};                ///< 2 m n k, dense.
  std::array<uint64_t, kTrafficKinds> bytes{};
  uint64_t shared_wavefronts = 0;      ///< Passes that generic shared accesses took.
  uint64_t shared_min_wavefronts = 0;  ///< What they would take without bank conflicts.
  uint64_t barrier_waits = 0;          ///< Barrier and cluster barrier waits by warps.
  uint64_t mbarrier_waits = 0;         ///< Successful waits by warps.
  uint64_t ctas = 0;
  uint64_t clusters = 0;

  void AddInstruction(InstructionClass kind, uint32_t lanes) {
    ++warp_instructions[static_cast<size_t>(kind)];
    thread_instructions[static_cast<size_t>(kind)] +=
        static_cast<uint64_t>(__builtin_popcount(lanes));
  }
  void AddBytes(Traffic traffic, uint64_t n) { bytes[static_cast<size_t>(traffic)] += n; }
  void AddMatrix(MatrixKind kind, uint64_t m, uint64_t n, uint64_t k) {
    matrix_flops[static_cast<size_t>(kind)] += 2 * m * n * k;
  }
  /// Counts the wavefronts of one generic shared access of a warp (see SharedWavefronts).
  void AddSharedAccess(const uint64_t* addresses, uint32_t lanes, uint32_t bytes);

  uint64_t operator[](InstructionClass kind) const {
    return warp_instructions[static_cast<size_t>(kind)];
  }
  uint64_t operator[](Traffic traffic) const { return bytes[static_cast<size_t>(traffic)]; }
  uint64_t operator[](MatrixKind kind) const { return matrix_flops[static_cast<size_t>(kind)]; }
  uint64_t bank_conflicts() const { return shared_wavefronts - shared_min_wavefronts; }

  void Merge(const Counters& other);
  /// One object with every counter by its stable name.
  std::string ToJson() const;
};

struct Wavefronts {
  uint32_t actual = 0;
  uint32_t minimum = 0;
};

/// Passes that a warp's access takes through 32 banks of 4 bytes: lanes that use different words of
/// one bank take one pass each, equal words are one. Accesses of 8 bytes go by half warps, of 16
/// bytes by quarter warps (CUDA programming guide, shared memory of compute capability 5.x and up).
/// The minimum is that of its distinct words spread evenly over the banks, in whole such parts.
/// `addresses` holds 32 byte addresses; only those of `lanes` are read.
Wavefronts SharedWavefronts(const uint64_t* addresses, uint32_t lanes, uint32_t bytes);

/// Cycles of one SM that one resource needs for what was counted, if it did nothing else.
struct ResourceCost {
  std::string resource;  ///< "matrix-f16", "special", "fp32", "shared", "issue", ...
  double cycles = 0;
  std::string detail;  ///< What was divided by what.
};

/// Cost of each resource, most cycles first; those with no work are left out.
std::vector<ResourceCost> ResourceCosts(const Counters& counters, const SmRates& rates);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_COUNTERS_H_
