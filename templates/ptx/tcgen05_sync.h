// Order of tensor memory's operations across threads (PTX ISA 9.7.16.6, 9.7.16.11, 9.7.16.12).
#pragma once

#include "types.h"

namespace attnjit {

/// Before this thread arrives at a barrier, after its tcgen05 operations.
ATTNJIT_DEVICE void TensorFenceBefore() {
  asm volatile("tcgen05.fence::before_thread_sync;\n" ::: "memory");
}
/// After this thread has waited at a barrier, before its tcgen05 operations.
ATTNJIT_DEVICE void TensorFenceAfter() {
  asm volatile("tcgen05.fence::after_thread_sync;\n" ::: "memory");
}

/// One arrival at `barrier` when all products that this thread has issued are complete; with
/// kGroup 2 at the barrier of the same place in both CTAs of the pair.
template <int kGroup>
ATTNJIT_DEVICE void TensorCommit(u32 barrier) {
  if constexpr (kGroup == 1) {
    asm volatile(
        "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%0];\n" ::"r"(
            barrier)
        : "memory");
  } else {
    asm volatile(
        "tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.multicast::cluster.b64 "
        "[%0], %1;\n" ::"r"(barrier),
        "h"(static_cast<u16>(3))
        : "memory");
  }
}

}  // namespace attnjit
