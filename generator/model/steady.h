// What a plan costs where lengths are not known: the planner compares its candidates by it.
#ifndef ATTNJIT_GENERATOR_MODEL_STEADY_H_
#define ATTNJIT_GENERATOR_MODEL_STEADY_H_

#include "generator/model/balance.h"

namespace attnjit {

/// Of a plan: what its tiles cover.
struct TileShape {
  int rows = 0;      ///< Query tokens of a tile.
  int columns = 0;   ///< Keys of a block.
  int resident = 1;  ///< Thread blocks on an SM.
  bool masked = false;
};

/// Keys that a tile sees where the planner knows no lengths: all of 4,096, or half of them.
inline constexpr double kSteadyKeys = 4096;

/// Predicted cycles of an SM for each key that a tile of a long problem sees, on average over where
/// blocks end: a diagonal crosses rows / columns + 1 blocks, half of which no row needs. Without a
/// mask a block's end is not counted, as lengths that are no multiple of it are not known.
double CyclesOfKey(const TileWork& work, const TileShape& shape, const GpuInfo& gpu);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_MODEL_STEADY_H_
