// What the CTAs of a cluster do to each other (PTX ISA 9.7.9.22 "mapa", 9.7.13.3, 9.7.13.15).
#pragma once

#include "types.h"

namespace attnjit {

ATTNJIT_DEVICE int ClusterRank() {
  u32 rank;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return static_cast<int>(rank);
}

/// The place in CTA `rank`'s shared memory that `smem` is in this CTA's, as an address in the
/// cluster's shared window.
ATTNJIT_DEVICE u32 InCta(u32 smem, int rank) {
  u32 mapped;
  asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(mapped) : "r"(smem), "r"(rank));
  return mapped;
}

/// Waits for all threads of the cluster; what they wrote is seen. All threads call it.
ATTNJIT_DEVICE void ClusterSync() {
  asm volatile(
      "barrier.cluster.arrive.release.aligned;\n"
      "barrier.cluster.wait.acquire.aligned;\n" ::
          : "memory");
}

// `barrier` and `address` are in the cluster's shared window: see InCta.
ATTNJIT_DEVICE void MbarrierArriveCluster(u32 barrier) {
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];\n" ::"r"(barrier)
               : "memory");
}
ATTNJIT_DEVICE void StoreCluster4(u32 address, u32 v) {
  asm volatile("st.shared::cluster.u32 [%0], %1;\n" ::"r"(address), "r"(v) : "memory");
}

/// Waits until the phase with this parity of a barrier of this CTA has completed, and sees what
/// those wrote who arrived from other CTAs.
ATTNJIT_DEVICE void MbarrierWaitCluster(u32 barrier, u32 parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "WAIT:\n"
      "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 done, [%0], %1;\n"
      "@done bra DONE;\n"
      "bra WAIT;\n"
      "DONE:\n"
      "}\n" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

}  // namespace attnjit
