// Which tile of the output a linear tile index is.
//
// Tiles of a head stand together, and the query heads of one K/V head do, so that K and V are read
// from L2. Where the mask makes later rows see more (a right bound without a left one) the tiles
// with most work come first, so that none of them starts last: then heads are taken in sections
// whose K and V fit in L2, and within a section all heads' heaviest tiles come first.
//
//   not weighted: [head 0: tile 0, 1, 2, ...] [head 1: ...] ...
//   weighted:     section 0: [tile n-1 of heads 0 .. s-1] [tile n-2 of them] ... [tile 0]
//                 section 1: [tile n-1 of heads s .. 2s-1] ...
//
// The order changes what runs when and nothing else: no result depends on it.
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

/// Bytes of K and V that a section of heads may have: what is left of a data centre GPU's L2 (40
/// to 50 MB, in two halves on some) when other traffic has its share.
inline constexpr int kL2SectionBytes = 16 << 20;

/// Query heads of one section: whole groups, at least one. Heads here count through the batch.
template <Problem kProblem, int kSectionBytes>
ATTNJIT_HOST_DEVICE i32 SectionHeads(const ForwardParams& params, i32 all_heads) {
  constexpr int kRows = kSectionBytes / (2 * (kProblem.head_dim_qk + kProblem.head_dim_v));
  const i32 kv_heads = Max(1, kRows / Max(1, params.seqlen_kv));
  return kv_heads < all_heads / kProblem.group ? kv_heads * kProblem.group : all_heads;
}

/// The tile of 0 <= linear < params.num_tiles; a bijection. kSectionBytes 0: one section. Blocks
/// that take their tiles by a fixed rule need that: rounds of a fixed length that straddle sections
/// were simulated at 0.6 of the balance of rounds over one section.
/// kPack query heads of a group make one tile: `head` is the first of them.
template <bool kHeaviestFirst, Problem kProblem, int kSectionBytes = kL2SectionBytes, int kPack = 1>
ATTNJIT_HOST_DEVICE TileCoord DecodeTile(const ForwardParams& params, i32 linear) {
  static_assert(kPack == 1 || kSectionBytes == 0);
  const i32 tile_heads = params.heads_q / kPack;
  i32 m_block, head;
  if constexpr (kHeaviestFirst) {
    const i32 all_heads = tile_heads * params.batch;
    i32 first_head = 0;
    i32 heads = all_heads;
    if constexpr (kSectionBytes != 0) {
      const i32 section_heads = SectionHeads<kProblem, kSectionBytes>(params, all_heads);
      const i32 section = linear / (section_heads * params.tiles_q);
      linear -= section * section_heads * params.tiles_q;
      first_head = section * section_heads;
      heads = Min(section_heads, all_heads - first_head);
    }
    const i32 row = linear / heads;
    m_block = params.tiles_q - 1 - row;
    head = first_head + linear - row * heads;
  } else {
    head = linear / params.tiles_q;
    m_block = linear - head * params.tiles_q;
  }
  const i32 batch = head / tile_heads;
  return {m_block, (head - batch * tile_heads) * kPack, batch};
}

}  // namespace attnjit
