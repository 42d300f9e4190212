// Pieces of a tile's K/V (common/split.h): what a warpgroup leaves behind of each, and how the
// block that finished the last one makes o and lse of them.
//
// A piece leaves o without its division by the sum, the largest t and the sum, in fp32. They are
// put together in the order of the pieces, whoever does it, so that equal inputs give equal bits.
//
// While loads keep the memory busy every answer from it takes microseconds, so consumers wait for
// none between pieces: they store, arrive at piece_full and go on. The thread that loads Q counts
// the piece; was it a tile's last, then the tile is owed. What a block owes it combines when its
// last piece is done. The owed tiles make a list: storage.Owed is its head, and a tile's counter,
// back at 0 and of no other use, holds the next. Entries are Tile::linear + 1, and 0 at the end.
#pragma once

#include "common/softmax.h"
#include "ptx/global.h"
#include "sm90/softmax.h"
#include "sm90/storage.h"
#include "sm90/store.h"

namespace attnjit::sm90 {

/// One warpgroup's rows of all pieces of its tile.
template <Sm90Plan kP>
class Partials {
 public:
  static constexpr int kColumns = kP.problem.head_dim_v;

  ATTNJIT_DEVICE Partials(const ForwardParams& params, const Tile& tile, int warpgroup)
      : params_(params),
        first_(static_cast<i64>(tile.index) * params.splits * params.partial_rows +
               warpgroup * kP.warpgroup_rows()) {}

  ATTNJIT_DEVICE float* O(int piece, int row) const {
    return params_.partial_o + Row(piece, row) * kColumns;
  }
  /// Two floats: the largest t, the sum of 2^(t - largest).
  ATTNJIT_DEVICE float* State(int piece, int row) const {
    return params_.partial_state + Row(piece, row) * 2;
  }

 private:
  ATTNJIT_DEVICE i64 Row(int piece, int row) const {
    return first_ + static_cast<i64>(piece) * params_.partial_rows + row;
  }

  const ForwardParams& params_;
  i64 first_;
};

/// The loading thread's part, for the pieces of its block one after another.
template <Sm90Plan kP>
class PieceCounter {
 public:
  using S = Storage<kP>;

  ATTNJIT_DEVICE PieceCounter(const ForwardParams& params, const S& storage)
      : params_(params), storage_(storage) {}

  /// When the Q of `tile` is on its way: counts the piece before it, if that was one.
  ATTNJIT_DEVICE void Begin(const Tile& tile) {
    CountLast();
    entry_ = tile.splits > 1 ? tile.linear + 1 : 0;
    index_ = tile.index;
    splits_ = tile.splits;
  }
  ATTNJIT_DEVICE void End() {
    CountLast();
    MbarrierArrive(storage_.Barrier(S::kCounted));
  }

 private:
  ATTNJIT_DEVICE void CountLast() {
    if (entry_ == 0) return;
#pragma unroll
    for (int w = 0; w < S::kWarpgroups; ++w) {
      MbarrierWait(storage_.Barrier(S::kPieceFull + 2 * w + pieces_.stage), pieces_.parity);
      u32* const counter = params_.split_counters + index_ * S::kWarpgroups + w;
      if (CountRound(counter, splits_ - 1) != splits_ - 1) continue;
      StoreGlobal4(counter, LoadShared4(storage_.Owed(w)));
      StoreShared4(storage_.Owed(w), entry_);
    }
    pieces_.Advance(2);
  }

  const ForwardParams& params_;
  const S& storage_;
  Ring pieces_;
  u32 entry_ = 0;
  i32 index_ = 0;
  u32 splits_ = 0;
};

/// Writes a thread's part of the piece: its two rows `row` and `row` + 8 of the first `rows`.
template <Sm90Plan kP>
ATTNJIT_DEVICE void StorePartial(const float (&o)[kP.head_dim_v_padded / 2], const RowState& state,
                                 const Partials<kP>& partials, int piece, int row, int rows) {
  const int lane = threadIdx.x % 4;
  const float sum[2] = {QuadSum(state.sum[0]), QuadSum(state.sum[1])};
#pragma unroll
  for (int r = 0; r < 2; ++r) {
    if (row + 8 * r >= rows) break;
    if (lane == 0) {
      *reinterpret_cast<float2*>(partials.State(piece, row + 8 * r)) = {state.max[r], sum[r]};
    }
    float* const out = partials.O(piece, row + 8 * r) + 2 * lane;
#pragma unroll
    for (int g = 0; g < kP.problem.head_dim_v / 8; ++g) {
      *reinterpret_cast<float2*>(out + 8 * g) = {o[4 * g + 2 * r], o[4 * g + 2 * r + 1]};
    }
  }
}

/// Four columns of a row of o, and the row's state, over the pieces so far.
struct CombinedRow {
  float4 o = {0.0f, 0.0f, 0.0f, 0.0f};
  float max = kEmptyMax;
  float sum = 0.0f;

