// Pieces of a tile's K/V blocks: every block once, whatever the number, and nothing of the batch.
#include "templates/common/split.h"

#include <set>

#include "gtest/gtest.h"

namespace attnjit {
namespace {

TEST(CutBlocks, CoversEveryNumberOfBlocksWithEvenPieces) {
  for (const i32 length : {1, 2, 3, 8}) {
    for (i32 blocks = 0; blocks < 3000; ++blocks) {
      const Cut cut = CutBlocks(blocks, length);
      ASSERT_GE(cut.pieces, 1);
      ASSERT_LE(cut.pieces, kMaxPieces);
      ASSERT_GE(cut.pieces * cut.blocks, blocks);
      if (blocks > 0) {
        ASSERT_LT((cut.pieces - 1) * cut.blocks, blocks) << "an empty last piece";
      }
      if (blocks <= length * kMaxPieces) {
        ASSERT_LE(cut.blocks, length);
      }
    }
  }
}

TEST(CutBlocks, MorePiecesNeverComeFromFewerBlocksThanALaunchAllowsFor) {
  i32 most = 0;
  for (i32 blocks = 0; blocks < 5000; ++blocks) {
    const i32 allowed = blocks == 0 ? 1 : Min(CeilDiv(blocks, 8), kMaxPieces);
    most = Max(most, CutBlocks(blocks, 8).pieces);
    ASSERT_LE(most, allowed);
  }
}

TEST(Piece, KeepsWhichBlocksEveryRowSees) {
  const BlockRange all = {3, 5, 19, 21};
  const Cut cut = CutBlocks(all.end - all.begin, 4);
  i32 next = all.begin;
  for (i32 i = 0; i < cut.pieces; ++i) {
    const BlockRange piece = Piece(all, cut, i);
    EXPECT_EQ(piece.begin, next);
    EXPECT_LE(piece.begin, piece.full_begin);
    EXPECT_LE(piece.full_begin, piece.full_end);
    EXPECT_LE(piece.full_end, piece.end);
    for (i32 block = piece.begin; block < piece.end; ++block) {
      EXPECT_EQ(piece.IsBoundary(block), all.IsBoundary(block)) << block;
    }
    next = piece.end;
  }
  EXPECT_EQ(next, all.end);
}

TEST(DecodeSplit, GivesEachPieceOfEachTileOnce) {
  ForwardParams params = {};
  params.heads_q = 24;
  params.batch = 3;
  params.tiles_q = 2;
  params.splits = 5;
  params.num_tiles = 24 / 4 * 3 * 2 * 5;
  std::set<std::pair<i32, i32>> seen;
  for (i32 i = 0; i < params.num_tiles; ++i) {
    const SplitCoord piece = DecodeSplit<4>(params, i);
    EXPECT_EQ(piece.at.head % 4, 0);
    EXPECT_EQ(piece.tile, (piece.at.batch * 2 + piece.at.m_block) * 6 + piece.at.head / 4);
    EXPECT_TRUE(piece.at.batch < 3 && piece.at.m_block < 2 && piece.split < 5);
    seen.insert({piece.tile, piece.split});
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(params.num_tiles));
}

}  // namespace
}  // namespace attnjit
