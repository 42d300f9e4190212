// S = Q K^T for one block of keys, and its mask.
#pragma once

#include "common/mask.h"
#include "common/softmax.h"
#include "mma/shape.h"
#include "ptx/ldmatrix.h"
#include "ptx/mma.h"
#include "ptx/opaque.h"

namespace attnjit {

/// The warp's S: fragment d of mma (ptx/mma.h) for each row tile and n8 tile of keys.
template <MmaPlan kPlan>
using Scores = float[Shape<kPlan>::kRowTiles][Shape<kPlan>::kSTiles][4];

/// The warp's Q: from shared memory when asked for, or kept in registers.
template <MmaPlan kPlan>
class QFragments {
  using S = Shape<kPlan>;
  static constexpr int kKept = kPlan.q_in_registers ? S::kQkSteps : 1;

 public:
  using Step = u32[S::kRowTiles][4];

  /// `q_tile`: shared address of the Q tile, which is complete.
  ATTNJIT_DEVICE QFragments(u32 q_tile, u32 thread)
      : q_tile_(q_tile), thread_(thread), lane_(ThreadLane(thread)) {
    if constexpr (kPlan.q_in_registers) {
#pragma unroll
      for (int k = 0; k < S::kQkSteps; ++k) Read(k, kept_[k]);
    }
  }

  /// Call before a step's reads.
  ATTNJIT_DEVICE void StartStep() { lane_ = ThreadLane(Recomputed(thread_)); }

  /// Fragment a of each row tile for k16 step `k`.
  ATTNJIT_DEVICE Step& operator[](int k) {
    if constexpr (kPlan.q_in_registers) {
      return kept_[k];
    } else {
      Read(k, kept_[0]);
      return kept_[0];
    }
  }

 private:
  ATTNJIT_DEVICE void Read(int k, Step& step) const {
#pragma unroll
    for (int m = 0; m < S::kRowTiles; ++m)
      LoadMatrix4(step[m], q_tile_ + lane_.Offset(16 * m, 2 * k));
  }

  /// Of the warp's first fragment.
  ATTNJIT_DEVICE static LaneAddress<typename S::QkTile> ThreadLane(u32 thread) {
    auto lane = QLane<typename S::QkTile>(thread % 32);
    lane.row_bytes += thread / 32 * S::kWarpRows * S::QkTile::kRowBytes;
    return lane;
  }

  u32 q_tile_;
  u32 thread_;
  LaneAddress<typename S::QkTile> lane_;
  Step kept_[kKept];
};

/// s = Q K^T with the K tile at shared address `k_tile`.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void MultiplyQk(Scores<kPlan>& s, QFragments<kPlan>& q, u32 k_tile, u32 lane) {
  using S = Shape<kPlan>;
  const auto k_lane = KLane<typename S::QkTile>(Recomputed(lane));
  q.StartStep();
#pragma unroll
  for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
    for (int n = 0; n < S::kSTiles; ++n) {
#pragma unroll
      for (int r = 0; r < 4; ++r) s[m][n][r] = 0;
    }
  }
#pragma unroll
  for (int k = 0; k < S::kQkSteps; ++k) {
    auto& q_step = q[k];
#pragma unroll
    for (int n = 0; n < S::kSTiles; n += 2) {
      u32 keys[4];
      LoadMatrix4(keys, k_tile + k_lane.Offset(8 * n, 2 * k));
#pragma unroll
      for (int m = 0; m < S::kRowTiles; ++m) {
        Mma16x8x16<S::kProblem.element>(s[m][n], q_step[m], keys[0], keys[1]);
        Mma16x8x16<S::kProblem.element>(s[m][n + 1], q_step[m], keys[2], keys[3]);
      }
    }
  }
}

/// Sets what a row does not see to -inf. `first_row`, `first_column`: of the thread's fragments, in
/// the sequence.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void MaskScores(Scores<kPlan>& s, const Mask<kPlan.problem>& mask, i32 first_row,
                               i32 first_column) {
  using S = Shape<kPlan>;
#pragma unroll
  for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const Interval visible = mask.Visible(first_row + 16 * m + 8 * half);
      const i32 begin = visible.begin - first_column;
      const i32 end = visible.end - first_column;
#pragma unroll
      for (int n = 0; n < S::kSTiles; ++n) {
#pragma unroll
        for (int e = 0; e < 2; ++e) {
          const bool seen =
              (!S::kMaskBegin || 8 * n + e >= begin) && (!S::kMaskEnd || 8 * n + e < end);
          if (!seen) s[m][n][2 * half + e] = kNegInf;
        }
      }
    }
  }
}

}  // namespace attnjit
