// Online softmax of the warp's rows and O += P V, P staying in registers.
#pragma once

#include "common/softmax.h"
#include "mma/scores.h"
#include "mma/shape.h"
#include "ptx/convert.h"
#include "ptx/ldmatrix.h"
#include "ptx/mma.h"
#include "ptx/opaque.h"

namespace attnjit {

/// What a thread carries from block to block.
template <MmaPlan kPlan>
struct Accumulators {
  using S = Shape<kPlan>;

  float o[S::kRowTiles][S::kOTiles][4] = {};  ///< Fragment d, relative to 2^max.
  float max[S::kRowTiles][2];                 ///< The same in the four lanes of a row.
  float sum[S::kRowTiles][2] = {};            ///< Of this thread's columns.

  ATTNJIT_DEVICE Accumulators() {
#pragma unroll
    for (int m = 0; m < S::kRowTiles; ++m) max[m][0] = max[m][1] = kEmptyMax;
  }

  /// Takes the rows' largest scores into max; rescales sum and o where it moved.
  ATTNJIT_DEVICE void RaiseMax(const Scores<kPlan>& s, float scale_log2);

  /// o += P V, sum += P with the V tile at shared address `v_tile`; uses up `s`.
  ATTNJIT_DEVICE void MultiplyPv(const Scores<kPlan>& s, float scale_log2, u32 v_tile, u32 lane);
};

/// The value over the four lanes that share a row.
ATTNJIT_DEVICE float QuadMax(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
ATTNJIT_DEVICE float QuadSum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

template <MmaPlan kPlan>
ATTNJIT_DEVICE void Accumulators<kPlan>::RaiseMax(const Scores<kPlan>& s, float scale_log2) {
  float factor[S::kRowTiles][2];
  bool moved = false;
#pragma unroll
  for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float largest = kNegInf;
#pragma unroll
      for (int n = 0; n < S::kSTiles; ++n) {
        largest = fmaxf(largest, fmaxf(s[m][n][2 * half], s[m][n][2 * half + 1]));
      }
      float& row_max = max[m][half];
      const float old_max = row_max;
      row_max = LazyMax(old_max, RaisedMax(old_max, QuadMax(largest), scale_log2));
      factor[m][half] = RescaleFactor(old_max, row_max);
      moved |= row_max != old_max;
    }
  }
  if (!__any_sync(0xffffffffu, moved)) return;
#pragma unroll
  for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      sum[m][half] *= factor[m][half];
#pragma unroll
      for (int n = 0; n < S::kOTiles; ++n) {
        o[m][n][2 * half] *= factor[m][half];
        o[m][n][2 * half + 1] *= factor[m][half];
      }
    }
  }
}

template <MmaPlan kPlan>
ATTNJIT_DEVICE void Accumulators<kPlan>::MultiplyPv(const Scores<kPlan>& s, float scale_log2,
                                                    u32 v_tile, u32 lane) {
  const auto v_lane = VLane<typename S::VTile>(Recomputed(lane));
#pragma unroll
  for (int k = 0; k < S::kPvSteps; ++k) {
    // The probabilities of 16 keys at a time: their exponentials run under the previous products.
    u32 p[S::kRowTiles][4];
#pragma unroll
    for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        const int half = r % 2;
        const float* scores = &s[m][2 * k + r / 2][2 * half];
        const float lo = Probability(scores[0], scale_log2, max[m][half]);
        const float hi = Probability(scores[1], scale_log2, max[m][half]);
        sum[m][half] += lo + hi;
        p[m][r] = Pack<S::kProblem.element>(lo, hi);
      }
    }
#pragma unroll
    for (int n = 0; n + 1 < S::kOTiles; n += 2) {
      u32 values[4];
      LoadMatrix4Transposed(values, v_tile + v_lane.Offset(16 * k, n));
#pragma unroll
      for (int m = 0; m < S::kRowTiles; ++m) {
        Mma16x8x16<S::kProblem.element>(o[m][n], p[m], values[0], values[1]);
        Mma16x8x16<S::kProblem.element>(o[m][n + 1], p[m], values[2], values[3]);
      }
    }
    if constexpr (S::kOTiles % 2 == 1) {
      constexpr int kLast = S::kOTiles - 1;
      u32 values[2];
      LoadMatrix2Transposed(values, v_tile + v_lane.Offset(16 * k, kLast));
#pragma unroll
      for (int m = 0; m < S::kRowTiles; ++m) {
        Mma16x8x16<S::kProblem.element>(o[m][kLast], p[m], values[0], values[1]);
      }
    }
  }
}

}  // namespace attnjit
