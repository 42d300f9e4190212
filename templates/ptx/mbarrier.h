// mbarrier objects in shared memory (PTX ISA 9.7.13.15). Addresses are in the shared window.
#pragma once

#include "types.h"

namespace attnjit {

ATTNJIT_DEVICE void MbarrierInit(u32 barrier, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;\n" ::"r"(barrier), "r"(arrivals)
               : "memory");
}

/// Makes initialised barriers visible to the async proxy (PTX ISA 9.7.13.4, fence.mbarrier_init).
ATTNJIT_DEVICE void MbarrierInitFence() {
  asm volatile("fence.mbarrier_init.release.cluster;\n" ::: "memory");
}

/// Arrives once and adds `bytes` to the phase's pending transaction count.
ATTNJIT_DEVICE void MbarrierArriveExpect(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;\n" ::"r"(barrier), "r"(bytes)
               : "memory");
}

ATTNJIT_DEVICE void MbarrierArrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];\n" ::"r"(barrier) : "memory");
}

/// Waits until the phase with this parity has completed.
ATTNJIT_DEVICE void MbarrierWait(u32 barrier, u32 parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "WAIT:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@done bra DONE;\n"
      "bra WAIT;\n"
      "DONE:\n"
      "}\n" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

}  // namespace attnjit
