// Plain loads and stores of shared memory by address, and stmatrix (PTX ISA 9.7.9, 9.7.14.6).
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

ATTNJIT_DEVICE u32 LoadShared2(u32 address) {
  u16 v;
  asm volatile("ld.shared.u16 %0, [%1];\n" : "=h"(v) : "r"(address) : "memory");
  return v;
}

ATTNJIT_DEVICE void StoreShared2(u32 address, u32 v) {
  asm volatile("st.shared.u16 [%0], %1;\n" ::"r"(address), "h"(static_cast<u16>(v)) : "memory");
}

/// Stores 8x8 matrices of 16-bit elements. Lane l gives the address of row l % 8 of matrix l / 8;
/// its register i holds row l / 4, columns 2 * (l % 4) and the next, of matrix i.
ATTNJIT_DEVICE void StoreMatrix4(u32 address, u32 m0, u32 m1, u32 m2, u32 m3) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4};\n" ::"r"(address),
               "r"(m0), "r"(m1), "r"(m2), "r"(m3)
               : "memory");
}
/// As StoreMatrix4; lanes 0 .. 15 give the addresses.
ATTNJIT_DEVICE void StoreMatrix2(u32 address, u32 m0, u32 m1) {
  asm volatile("stmatrix.sync.aligned.m8n8.x2.shared.b16 [%0], {%1, %2};\n" ::"r"(address), "r"(m0),
               "r"(m1)
               : "memory");
}

}  // namespace attnjit
