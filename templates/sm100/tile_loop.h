// The tiles of one persistent CTA or pair of CTAs, walked alike by every role.
#pragma once

#include "common/mask.h"
#include "common/sequence.h"
#include "common/tile_rounds.h"
#include "common/tile_scheduler.h"
#include "sm100/plan.h"

namespace attnjit::sm100 {

/// One tile: where it is and which K/V blocks it visits, from the last one down to the first. Its
/// rows are q_tiles parts of part_m() rows, of which CTA r of a pair has rows 128 r .. 128 r + 127.
template <Sm100Plan kP>
struct Tile {
  TileCoord at;
  Sequence sequence;
  i32 row_begin;              ///< First query row, counted in the sequence.
  i32 rows;                   ///< Rows of the sequence in this tile; <= 0: the tile is skipped.
  BlockRange blocks;          ///< Of all rows.
  BlockRange part[kP.q_tiles];  ///< Of each part's.

  /// Part t, which need not be known when compiled.
  ATTNJIT_DEVICE BlockRange Part(int t) const {
    const BlockRange& last = part[kP.q_tiles - 1];
    return {t == 0 ? part[0].begin : last.begin, t == 0 ? part[0].full_begin : last.full_begin,
            t == 0 ? part[0].full_end : last.full_end, t == 0 ? part[0].end : last.end};
  }
  ATTNJIT_DEVICE bool Visits(int t, i32 block) const {
    const BlockRange blocks = Part(t);
    return block >= blocks.begin && block < blocks.end;
  }
  /// The first row of part t that CTA `rank` has, and how many of its 128 the sequence has.
  ATTNJIT_DEVICE i32 FirstRow(int t, int rank) const {
    return row_begin + t * kP.part_m() + rank * 128;
  }
  ATTNJIT_DEVICE i32 Rows(int t, int rank) const {
    return Min(128, row_begin + rows - FirstRow(t, rank));
  }
  /// Which score buffer a block of part t uses.
  ATTNJIT_DEVICE int Buffer(int t, i32 block) const {
    return kP.q_tiles == 2 ? t : (part[0].end - 1 - block) % 2;
  }
};

template <Sm100Plan kP>
ATTNJIT_DEVICE Tile<kP> MakeTile(const ForwardParams& params, i32 linear) {
  constexpr Problem kProblem = kP.problem;
  Tile<kP> tile;
  tile.at = DecodeTile<LaterTilesAreHeavier(kProblem)>(params, linear);
  tile.sequence = LoadSequence<kProblem>(params, tile.at.batch);
  tile.row_begin = tile.at.m_block * kP.tile_m;
  tile.rows = Min(kP.tile_m, tile.sequence.seqlen_q - tile.row_begin);
  if (tile.at.m_block < 0) tile.rows = 0;
  tile.blocks = {0, 0, 0, 0};
  const Mask<kProblem> mask(params, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
  if (tile.rows > 0) {
    tile.blocks = mask.template Blocks<kP.tile_n>(tile.row_begin, tile.row_begin + tile.rows);
  }
#pragma unroll
  for (int t = 0; t < kP.q_tiles; ++t) {
    const i32 first = tile.row_begin + t * kP.part_m();
    const i32 rows = Min(kP.part_m(), tile.row_begin + tile.rows - first);
    tile.part[t] = {0, 0, 0, 0};
    if (rows > 0) {
      tile.part[t] =
          kProblem.masked() ? mask.template Blocks<kP.tile_n>(first, first + rows) : tile.blocks;
    }
  }
  return tile;
}

/// Calls body(tile) for every tile of this CTA, or pair of CTAs, that has rows.
template <Sm100Plan kP, class Body>
ATTNJIT_DEVICE void ForEachTile(const ForwardParams& params, Body&& body) {
  ForEachRound(params.num_slots, static_cast<i32>(blockIdx.x) / kP.ctas,
               static_cast<i32>(gridDim.x) / kP.ctas, [&](i32 linear) {
                 const Tile<kP> tile = MakeTile<kP>(params, linear);
                 if (tile.rows > 0) body(tile);
               });
}

}  // namespace attnjit::sm100
