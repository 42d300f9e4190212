// Tile orders: each tile once, groups together, the heaviest first where the mask weighs them.
#include "templates/common/tile_scheduler.h"

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

ForwardParams MakeParams(i32 batch, i32 heads_kv, i32 seqlen_kv, i32 tiles_q) {
  ForwardParams params = {};
  params.batch = batch;
  params.heads_kv = heads_kv;
  params.heads_q = heads_kv * kCausal.group;
  params.seqlen_q = params.seqlen_kv = seqlen_kv;
  params.tiles_q = tiles_q;
  params.num_tiles = tiles_q * params.heads_q * batch;
  return params;
}

template <bool kHeaviestFirst>
void ExpectEachTileOnce(const ForwardParams& params) {
  std::set<std::tuple<i32, i32, i32>> seen;
  for (i32 i = 0; i < params.num_tiles; ++i) {
    const TileCoord tile = DecodeTile<kHeaviestFirst, kCausal>(params, i);
    EXPECT_TRUE(tile.m_block >= 0 && tile.m_block < params.tiles_q);
    EXPECT_TRUE(tile.head >= 0 && tile.head < params.heads_q);
    EXPECT_TRUE(tile.batch >= 0 && tile.batch < params.batch);
    seen.insert({tile.m_block, tile.head, tile.batch});
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(params.num_tiles));
}

TEST(DecodeTile, GivesEachTileOnce) {
  // Lengths whose K/V make one section, several with a short last one, and one group each.
  for (const i32 seqlen_kv : {1, 512, 10'000, 1 << 20}) {
    for (const i32 heads_kv : {1, 3, 8}) {
      const ForwardParams params = MakeParams(3, heads_kv, seqlen_kv, 7);
      ExpectEachTileOnce<true>(params);
      ExpectEachTileOnce<false>(params);
    }
  }
}

TEST(DecodeTile, HeaviestTilesOfASectionComeFirst) {
  const ForwardParams params = MakeParams(2, 2, 512, 5);  // One section.
  i32 previous = params.tiles_q;
  for (i32 i = 0; i < params.num_tiles; ++i) {
    const TileCoord tile = DecodeTile<true, kCausal>(params, i);
    EXPECT_LE(tile.m_block, previous);
    previous = tile.m_block;
  }
}

TEST(DecodeTile, QueryHeadsOfOneKvHeadAreNeighbours) {
  const ForwardParams params = MakeParams(2, 3, 1 << 20, 5);  // A section is one group.
  for (i32 i = 0; i < params.num_tiles; i += kCausal.group) {
    const TileCoord first = DecodeTile<true, kCausal>(params, i);
    for (i32 j = 1; j < kCausal.group; ++j) {
      const TileCoord tile = DecodeTile<true, kCausal>(params, i + j);
      EXPECT_EQ(tile.head / kCausal.group, first.head / kCausal.group);
      EXPECT_EQ(tile.m_block, first.m_block);
      EXPECT_EQ(tile.batch, first.batch);
    }
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
