// Bulk tensor copies from global to shared memory (PTX ISA 9.7.9.27).
#pragma once

#include "types.h"

namespace attnjit {

/// A CUtensorMap: opaque, made by the driver, passed as a __grid_constant__ parameter.
struct alignas(64) TensorMap {
  u64 opaque[16];
};

ATTNJIT_DEVICE void PrefetchTensorMap(const TensorMap& map) {
  asm volatile("prefetch.tensormap [%0];\n" ::"l"(&map) : "memory");
}

/// Loads the box at (column, row, head, batch), or in whatever order the map has its dimensions,
/// into shared memory; elements outside of the tensor are zero. `barrier` receives the box's bytes.
/// One thread calls it.
ATTNJIT_DEVICE void TmaLoad(u32 smem, const TensorMap& map, u32 barrier, int column, int row,
                            int head, int batch) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      " [%0], [%1, {%3, %4, %5, %6}], [%2];\n" ::"r"(smem),
      "l"(&map), "r"(barrier), "r"(column), "r"(row), "r"(head), "r"(batch)
      : "memory");
}

/// Makes this thread's ordinary writes to shared memory visible to the async proxy (TMA, wgmma).
ATTNJIT_DEVICE void FenceProxyAsync() {
  asm volatile("fence.proxy.async.shared::cta;\n" ::: "memory");
}

}  // namespace attnjit
