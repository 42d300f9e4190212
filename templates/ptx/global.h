// Global memory that CTAs of one launch share (PTX ISA 9.7.9.8 "ld", 9.7.13.5 "atom", 8 "memory
// consistency model").
#pragma once

#include "types.h"

namespace attnjit {

// Loads that stay in their place: behind the barrier that makes other CTAs' writes visible.
ATTNJIT_DEVICE float2 LoadGlobal8(const float* address) {
  float2 v;
  asm volatile("ld.global.v2.f32 {%0, %1}, [%2];\n"
               : "=f"(v.x), "=f"(v.y)
               : "l"(address)
               : "memory");
  return v;
}
ATTNJIT_DEVICE float4 LoadGlobal16(const float* address) {
  float4 v;
  asm volatile("ld.global.v4.f32 {%0, %1, %2, %3}, [%4];\n"
               : "=f"(v.x), "=f"(v.y), "=f"(v.z), "=f"(v.w)
               : "l"(address)
               : "memory");
  return v;
}

ATTNJIT_DEVICE u32 LoadGlobal4(const u32* address) {
  u32 v;
  asm volatile("ld.volatile.global.u32 %0, [%1];\n" : "=r"(v) : "l"(address) : "memory");
  return v;
}
ATTNJIT_DEVICE void StoreGlobal4(u32* address, u32 v) {
  asm volatile("st.volatile.global.u32 [%0], %1;\n" ::"l"(address), "r"(v) : "memory");
}

/// Counts up, and from `last` back to 0; returns the count before. Writes that this thread made or
/// saw happen before what a thread does that counts later, on any SM of the GPU.
ATTNJIT_DEVICE u32 CountRound(u32* counter, u32 last) {
  u32 before;
  asm volatile("atom.acq_rel.gpu.global.inc.u32 %0, [%1], %2;\n"
               : "=r"(before)
               : "l"(counter), "r"(last)
               : "memory");
  return before;
}

}  // namespace attnjit
