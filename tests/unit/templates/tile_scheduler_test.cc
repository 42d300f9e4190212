// Tile orders: each tile once, neighbouring heads together, the heaviest first where the mask
// weighs them. How long sections are is runtime/schedule.h's choice; here any length must do.
#include "templates/common/tile_scheduler.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "gtest/gtest.h"

namespace attnjit {
namespace {

constexpr Problem MakeProblem(Bound left, Bound right) {
  return {.element = Element::kBf16,
          .element_o = Element::kBf16,
          .head_dim_qk = 128,
          .head_dim_v = 128,
          .group = 4,
          .left = left,
          .right = right,
          .diagonal = Diagonal::kBottomRight,
          .packed = false,
          .lse = false};
}
constexpr Problem kCausal = MakeProblem(Bound::kNone, Bound::kZero);

/// Sections of `heads`, padded to a multiple of `round` turns.
ForwardParams MakeParams(i32 batch, i32 heads_q, i32 tiles_q, i32 heads, i32 round) {
  ForwardParams params = {};
  params.batch = batch;
  params.heads_q = heads_q;
  params.heads_kv = heads_q / kCausal.group;
  params.tiles_q = tiles_q;
  params.num_tiles = tiles_q * heads_q * batch;
  params.section_heads = heads;
  params.section_slots = CeilDiv(heads * tiles_q, round) * round;
  params.sections = std::max(0, heads_q * batch / heads - 1);
  params.num_slots = params.sections * params.section_slots +
                     (heads_q * batch - params.sections * heads) * tiles_q;
  return params;
}

template <bool kHeaviestFirst>
void ExpectEachTileOnce(const ForwardParams& params) {
  std::set<std::tuple<i32, i32, i32>> seen;
  i32 empty = 0;
  for (i32 i = 0; i < params.num_slots; ++i) {
    const TileCoord tile = DecodeTile<kHeaviestFirst>(params, i);
    if (tile.m_block < 0) {
      ++empty;
      continue;
    }
    EXPECT_LT(tile.m_block, params.tiles_q);
    EXPECT_TRUE(tile.head >= 0 && tile.head < params.heads_q);
    EXPECT_TRUE(tile.batch >= 0 && tile.batch < params.batch);
    EXPECT_TRUE(seen.insert({tile.m_block, tile.head, tile.batch}).second);
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(params.num_tiles));
  EXPECT_EQ(empty, params.num_slots - params.num_tiles);
}

TEST(DecodeTile, GivesEachTileOnceWhateverTheSections) {
  for (const i32 heads : {1, 3, 8, 24}) {
    for (const i32 round : {1, 7, 132}) {
      ExpectEachTileOnce<true>(MakeParams(3, 8, 5, heads, round));
    }
  }
}

TEST(DecodeTile, GivesEachTileOnceHeadByHeadWhereNoneIsHeavier) {
  ForwardParams params = MakeParams(3, 8, 5, 24, 1);
  ExpectEachTileOnce<false>(params);
  i32 previous = -1;
  for (i32 i = 0; i < params.num_slots; ++i) {
    const TileCoord tile = DecodeTile<false>(params, i);
    const i32 at = (tile.batch * params.heads_q + tile.head) * params.tiles_q + tile.m_block;
    EXPECT_EQ(at, previous + 1);
    previous = at;
  }
}

TEST(DecodeTile, HeaviestTilesOfASectionComeFirst) {
  const ForwardParams params = MakeParams(2, 8, 5, 4, 6);
  i32 previous = 0;
  for (i32 i = 0; i < params.num_slots; ++i) {
    const i32 in_section =
        i - std::min(i / params.section_slots, params.sections) * params.section_slots;
    if (in_section == 0) previous = params.tiles_q - 1;
    const TileCoord tile = DecodeTile<true>(params, i);
    EXPECT_LE(tile.m_block, previous);
    previous = tile.m_block;
  }
}

TEST(DecodeTile, QueryHeadsOfOneKvHeadAreNeighbours) {
  const ForwardParams params = MakeParams(2, 12, 5, kCausal.group, 1);
  for (i32 i = 0; i < params.num_slots; i += kCausal.group) {
    const TileCoord first = DecodeTile<true>(params, i);
    for (i32 j = 1; j < kCausal.group; ++j) {
      const TileCoord tile = DecodeTile<true>(params, i + j);
      EXPECT_EQ(tile.head / kCausal.group, first.head / kCausal.group);
      EXPECT_EQ(tile.m_block, first.m_block);
      EXPECT_EQ(tile.batch, first.batch);
    }
  }
}

TEST(DecodeTile, PackedHeadsAreGivenByTheirFirst) {
  ForwardParams params = MakeParams(2, 12, 1, 6, 1);
  params.num_slots = params.num_tiles = params.section_slots = 6;
  params.sections = 0;
  for (i32 i = 0; i < 6; ++i) {
    const TileCoord tile = DecodeTile<true, 4>(params, i);
    EXPECT_EQ(tile.head, i % 3 * 4);
    EXPECT_EQ(tile.batch, i / 3);
  }
}

TEST(LaterTilesAreHeavier, OnlyUnderARightBoundWithoutALeftOne) {
  EXPECT_TRUE(LaterTilesAreHeavier(kCausal));
  EXPECT_TRUE(LaterTilesAreHeavier(MakeProblem(Bound::kNone, Bound::kRuntime)));
  EXPECT_FALSE(LaterTilesAreHeavier(MakeProblem(Bound::kNone, Bound::kNone)));
  EXPECT_FALSE(LaterTilesAreHeavier(MakeProblem(Bound::kRuntime, Bound::kZero)));
}

}  // namespace
}  // namespace attnjit
