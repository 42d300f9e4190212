// Which tile of the output a linear tile index is.
//
// Tiles of a head stand together, and the query heads of one K/V head do, so that K and V are read
// from L2. Where the mask makes later rows see more (a right bound without a left one) the tiles
// with most work come first, so that none of them starts last: then heads are taken in sections
// whose K and V fit in L2, and within a section all heads' heaviest tiles come first.
//
//   not weighted: [head 0: tile 0, 1, 2, ...] [head 1: ...] ...
//   weighted:     section 0: [tile n-1 of heads 0 .. s-1] [tile n-2 of them] ... [tile 0] [none]
//                 section 1: [tile n-1 of heads s .. 2s-1] ...
//
// How long sections are is the launch's choice (runtime/schedule.h): persistent blocks need them to
// be whole rounds, which may leave turns without a tile. The order changes what runs when and
// nothing else: no result depends on it.
#pragma once

#include "params.h"
#include "problem.h"

namespace attnjit {

struct TileCoord {
  i32 m_block;  ///< Query rows m_block * tile_m and on.
  i32 head;     ///< Query head; its K/V head is head / group.
  i32 batch;
};

/// True where a tile further down has more to do.
ATTNJIT_HOST_DEVICE constexpr bool LaterTilesAreHeavier(const Problem& problem) {
  return problem.right != Bound::kNone && problem.left == Bound::kNone;
}

/// The tile of turn 0 <= slot < params.num_slots. Every tile has one turn; a turn without a tile has
/// m_block < 0. kPack query heads of a group make one tile: `head` is the first of them.
template <bool kHeaviestFirst, int kPack = 1>
ATTNJIT_HOST_DEVICE TileCoord DecodeTile(const ForwardParams& params, i32 slot) {
  const i32 tile_heads = params.heads_q / kPack;
  i32 m_block, head;
  if constexpr (kHeaviestFirst) {
    const i32 section = Min(slot / params.section_slots, params.sections);
    const i32 first_head = section * params.section_heads;
    // The last one has all heads that are left.
    const i32 heads = section < params.sections ? params.section_heads
                                                : tile_heads * params.batch - first_head;
    const i32 in_section = slot - section * params.section_slots;
    const i32 row = in_section / heads;
    m_block = params.tiles_q - 1 - row;
    head = first_head + in_section - row * heads;
  } else {
    head = slot / params.tiles_q;
    m_block = slot - head * params.tiles_q;
  }
  const i32 batch = head / tile_heads;
  return {m_block, (head - batch * tile_heads) * kPack, batch};
}

}  // namespace attnjit
