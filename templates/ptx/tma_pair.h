// Bulk tensor copies whose completion a CTA of the pair is told (PTX ISA 9.7.9.27.1.2, .cta_group).
#pragma once

#include "ptx/tma.h"

namespace attnjit {

/// TmaLoad into this CTA, with `barrier` in either CTA of the pair: an address in the cluster's
/// shared window.
ATTNJIT_DEVICE void TmaLoadPair(u32 smem, const TensorMap& map, u32 barrier, int column, int row,
                                int head, int batch) {
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".cta_group::2 [%0], [%1, {%3, %4, %5, %6}], [%2];\n" ::"r"(smem),
      "l"(&map), "r"(barrier), "r"(column), "r"(row), "r"(head), "r"(batch)
      : "memory");
}

}  // namespace attnjit
