// Inline assembly of sm_100a: tcgen05 and packed arithmetic.
extern "C" __global__ void __cluster_dims__(2, 1, 1)
    torture(float* out, unsigned long long a, unsigned long long b, unsigned description) {
  extern __shared__ __align__(1024) char memory[];
  const unsigned s = static_cast<unsigned>(__cvta_generic_to_shared(memory));
  asm volatile(
      "tcgen05.alloc.cta_group::2.sync.aligned.shared::cta.b32 [%0], 128; "
      "tcgen05.relinquish_alloc_permit.cta_group::2.sync.aligned;" ::"r"(s));
  const unsigned t = *reinterpret_cast<unsigned*>(memory);
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %4, 0;\ntcgen05.mma.cta_group::2.kind::f16 [%0], %1, %2, "
      "%3, {%5,%5,%5,%5,%5,%5,%5,%5}, p;\n}" ::"r"(t),
      "l"(a), "l"(b), "r"(description), "r"(1), "r"(0));
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.b32 p, %4, 0;\ntcgen05.mma.cta_group::2.kind::f8f6f4 [%0], [%1], "
      "%2, %3, p;\n}" ::"r"(t),
      "r"(t + 64), "l"(b), "r"(description), "r"(1));
  asm volatile(
      "tcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.multicast::cluster.b64 "
      "[%0], %1;" ::"r"(s),
      "h"(short{3}));
  unsigned r[4];
  asm volatile("tcgen05.fence::before_thread_sync; tcgen05.fence::after_thread_sync;");
  asm volatile(
      "tcgen05.ld.sync.aligned.32x32b.x4.b32 {%0,%1,%2,%3}, [%4]; tcgen05.wait::ld.sync.aligned;"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
      : "r"(t));
  asm volatile("tcgen05.ld.sync.aligned.16x32bx2.x2.b32 {%0,%1}, [%2], 4;"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(t));
  unsigned long long x;
  float f;
  asm volatile("fma.rn.ftz.f32x2 %0, %1, %2, %1;" : "=l"(x) : "l"(a), "l"(b));
  asm volatile("add.rn.f32 %0, %1, 0f3F800000;" : "=f"(f) : "f"(out[1]));
  asm volatile("tcgen05.dealloc.cta_group::2.sync.aligned.b32 %0, 128;" ::"r"(t));
  out[0] = r[0] + r[1] + r[2] + r[3] + x + f;
}
