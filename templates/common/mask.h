// Which columns (keys) a row (query) sees, and which K/V blocks a tile of rows visits.
//
// The columns that one row sees are an interval, and both of its ends grow with the row:
//
//   columns ->               begin      full_begin        full_end      end
//   first row of the tile    |=============|=================|
//   ...                         |==========|=================|===|
//   last row of the tile             |=====|=================|=========|
//                            boundary      every row sees    boundary
//
// Blocks in [full_begin, full_end) need no mask arithmetic, those in [begin, full_begin) and in
// [full_end, end) do, and no others are visited.
//
// All of it is plain integer arithmetic on i32: seqlen_q + seqlen_kv must stay below 2^31 - 1024.
#pragma once

#include "params.h"
#include "problem.h"

namespace attnjit {

/// Columns or blocks `begin` .. `end - 1`; none where end <= begin.
struct Interval {
  i32 begin;
  i32 end;
};

/// The K/V blocks of one tile of rows; begin <= full_begin <= full_end <= end.
struct BlockRange {
  i32 begin;
  i32 full_begin;
  i32 full_end;
  i32 end;

  ATTNJIT_HOST_DEVICE bool empty() const { return end <= begin; }
  /// True where some row of the tile does not see every column of `block`.
  ATTNJIT_HOST_DEVICE bool IsBoundary(i32 block) const {
    return block < full_begin || block >= full_end;
  }
};

/// The mask of one sequence. Row i sees columns max(0, i + shift_begin) up to, but not including,
/// min(seqlen_kv, i + shift_end).
template <Problem kProblem>
struct Mask {
  i32 seqlen_kv;
  i32 shift_begin;  ///< Read where the left bound is not kNone.
  i32 shift_end;    ///< Read where the right bound is not kNone.

  ATTNJIT_HOST_DEVICE Mask(const ForwardParams& params, i32 seqlen_q, i32 seqlen_kv_in)
      : seqlen_kv(seqlen_kv_in), shift_begin(0), shift_end(0) {
    const i32 diagonal = kProblem.diagonal == Diagonal::kBottomRight ? seqlen_kv_in - seqlen_q : 0;
    // Clamped where a wider window would show nothing more, so that i + shift cannot overflow.
    if constexpr (kProblem.left != Bound::kNone) {
      const i64 left = kProblem.left == Bound::kRuntime ? params.window_left : 0;
      const i64 shift = diagonal - left;
      shift_begin = static_cast<i32>(shift < -i64{seqlen_q} ? -i64{seqlen_q} : shift);
    }
    if constexpr (kProblem.right != Bound::kNone) {
      const i64 right = kProblem.right == Bound::kRuntime ? params.window_right : 0;
      const i64 shift = diagonal + right + 1;
      shift_end = static_cast<i32>(shift > seqlen_kv_in ? seqlen_kv_in : shift);
    }
  }

  /// The columns that `row` sees: within [0, seqlen_kv], end < begin possible for none.
  ATTNJIT_HOST_DEVICE Interval Visible(i32 row) const {
    Interval columns{0, seqlen_kv};
    if constexpr (kProblem.left != Bound::kNone) columns.begin = Max(0, row + shift_begin);
    if constexpr (kProblem.right != Bound::kNone) {
      columns.end = Max(0, Min(seqlen_kv, row + shift_end));
    }
    return columns;
  }

  /// The blocks of kTileN columns for rows row_begin .. row_end - 1; row_begin < row_end, and
  /// row_end at most seqlen_q.
  template <int kTileN>
  ATTNJIT_HOST_DEVICE BlockRange Blocks(i32 row_begin, i32 row_end) const {
    const Interval first = Visible(row_begin);
    const Interval last = Visible(row_end - 1);
    BlockRange blocks;
    blocks.begin = first.begin / kTileN;
    blocks.end = last.end > first.begin ? CeilDiv(last.end, kTileN) : blocks.begin;
    blocks.full_begin = Min(CeilDiv(last.begin, kTileN), blocks.end);
    blocks.full_end = Max(Min(first.end / kTileN, blocks.end), blocks.full_begin);
    return blocks;
  }
};

}  // namespace attnjit
