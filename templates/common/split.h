// How the K/V blocks of one tile are cut into pieces that different CTAs compute.
//
// With few queries there are fewer tiles than SMs. A tile's blocks are then cut into contiguous
// pieces of equal length; each gives a partial o, maximum and sum, and one CTA combines them in the
// order of the pieces (Dao et al., "Flash-Decoding for long-context inference", 2023).
//
//   blocks        | 0  1  2  3 | 4  5  6  7 | 8  9 10 |
//   pieces        |     0      |     1      |    2    |
//
// Where to cut follows from the tile's own number of blocks and constants of the plan, and from
// neither batch, heads nor the GPU: a sequence's result is the same whoever shares its launch.
#pragma once

#include "common/mask.h"
#include "common/tile_scheduler.h"

namespace attnjit {

/// The most pieces of a tile: longer sequences are cut into longer ones, so that combining stays a
/// small share of the work.
inline constexpr i32 kMaxPieces = 64;

struct Cut {
  i32 pieces;  ///< >= 1: a tile without blocks is one piece.
  i32 blocks;  ///< Of each piece; the last may have fewer, and has at least one if there is any.
};

/// Cuts `blocks` into pieces of `length` blocks, or longer ones where that would be more than
/// kMaxPieces, then makes them even.
ATTNJIT_HOST_DEVICE constexpr Cut CutBlocks(i32 blocks, i32 length) {
  if (blocks <= length) return {1, blocks};
  const i32 longest = Max(length, CeilDiv(blocks, kMaxPieces));
  const i32 even = CeilDiv(blocks, CeilDiv(blocks, longest));
  return {CeilDiv(blocks, even), even};
}

/// The blocks of piece `index` < cut.pieces; those that every row sees stay known.
ATTNJIT_HOST_DEVICE constexpr BlockRange Piece(const BlockRange& all, const Cut& cut, i32 index) {
  BlockRange piece = all;
  piece.begin = all.begin + index * cut.blocks;
  piece.end = Min(all.end, piece.begin + cut.blocks);
  piece.full_begin = Min(Max(all.full_begin, piece.begin), piece.end);
  piece.full_end = Max(Min(all.full_end, piece.end), piece.full_begin);
  return piece;
}

/// One piece of one tile.
struct SplitCoord {
  TileCoord at;
  i32 tile;  ///< Number of the tile, from 0.
  i32 split;
};

/// The piece of 0 <= linear < params.num_tiles; a bijection onto tiles x params.splits. Heads come
/// first: in the layouts bshd and thd they share pages of memory.
template <int kPack>
ATTNJIT_HOST_DEVICE SplitCoord DecodeSplit(const ForwardParams& params, i32 linear) {
  const i32 tile_heads = params.heads_q / kPack;
  const i32 piece = linear / tile_heads;
  const i32 head = linear - piece * tile_heads;
  const i32 row = piece / params.splits;
  const i32 batch = row / params.tiles_q;
  return {{row - batch * params.tiles_q, head * kPack, batch},
          row * tile_heads + head,
          piece - row * params.splits};
}

}  // namespace attnjit
