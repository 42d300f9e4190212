// Plain loads and stores of shared memory by address (PTX ISA 9.7.9).
#pragma once

#include "types.h"

namespace attnjit {

ATTNJIT_DEVICE uint4 LoadShared16(u32 address) {
  uint4 v;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "r"(address)
               : "memory");
  return v;
}

ATTNJIT_DEVICE void StoreShared16(u32 address, uint4 v) {
  asm volatile("st.shared.v4.u32 [%0], {%1, %2, %3, %4};\n" ::"r"(address), "r"(v.x), "r"(v.y),
               "r"(v.z), "r"(v.w)
               : "memory");
}

ATTNJIT_DEVICE u32 LoadShared4(u32 address) {
  u32 v;
  asm volatile("ld.shared.u32 %0, [%1];\n" : "=r"(v) : "r"(address) : "memory");
  return v;
}

ATTNJIT_DEVICE void StoreShared4(u32 address, u32 v) {
  asm volatile("st.shared.u32 [%0], %1;\n" ::"r"(address), "r"(v) : "memory");
}

}  // namespace attnjit
