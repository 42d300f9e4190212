// Mask and online softmax on the fragment of one warpgroup's S = Q K^T.
//
// Register i of a thread holds row Row(i) = 16*warp + lane/4 + 8*((i>>1)&1) and column
// 8*(i>>2) + 2*(lane%4) + (i&1) (ptx/wgmma.h), so each thread works on two rows, and four
// neighbouring lanes share them.
#pragma once

#include "common/mask.h"
#include "common/softmax.h"
#include "ptx/convert.h"

namespace attnjit::sm90 {

/// The running state of a thread's two rows; `sum` holds the thread's own columns only.
struct RowState {
  float max[2] = {kEmptyMax, kEmptyMax};
  float sum[2] = {0.0f, 0.0f};
};

ATTNJIT_DEVICE float QuadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffff, x, 2));
}
ATTNJIT_DEVICE float QuadSum(float x) {
  x += __shfl_xor_sync(0xffffffff, x, 1);
  return x + __shfl_xor_sync(0xffffffff, x, 2);
}

/// Sets what rows `row` and `row` + 8 of the warpgroup do not see to -inf; row r holds token
/// `first_token` + r / kPack. `column`: the block's first column.
template <int kPack, Problem kProblem, int kCount>
ATTNJIT_DEVICE void ApplyMask(float (&s)[kCount], const Mask<kProblem>& mask, i32 first_token,
                              i32 row, i32 column) {
  const i32 first = column + 2 * (threadIdx.x % 4);
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    const Interval visible = mask.Visible(first_token + (row + 8 * r) / kPack);
    const i32 begin = visible.begin - first;
    const i32 end = visible.end - first;
#pragma unroll
    for (int i = 2 * r; i < kCount; i += 4) {
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        const int offset = 2 * (i & ~3) + j;
        if constexpr (kProblem.left == Bound::kNone) {
          if (offset >= end) s[i + j] = kNegInf;
        } else {
          if (offset >= end || offset < begin) s[i + j] = kNegInf;
        }
      }
    }
  }
}

/// s -> p in place; raises the rows' state and gives what o shrinks by. Two partial results for
/// each row keep the chains of dependent instructions short.
template <int kCount>
ATTNJIT_DEVICE void SoftmaxStep(float (&s)[kCount], RowState& rows, float (&rescale)[2],
                                float scale_log2) {
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    float largest[2] = {s[2 * r], s[2 * r + 1]};
#pragma unroll
    for (int i = 2 * r + 4; i < kCount; i += 4) {
      largest[0] = fmaxf(largest[0], s[i]);
      largest[1] = fmaxf(largest[1], s[i + 1]);
    }
    const float old_max = rows.max[r];
    rows.max[r] = RaisedMax(old_max, QuadMax(fmaxf(largest[0], largest[1])), scale_log2);
    const float base = rows.max[r];
    rescale[r] = RescaleFactor(old_max, base);
    float sum[2] = {rows.sum[r] * rescale[r], 0.0f};
#pragma unroll
    for (int i = 2 * r; i < kCount; i += 4) {
      s[i] = Probability(s[i], scale_log2, base);
      s[i + 1] = Probability(s[i + 1], scale_log2, base);
      sum[0] += s[i];
      sum[1] += s[i + 1];
    }
    rows.sum[r] = sum[0] + sum[1];
  }
}

/// p as the A operand of the second product: k16 step i takes registers 4i .. 4i + 3.
template <Element kElement, int kCount>
ATTNJIT_DEVICE void PackP(const float (&s)[kCount], u32 (&p)[kCount / 2]) {
#pragma unroll
  for (int i = 0; i < kCount / 2; ++i) p[i] = Pack<kElement>(s[2 * i], s[2 * i + 1]);
}

template <int kCount>
ATTNJIT_DEVICE void RescaleO(float (&o)[kCount], const float (&rescale)[2]) {
#pragma unroll
  for (int i = 0; i < kCount; ++i) o[i] *= rescale[(i >> 1) & 1];
}

}  // namespace attnjit::sm90
