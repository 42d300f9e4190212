// The constants that follow from a plan, and where a thread's fragments lie in the tile.
#pragma once

#include "common/mask.h"
#include "mma/plan.h"
#include "mma/smem_tile.h"
#include "mma/tile_copy.h"

namespace attnjit {

template <MmaPlan kPlan>
struct Shape {
  static constexpr Problem kProblem = kPlan.problem;
  static constexpr int kThreads = kPlan.threads();
  static constexpr int kWarpRows = kPlan.tile_m / kPlan.warps;
  static constexpr int kRowTiles = kWarpRows / 16;                ///< m16 tiles of a warp.
  static constexpr int kSTiles = kPlan.tile_n / 8;                ///< n8 tiles of S.
  static constexpr int kOTiles = kProblem.head_dim_v / 8;         ///< n8 tiles of O.
  static constexpr int kQkSteps = kPlan.head_dim_qk_padded / 16;  ///< k16 steps of S = Q K^T.
  static constexpr int kPvSteps = kPlan.tile_n / 16;              ///< k16 steps of O += P V.

  using QkTile = SmemTile<kPlan.head_dim_qk_padded / kChunkElements>;
  using VTile = SmemTile<kProblem.head_dim_v / kChunkElements>;
  using QCopy = TileCopy<QkTile, kPlan.tile_m, kProblem.head_dim_qk / kChunkElements, kThreads>;
  using KCopy = TileCopy<QkTile, kPlan.tile_n, kProblem.head_dim_qk / kChunkElements, kThreads>;
  using VCopy = TileCopy<VTile, kPlan.tile_n, kOTiles, kThreads>;

  static constexpr bool kMasked = kProblem.masked();
  /// Whether any block can need mask arithmetic, and at which ends of a row.
  static constexpr bool kMaskBegin = kProblem.left != Bound::kNone;
  static constexpr bool kMaskEnd = kProblem.right != Bound::kNone || kPlan.check_kv_rows;

  static_assert(kPlan.tile_m % (16 * kPlan.warps) == 0);
  static_assert(kPlan.tile_n % 16 == 0);
  static_assert(kPlan.stages == 1 || kPlan.stages == 2);
  static_assert(kPlan.head_dim_qk_padded == RoundUp(kProblem.head_dim_qk, 16));
  static_assert(kPlan.k_offset >= kPlan.q_offset + kPlan.q_bytes());
  static_assert(kPlan.v_offset >= kPlan.k_offset + kPlan.stages * kPlan.k_stage_bytes());
  static_assert(kPlan.state_offset >= kPlan.v_offset + kPlan.stages * kPlan.v_stage_bytes());
  static_assert(kPlan.state_offset >= kPlan.o_offset + kPlan.o_bytes());
  static_assert(kPlan.smem_bytes == kPlan.state_offset + MmaPlan::kStateBytes);
};

/// Query rows of a thread, in the order of its fragments: row `half` (0 or 1) of row tile m is
/// row 16 * m + 8 * half after the thread's first row; its columns are 8 * n + {0, 1} after the
/// thread's first column.
template <MmaPlan kPlan>
struct ThreadRows {
  template <class T>
  using Array = T[Shape<kPlan>::kRowTiles][2];

  ATTNJIT_DEVICE static i32 FirstRow(u32 thread) {
    return thread / 32 * Shape<kPlan>::kWarpRows + thread % 32 / 4;
  }
  ATTNJIT_DEVICE static i32 FirstColumn(u32 thread) { return thread % 4 * 2; }
};

}  // namespace attnjit
