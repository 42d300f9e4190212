// The tile of query rows that a block computes.
#pragma once

#include "common/sequence.h"
#include "common/tile_scheduler.h"
#include "mma/shape.h"
#include "params.h"
#include "ptx/block_index.h"

namespace attnjit {

template <MmaPlan kPlan>
struct Tile {
  static constexpr Problem kProblem = kPlan.problem;

  TileCoord at;
  Sequence sequence;
  i32 first_row;  ///< In the sequence.

  /// The calling block's.
  ATTNJIT_DEVICE static Tile Current(const ForwardParams& params) {
    Tile tile;
    tile.at = DecodeTile<LaterTilesAreHeavier(kProblem)>(params, BlockIndex());
    tile.sequence = LoadSequence<kProblem>(params, tile.at.batch);
    tile.first_row = tile.at.m_block * kPlan.tile_m;
    return tile;
  }

  /// True for what a packed grid, made for the longest sequence, has too many of.
  ATTNJIT_DEVICE bool BeyondSequence() const {
    return kProblem.packed && first_row >= sequence.seqlen_q;
  }

  /// `row` of the sequence in K or V, for the tile's head.
  ATTNJIT_DEVICE const u8* KvRow(const void* tensor, const Strides& stride, i32 row) const {
    return static_cast<const u8*>(tensor) + 2 * TensorOffset(stride, sequence.batch,
                                                             sequence.start_kv + row,
                                                             at.head / kProblem.group);
  }
};

}  // namespace attnjit
