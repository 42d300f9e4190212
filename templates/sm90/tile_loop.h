// The tiles of one persistent block, walked alike by every role.
#pragma once

#include "common/mask.h"
#include "common/sequence.h"
#include "common/split.h"
#include "common/tile_rounds.h"
#include "common/tile_scheduler.h"
#include "sm90/plan.h"

namespace attnjit::sm90 {

/// One tile: where it is and which K/V blocks it visits, from the last one down to the first.
struct Tile {
  TileCoord at;
  Sequence sequence;
  i32 row_begin;  ///< First query token, counted in the sequence.
  i32 rows;       ///< Query tokens of the sequence in this tile; <= 0: none, the tile is skipped.
  BlockRange blocks;
  // Where K/V is cut (plan.split_blocks): this is piece `split` of `splits` of tile `index`.
  i32 linear;  ///< What MakeTile made this of.
  i32 index;
  i32 split;
  i32 splits;
};

template <Sm90Plan kP>
ATTNJIT_DEVICE Tile MakeTile(const ForwardParams& params, i32 linear) {
  constexpr Problem kProblem = kP.problem;
  Tile tile;
  if constexpr (kP.split_blocks != 0) {
    const SplitCoord piece = DecodeSplit<kP.pack>(params, linear);
    tile.at = piece.at;
    tile.linear = linear;
    tile.index = piece.tile;
    tile.split = piece.split;
  } else {
    tile.at = DecodeTile<LaterTilesAreHeavier(kProblem), kP.pack>(params, linear);
  }
  tile.sequence = LoadSequence<kProblem>(params, tile.at.batch);
  tile.row_begin = tile.at.m_block * kP.tile_m;
  tile.rows = Min(kP.tile_m, tile.sequence.seqlen_q - tile.row_begin);
  if (tile.at.m_block < 0) tile.rows = 0;
  tile.blocks = {0, 0, 0, 0};
  if (tile.rows > 0) {
    const Mask<kProblem> mask(params, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
    tile.blocks = mask.template Blocks<kP.tile_n>(tile.row_begin, tile.row_begin + tile.rows);
  }
  if constexpr (kP.split_blocks != 0) {
    const Cut cut = CutBlocks(tile.blocks.end - tile.blocks.begin, kP.split_blocks);
    tile.splits = cut.pieces;
    if (tile.split >= cut.pieces) tile.rows = 0;
    tile.blocks = Piece(tile.blocks, cut, tile.split);
  }
  return tile;
}

/// Calls body(tile) for every tile of this block that has rows.
template <Sm90Plan kP, class Body>
ATTNJIT_DEVICE void ForEachTile(const ForwardParams& params, Body&& body) {
  ForEachRound(params.num_slots, static_cast<i32>(blockIdx.x), static_cast<i32>(gridDim.x),
               [&](i32 linear) {
                 const Tile tile = MakeTile<kP>(params, linear);
                 if (tile.rows > 0) body(tile);
               });
}

}  // namespace attnjit::sm90
