// 2^x on the FMA units, for pairs: a share of a row's exponentials that the exponential unit need
// not compute (FlashAttention-4's idea; Cody and Waite's reduction).
//
// x = n + f with n = floor(x), 0 <= f < 1: adding 1.5 * 2^23, rounded down, leaves n in the low
// bits. A polynomial gives 2^f in [1, 2], and n goes to its exponent by an integer addition.
// docs/numerics.md has the errors.
#pragma once

#include "ptx/packed.h"

namespace attnjit::sm100 {

/// The coefficient of x^i of the polynomial of degree kDegree whose largest relative error to 2^x
/// over [0, 1) is least, with 1 at 0: then 2^n is exact, and 2^-inf 0.
template <int kDegree>
ATTNJIT_HOST_DEVICE constexpr float Exp2Coefficient(int i) {
  static_assert(kDegree >= 3 && kDegree <= 5);
  if constexpr (kDegree == 3) {
    const float of[] = {1.0f, 0.695116758f, 0.227644995f, 0.0770670399f};
    return of[i];
  } else if constexpr (kDegree == 4) {
    const float of[] = {1.0f, 0.693044841f, 0.241280198f, 0.0522424728f, 0.0134266838f};
    return of[i];
  } else {
    const float of[] = {1.0f,          0.693151295f,   0.240164444f,
                        0.0557999127f, 0.00901703071f, 0.00186713005f};
    return of[i];
  }
}

/// 2^x for x <= 127; what is below -127 gives 0, and NaN anything.
template <int kDegree>
ATTNJIT_DEVICE FloatPair SoftExp2(FloatPair x) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: its last bit is worth 1.
  float lo, hi;
  Split(x, lo, hi);
  x = MakePair(fmaxf(lo, -127.0f), fmaxf(hi, -127.0f));
  const FloatPair shifted = AddDown(x, MakePair(kRound, kRound));
  const FloatPair n = Add(shifted, MakePair(-kRound, -kRound));
  const FloatPair f = Fma(n, MakePair(-1.0f, -1.0f), x);
  const auto coefficient = [](int i) {
    return MakePair(Exp2Coefficient<kDegree>(i), Exp2Coefficient<kDegree>(i));
  };
  FloatPair power = coefficient(kDegree);
#pragma unroll
  for (int i = kDegree - 1; i >= 0; --i) power = Fma(power, f, coefficient(i));
  float n_lo, n_hi;
  Split(shifted, n_lo, n_hi);
  Split(power, lo, hi);
  return MakePair(__uint_as_float(__float_as_uint(lo) + (__float_as_uint(n_lo) << 23)),
                  __uint_as_float(__float_as_uint(hi) + (__float_as_uint(n_hi) << 23)));
}

}  // namespace attnjit::sm100
