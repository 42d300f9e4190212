// Tensor memory of a CTA, by whole columns of 128 lanes x 32 bits (PTX ISA 9.7.16.7). kGroup: the
// CTAs that work together, 1 or 2, the same in all tcgen05 instructions of a kernel.
#pragma once

#include "types.h"

namespace attnjit {

/// Writes the address of `kColumns` columns (a power of two from 32 to 512) to shared memory at
/// `smem`. All lanes of one warp call it; with kGroup 2 one warp of each CTA.
template <int kGroup, int kColumns>
ATTNJIT_DEVICE void TensorAllocate(u32 smem) {
  asm volatile("tcgen05.alloc.cta_group::%1.sync.aligned.shared::cta.b32 [%0], %2;\n" ::"r"(smem),
               "n"(kGroup), "n"(kColumns)
               : "memory");
}

/// No allocation follows: other CTAs on the SM need not wait for one.
template <int kGroup>
ATTNJIT_DEVICE void TensorRelinquish() {
  asm volatile("tcgen05.relinquish_alloc_permit.cta_group::%0.sync.aligned;\n" ::"n"(kGroup));
}

template <int kGroup, int kColumns>
ATTNJIT_DEVICE void TensorFree(u32 tensor) {
  asm volatile("tcgen05.dealloc.cta_group::%1.sync.aligned.b32 %0, %2;\n" ::"r"(tensor),
               "n"(kGroup), "n"(kColumns)
               : "memory");
}

}  // namespace attnjit
