// Pairs of f32 in one 64-bit register, for instructions that work on both (sm_100a and up).
#pragma once

#include "types.h"

namespace attnjit {

struct FloatPair {
  u64 bits;  ///< x in bits 0-31.
};

ATTNJIT_DEVICE FloatPair MakePair(float x, float y) {
  FloatPair pair;
  asm("mov.b64 %0, {%1, %2};" : "=l"(pair.bits) : "f"(x), "f"(y));
  return pair;
}
ATTNJIT_DEVICE void Split(FloatPair pair, float& x, float& y) {
  asm("mov.b64 {%0, %1}, %2;" : "=f"(x), "=f"(y) : "l"(pair.bits));
}

/// a * b + c, rounded once. PTX ISA 9.7.3.6 "fma".
ATTNJIT_DEVICE FloatPair Fma(FloatPair a, FloatPair b, FloatPair c) {
  FloatPair d;
  asm("fma.rn.f32x2 %0, %1, %2, %3;" : "=l"(d.bits) : "l"(a.bits), "l"(b.bits), "l"(c.bits));
  return d;
}
/// PTX ISA 9.7.3.3 "add".
ATTNJIT_DEVICE FloatPair Add(FloatPair a, FloatPair b) {
  FloatPair d;
  asm("add.rn.f32x2 %0, %1, %2;" : "=l"(d.bits) : "l"(a.bits), "l"(b.bits));
  return d;
}
/// a + b, rounded towards minus infinity.
ATTNJIT_DEVICE FloatPair AddDown(FloatPair a, FloatPair b) {
  FloatPair d;
  asm("add.rm.f32x2 %0, %1, %2;" : "=l"(d.bits) : "l"(a.bits), "l"(b.bits));
  return d;
}
/// PTX ISA 9.7.3.5 "mul".
ATTNJIT_DEVICE FloatPair Multiply(FloatPair a, FloatPair b) {
  FloatPair d;
  asm("mul.rn.f32x2 %0, %1, %2;" : "=l"(d.bits) : "l"(a.bits), "l"(b.bits));
  return d;
}

/// The largest of three; NaN where one is. PTX ISA 9.7.3.12 "max", sm_100 and up.
ATTNJIT_DEVICE float MaxOrNan(float a, float b, float c) {
  float d;
  asm("max.NaN.f32 %0, %1, %2, %3;" : "=f"(d) : "f"(a), "f"(b), "f"(c));
  return d;
}

}  // namespace attnjit
