// Work divided by a GPU's rates: cycles of one SM on each resource, and what bounds a tile.
#ifndef ATTNJIT_GENERATOR_MODEL_BALANCE_H_
#define ATTNJIT_GENERATOR_MODEL_BALANCE_H_

#include <vector>

#include "generator/model/gpu.h"
#include "generator/model/work.h"

namespace attnjit {

/// What one SM of a GPU does in a clock of each resource (of L2 and memory: its share); 0: not
/// known, or there is none. `mma_sync`: the matrix rate is that of mma.sync.
Amounts RatesOf(const GpuInfo& gpu, bool mma_sync);

/// Cycles that each resource is busy with `work`; 0 where the rate is not known.
Amounts CyclesOf(const Amounts& work, const Amounts& rates);

/// The resource with the most cycles. Memory and L2 are left out: what comes from where only a
/// problem as a whole shows, and the fit is better without the inferred rates of L2
/// (docs/model.md).
Resource BottleneckOf(const Amounts& cycles);

/// What the time of overlapping work is made of. Fitted to candidates measured on an H200
/// (docs/model.md); nothing else in the model is.
struct OverlapFit {
  /// Resources busy c1, c2, .. cycles at the same time take (c1^p + c2^p + ..)^(1/p): the longest
  /// alone for large p, their sum for 1.
  double power = 4.8;
  double memory_power = 2.3;  ///< The same of an SM's work against memory traffic.
  /// Warp-instructions issued for each one that is counted: addresses, moves, waits.
  double issue = 1.9;
  double block_cycles = 460;        ///< Waits in a block that one set of warps cannot hide.
  double tile_cycles = 1100;        ///< A tile's start and end beside other tiles.
  double guard_byte_cycles = 0.08;  ///< Of TileWork::guard_bytes: consumers wait for the guards.
};
inline constexpr OverlapFit kOverlapFit;

/// Cycles of an SM from one block to the next where `resident` thread blocks are on it.
double StepCycles(const TileWork& work, const Amounts& rates, int resident);

/// One tile of a plan on one GPU.
struct Balance {
  const GpuInfo* gpu = nullptr;
  TileWork work;
  Amounts rates;
  Amounts block;     ///< Cycles of each resource.
  Amounts boundary;  ///< More of them for a boundary block.
  Amounts tile;
  Resource bottleneck = Resource::kMatrix;  ///< Of a block.
  double step_cycles = 0;                   ///< StepCycles.
};
Balance BalanceOf(const KernelPlan& plan, const GpuInfo& gpu);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_MODEL_BALANCE_H_