  ATTNJIT_DEVICE void Raise(float raised) {
    const float scale = RescaleFactor(max, raised);
    max = raised;
    sum *= scale;
    o = {o.x * scale, o.y * scale, o.z * scale, o.w * scale};
  }
  /// `state` is no greater than max.
  ATTNJIT_DEVICE void Add(const float4& piece, float2 state) {
    const float scale = RescaleFactor(state.x, max);
    sum += state.y * scale;
    o = {o.x + piece.x * scale, o.y + piece.y * scale, o.z + piece.z * scale,
         o.w + piece.w * scale};
  }
};

/// Vectors of four columns that a thread combines together, and pieces of each: as many loads in
/// flight as registers allow, so that a tile of few pieces waits for memory once.
template <Sm90Plan kP>
struct CombineShape {
  static constexpr bool kRoom = kP.blocks_per_sm == 1 && kP.consumer_warpgroups == 1 &&
                                kP.problem.left == Bound::kNone && !kP.problem.packed;
  static constexpr int kLoads = kRoom ? 32 : 16;
  static constexpr int kVectors = kP.problem.head_dim_v / 4;  ///< Of a row.
  static constexpr int kOfThread = kP.pack * kVectors / 128;  ///< With one token.
  static constexpr int kItems = kOfThread >= 4 ? 4 : kOfThread >= 2 ? 2 : 1;
  static constexpr int kPieces = kLoads / kItems;
};

/// Adds kPieces pieces from `first` on, as far as there are any, to columns `column` .. of `row`.
template <Sm90Plan kP>
ATTNJIT_DEVICE void AddPieces(CombinedRow (&all)[CombineShape<kP>::kItems],
                              const Partials<kP>& partials, int first, int pieces, int item,
                              int items) {
  using Shape = CombineShape<kP>;
  float2 state[Shape::kItems][Shape::kPieces];
  float4 o[Shape::kItems][Shape::kPieces];
#pragma unroll
  for (int k = 0; k < Shape::kItems; ++k) {
    const int row = (item + 128 * k) / Shape::kVectors;
    const int column = (item + 128 * k) % Shape::kVectors * 4;
#pragma unroll
    for (int i = 0; i < Shape::kPieces; ++i) {
      state[k][i] = {kEmptyMax, 0.0f};
      o[k][i] = {0.0f, 0.0f, 0.0f, 0.0f};
      if (first + i < pieces && item + 128 * k < items) {
        state[k][i] = LoadGlobal8(partials.State(first + i, row));
        o[k][i] = LoadGlobal16(partials.O(first + i, row) + column);
      }
    }
  }
#pragma unroll
  for (int k = 0; k < Shape::kItems; ++k) {
    float max = all[k].max;
#pragma unroll
    for (int i = 0; i < Shape::kPieces; ++i) max = fmaxf(max, state[k][i].x);
    all[k].Raise(max);
#pragma unroll
    for (int i = 0; i < Shape::kPieces; ++i) all[k].Add(o[k][i], state[k][i]);
  }
}

/// o and lse of the warpgroup's first `rows` rows from the pieces of all CTAs.
template <Sm90Plan kP>
ATTNJIT_DEVICE void CombinePieces(const ForwardParams& params, const Tile& tile,
                                  const Partials<kP>& partials, int first_token, int rows) {
  using Shape = CombineShape<kP>;
  constexpr Element kElement = kP.problem.element_o;
  const int items = rows * Shape::kVectors;
#pragma unroll 1
  for (int first = threadIdx.x % 128; first < items; first += 128 * Shape::kItems) {
    CombinedRow all[Shape::kItems];
#pragma unroll 1
    for (int piece = 0; piece < tile.splits; piece += Shape::kPieces) {
      AddPieces<kP>(all, partials, piece, tile.splits, first, items);
    }
#pragma unroll
    for (int k = 0; k < Shape::kItems; ++k) {
      const int item = first + 128 * k;
      if (item >= items) break;
      const int row = item / Shape::kVectors;
      const int column = item % Shape::kVectors * 4;
      const float scale = OutputScale(all[k].sum);
      *reinterpret_cast<uint2*>(OutputAt<kP>(params, tile, first_token, row) + column) = {
          Pack<kElement>(all[k].o.x * scale, all[k].o.y * scale),
          Pack<kElement>(all[k].o.z * scale, all[k].o.w * scale)};
      if constexpr (kP.problem.lse) {
        if (column == 0) StoreLse<kP>(params, tile, first_token, row, Lse(all[k].max, all[k].sum));
      }
    }
  }
}

}  // namespace attnjit::sm90
