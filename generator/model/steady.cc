#include "generator/model/steady.h"

namespace attnjit {

double CyclesOfKey(const TileWork& work, const TileShape& shape, const GpuInfo& gpu) {
  const OverlapFit& fit = kOverlapFit;
  const double step = StepCycles(work, RatesOf(gpu, work.mma_sync), shape.resident);
  const double keys = shape.masked ? kSteadyKeys / 2 : kSteadyKeys;
  const double crossed = shape.masked ? static_cast<double>(shape.rows) / shape.columns + 1 : 0;
  const double blocks = keys / shape.columns + crossed / 2;
  return (blocks * step + crossed * fit.guard_byte_cycles * work.guard_bytes + fit.tile_cycles) /
         keys;
}

}  // namespace attnjit
