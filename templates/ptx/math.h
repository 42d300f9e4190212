// Approximate functions of the special function unit, flushing subnormals.
#pragma once

#include "types.h"

namespace attnjit {

/// 2^x. Relative error 2^-22.5; 2^-inf = 0, NaN stays. PTX ISA 9.7.3.21 "ex2".
ATTNJIT_DEVICE float Exp2(float x) {
  float result;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

/// log2(x). Absolute error 2^-22 for x in [0.5, 2], else relative. PTX ISA 9.7.3.20 "lg2".
ATTNJIT_DEVICE float Log2(float x) {
  float result;
  asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

/// 1 / x. Error 1 ulp. PTX ISA 9.7.3.13 "rcp".
ATTNJIT_DEVICE float Reciprocal(float x) {
  float result;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(result) : "f"(x));
  return result;
}

}  // namespace attnjit
