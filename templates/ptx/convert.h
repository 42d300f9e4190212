// Conversions between f32 and the 16-bit elements, two elements to a register.
#pragma once

#include "problem.h"
#include "types.h"

namespace attnjit {

/// Two elements, rounded to nearest even: `lo` in bits 0-15. PTX ISA 9.7.9.21 "cvt": the first
/// source of cvt.*x2 is the upper half.
template <Element kElement>
ATTNJIT_DEVICE u32 Pack(float lo, float hi) {
  u32 packed;
  if constexpr (kElement == Element::kBf16) {
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(hi), "f"(lo));
  } else {
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(hi), "f"(lo));
  }
  return packed;
}

/// The element in bits 0-15 of `packed` as f32, exactly.
template <Element kElement>
ATTNJIT_DEVICE float UnpackLo(u32 packed) {
  if constexpr (kElement == Element::kBf16) {
    return __uint_as_float(packed << 16);
  } else {
    float value;
    asm("{ .reg .b16 lo, hi; mov.b32 {lo, hi}, %1; cvt.f32.f16 %0, lo; }"
        : "=f"(value)
        : "r"(packed));
    return value;
  }
}

/// The element in bits 16-31 of `packed` as f32, exactly.
template <Element kElement>
ATTNJIT_DEVICE float UnpackHi(u32 packed) {
  if constexpr (kElement == Element::kBf16) {
    return __uint_as_float(packed & 0xffff0000u);
  } else {
    float value;
    asm("{ .reg .b16 lo, hi; mov.b32 {lo, hi}, %1; cvt.f32.f16 %0, hi; }"
        : "=f"(value)
        : "r"(packed));
    return value;
  }
}

/// Adds 0 * x to both halves of `poison`, which starts as 0: it stays 0 while every x is finite and
/// turns into NaN at the first Inf or NaN. PTX ISA 9.7.4.4 "fma" (half precision).
template <Element kElement>
ATTNJIT_DEVICE u32 AddPoison(u32 packed, u32 poison) {
  u32 result;
  if constexpr (kElement == Element::kBf16) {
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(packed), "r"(0u), "r"(poison));
  } else {
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(result) : "r"(packed), "r"(0u), "r"(poison));
  }
  return result;
}

/// Bits 15 and 31 tell which of two numbers is Inf or NaN; the others mean nothing. These have all
/// exponent bits set: adding the lowest of them carries into the sign's place.
template <Element kElement>
ATTNJIT_DEVICE u32 NonFiniteBits(u32 packed) {
  constexpr u32 kExponents = kElement == Element::kBf16 ? 0x7f807f80u : 0x7c007c00u;
  constexpr u32 kLowest = kElement == Element::kBf16 ? 0x00800080u : 0x04000400u;
  return (packed & kExponents) + kLowest;
}

/// `packed` with Inf and NaN replaced by 0.
template <Element kElement>
ATTNJIT_DEVICE u32 ZeroNonFinite(u32 packed) {
  const u32 bad = NonFiniteBits<kElement>(packed) >> 15 & 0x00010001u;
  return packed & ~(bad * 0xffffu);
}

}  // namespace attnjit
