// Online softmax of one row, in base 2, free of lane layouts.
//
// With t = s * scale * log2(e), a row keeps the largest t seen so far and the sum of 2^(t - max)
// (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018). When a block raises
// max, sum and o shrink by RescaleFactor. At the end o is multiplied by OutputScale and the row's
// log-sum-exp is Lse.
//
//   scale_log2 = params.softmax_scale_log2   > 0: launches refuse others
//   max   = kEmptyMax                        at first
//   max'  = RaisedMax(max, largest s of the block, scale_log2)
//   sum   = sum * RescaleFactor(max, max') + ...;  o likewise
//   p     = Probability(s, scale_log2, max')
//
// A masked s is -inf and gives p = 0. A visible NaN is ignored by max and gives p = NaN, so it
// reaches sum and o.
#pragma once

#include "params.h"
#include "ptx/math.h"

namespace attnjit {

inline constexpr float kNegInf = __builtin_bit_cast(float, 0xff800000u);
/// max of a row that has seen nothing: finite, so that subtracting it never makes a NaN (-inf -
/// -inf), and no greater than any t but -inf.
inline constexpr float kEmptyMax = -3.40282347e+38f;
inline constexpr float kLn2 = 0.693147180559945309f;

ATTNJIT_DEVICE float RaisedMax(float max, float largest_score, float scale_log2) {
  return fmaxf(max, largest_score * scale_log2);
}

/// `raised`, or `max` while that is less than 2^8 behind: p then reaches 2^8 instead of 1, which
/// f32 sums and 16-bit p bear, and most blocks need no rescaling. Any max gives the same o and lse
/// but for rounding (FlashAttention-4's lazy rescaling).
ATTNJIT_DEVICE float LazyMax(float max, float raised) {
  return raised - max <= 8.0f ? max : raised;
}

ATTNJIT_DEVICE float RescaleFactor(float old_max, float max) { return Exp2(old_max - max); }

ATTNJIT_DEVICE float Probability(float score, float scale_log2, float max) {
  return Exp2(fmaf(score, scale_log2, -max));
}

/// 1 / sum; 0 for an empty row, whose o is 0.
ATTNJIT_DEVICE float OutputScale(float sum) { return sum == 0.0f ? 0.0f : Reciprocal(sum); }

/// ln sum_j exp(scale * s_j); -inf for an empty row, NaN where the sum is.
ATTNJIT_DEVICE float Lse(float max, float sum) {
  return sum == 0.0f ? kNegInf : (max + Log2(sum)) * kLn2;
}

}  // namespace attnjit
