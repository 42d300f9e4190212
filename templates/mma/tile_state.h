// What the steps read rarely, in shared memory: registers are for fragments.
#pragma once

#include "common/mask.h"
#include "mma/shape.h"
#include "mma/tile.h"
#include "params.h"

namespace attnjit {

/// Written by one thread before the first step, but for `poisoned`.
template <MmaPlan kPlan>
struct TileState {
  const u8* k;  ///< Row 0 of the sequence's K and V for the tile's head.
  const u8* v;
  BlockRange blocks;
  Mask<kPlan.problem> mask;
  i32 first_row;  ///< Of the tile, in the sequence.
  u32 poisoned;   ///< 1: Inf or NaN were taken out of V (mma/non_finite.h).

  ATTNJIT_DEVICE TileState(const ForwardParams& params, const Tile<kPlan>& tile)
      : k(tile.KvRow(params.k, params.k_stride, 0)),
        v(tile.KvRow(params.v, params.v_stride, 0)),
        mask(params, tile.sequence.seqlen_q, tile.sequence.seqlen_kv),
        first_row(tile.first_row),
        poisoned(0) {
    blocks = mask.template Blocks<kPlan.tile_n>(
        first_row, Min(first_row + kPlan.tile_m, tile.sequence.seqlen_q));
  }

  ATTNJIT_DEVICE static TileState& In(u8* smem) {
    static_assert(sizeof(TileState) <= MmaPlan::kStateBytes);
    return *reinterpret_cast<TileState*>(smem + kPlan.state_offset);
  }
};

}  // namespace attnjit
