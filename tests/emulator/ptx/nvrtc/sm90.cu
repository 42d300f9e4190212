// Inline assembly of sm_90a: wgmma, TMA, mbarriers, clusters.
struct alignas(64) TensorMap {
  char bytes[128];
};

extern "C" __global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1)
    torture(const __grid_constant__ TensorMap map, float* out, unsigned long long a,
            unsigned long long b) {
  extern __shared__ __align__(1024) char memory[];
  const unsigned s = static_cast<unsigned>(__cvta_generic_to_shared(memory));
  float d[8];
  for (int i = 0; i < 8; ++i) d[i] = out[i];
  asm volatile(
      "mbarrier.init.shared::cta.b64 [%0], 1;\nfence.mbarrier_init.release.cluster;\n"
      "fence.proxy.async.shared::cta;" ::"r"(s));
  asm volatile(
      "cp.async.bulk.tensor.4d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
      ".multicast::cluster.L2::cache_hint [%0], [%1, {%2,%3,%4,%5}], [%6], %7, %8;" ::"r"(s),
      "l"(&map), "r"(0), "r"(1), "r"(2), "r"(3), "r"(s + 8), "h"(short{3}), "l"(a)
      : "memory");
  asm volatile(
      "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%0, {%1,%2}], [%3]; "
      "cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;" ::"l"(&map),
      "r"(0), "r"(1), "r"(s)
      : "memory");
  asm volatile(
      "{\n.reg .pred P1;\nLAB_WAIT:\nmbarrier.try_wait.parity.shared::cta.b64 P1, [%0], %1, "
      "0x989680;\n@P1 bra DONE;\nbra LAB_WAIT;\nDONE:\n}" ::"r"(s),
      "r"(0));
  asm volatile("wgmma.fence.sync.aligned;");
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %10, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 {%0,%1,%2,%3,%4,%5,%6,%7}, %8, %9, p, "
      "1, -1, 0, 1;\n}"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]),
        "+f"(d[7])
      : "l"(a), "l"(b), "r"(1));
  asm volatile(
      "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n"
      "setmaxnreg.inc.sync.aligned.u32 240;" ::
          : "memory");
  unsigned elected, remote;
  asm volatile("{ .reg .pred P; elect.sync _|P, 0xffffffff; selp.u32 %0, 1, 0, P; }"
               : "=r"(elected));
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(s), "r"(1));
  asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(remote));
  asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;");
  asm volatile("prefetch.tensormap [%0]; griddepcontrol.wait;" ::"l"(&map));
  out[0] = d[0] + d[7] + elected;
}
