// Mask, maximum and exponentials of one row, which one thread has whole.
//
// The algebra is common/softmax.h's, with two differences. A row's maximum may lag behind by
// plan.rescale_threshold log2 units, since 16-bit P and f32 sums bear 2^threshold as well as 1. And
// a visible NaN or infinity makes the whole row NaN through its maximum, as the software
// exponential cannot pass NaN on.
#pragma once

#include "common/mask.h"
#include "common/softmax.h"
#include "ptx/convert.h"
#include "ptx/packed.h"
#include "sm100/plan.h"
#include "sm100/soft_exp.h"

namespace attnjit::sm100 {

/// Sets what `row` does not see of the block from `column` on to -inf.
template <Problem kProblem, int kCount>
ATTNJIT_DEVICE void ApplyMask(u32 (&s)[kCount], const Mask<kProblem>& mask, i32 row, i32 column) {
  const Interval visible = mask.Visible(row);
  const i32 begin = visible.begin - column;
  const i32 end = visible.end - column;
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    if constexpr (kProblem.left == Bound::kNone) {
      if (i >= end) s[i] = __float_as_uint(kNegInf);
    } else {
      if (i >= end || i < begin) s[i] = __float_as_uint(kNegInf);
    }
  }
}

/// The largest score, or NaN. Four partial results keep the chains short.
template <int kCount>
ATTNJIT_DEVICE float LargestScore(const u32 (&s)[kCount]) {
  static_assert(kCount % 8 == 0);
  float largest[4];
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    largest[i] = MaxOrNan(__uint_as_float(s[2 * i]), __uint_as_float(s[2 * i + 1]), kNegInf);
  }
#pragma unroll
  for (int i = 8; i < kCount; i += 2) {
    float& to = largest[i / 2 % 4];
    to = MaxOrNan(to, __uint_as_float(s[i]), __uint_as_float(s[i + 1]));
  }
  return MaxOrNan(MaxOrNan(largest[0], largest[1], largest[2]), largest[3], kNegInf);
}

/// The maximum that the block's exponentials are taken relative to.
template <int kThreshold>
ATTNJIT_DEVICE float NextMax(float max, float largest_score, float scale_log2) {
  const float raised = MaxOrNan(max, largest_score * scale_log2, kNegInf);
  if constexpr (kThreshold == 0) return raised;
  return raised - max <= static_cast<float>(kThreshold) ? max : raised;
}

/// A row's sum as two pairs, for short chains.
struct RowSum {
  FloatPair parts[2] = {{0}, {0}};

  ATTNJIT_DEVICE void Scale(float factor) {
    const FloatPair pair = MakePair(factor, factor);
    parts[0] = Multiply(parts[0], pair);
    parts[1] = Multiply(parts[1], pair);
  }
  ATTNJIT_DEVICE float Total() const {
    float x, y;
    Split(Add(parts[0], parts[1]), x, y);
    return x + y;
  }
};

/// P of 32 scores from `first` on, of which the last exp_share are computed in software.
/// `scale` and `minus_max` hold the same number twice.
template <Sm100Plan kP>
ATTNJIT_DEVICE void Exponentials(const u32 (&s)[kP.tile_n], int first, FloatPair scale,
                                 FloatPair minus_max, u32 (&p)[16], RowSum& sum) {
#pragma unroll
  for (int i = 0; i < 16; ++i) {
    const FloatPair score = MakePair(__uint_as_float(s[first + 2 * i]),
                                     __uint_as_float(s[first + 2 * i + 1]));
    FloatPair e = Fma(score, scale, minus_max);
    float x, y;
    if (2 * i >= 32 - kP.exp_share) {
      e = SoftExp2<kP.exp_degree>(e);
      Split(e, x, y);
    } else {
      Split(e, x, y);
      x = Exp2(x);
      y = Exp2(y);
      e = MakePair(x, y);
    }
    p[i] = Pack<kP.problem.element>(x, y);
    sum.parts[i % 2] = Add(sum.parts[i % 2], e);
  }
}

}  // namespace attnjit::sm100
