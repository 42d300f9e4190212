// Masks against their definition, row by row and block by block.
#include "templates/common/mask.h"

#include <climits>

#include "gtest/gtest.h"

namespace attnjit {
namespace {

constexpr Problem MakeProblem(Bound left, Bound right, Diagonal diagonal) {
  return {.element = Element::kBf16,
          .element_o = Element::kBf16,
          .head_dim_qk = 64,
          .head_dim_v = 64,
          .group = 1,
          .left = left,
          .right = right,
          .diagonal = diagonal,
          .packed = false,
          .lse = false};
}

struct Window {
  i32 left;
  i32 right;
};
constexpr Window kWindows[] = {{0, 0},  {3, 0},       {0, 5},       {7, 2},
                               {40, 9}, {INT_MAX, 1}, {2, INT_MAX}, {INT_MAX, INT_MAX}};
constexpr i32 kLengths[] = {1, 2, 15, 16, 17, 47, 64};

/// The definition of a mask (generator/spec.h).
bool Sees(const Problem& p, const Window& w, i64 row, i64 column, i64 seqlen_q, i64 seqlen_kv) {
  const i64 at = p.diagonal == Diagonal::kBottomRight ? row + seqlen_kv - seqlen_q : row;
  const i64 left = p.left == Bound::kRuntime ? w.left : 0;
  const i64 right = p.right == Bound::kRuntime ? w.right : 0;
  return (p.left == Bound::kNone || column >= at - left) &&
         (p.right == Bound::kNone || column <= at + right) && column < seqlen_kv;
}

template <Problem kProblem>
void ExpectRowsMatch(const Mask<kProblem>& mask, const Window& w, i32 seqlen_q, i32 seqlen_kv) {
  for (i32 row = 0; row < seqlen_q; ++row) {
    const Interval visible = mask.Visible(row);
    EXPECT_GE(visible.begin, 0);
    EXPECT_LE(visible.end, seqlen_kv);
    for (i32 column = 0; column < seqlen_kv; ++column) {
      ASSERT_EQ(column >= visible.begin && column < visible.end,
                Sees(kProblem, w, row, column, seqlen_q, seqlen_kv))
          << "row " << row << " column " << column << " of " << seqlen_q << " x " << seqlen_kv;
    }
  }
}

template <Problem kProblem, int kTileM, int kTileN>
void ExpectBlocksMatch(const Mask<kProblem>& mask, const Window& w, i32 seqlen_q, i32 seqlen_kv) {
  for (i32 row = 0; row < seqlen_q; row += kTileM) {
    const i32 row_end = Min(row + kTileM, seqlen_q);
    const BlockRange blocks = mask.template Blocks<kTileN>(row, row_end);
    ASSERT_LE(blocks.begin, blocks.full_begin);
    ASSERT_LE(blocks.full_begin, blocks.full_end);
    ASSERT_LE(blocks.full_end, blocks.end);
    for (i32 block = 0; block < CeilDiv(seqlen_kv, kTileN); ++block) {
      int seen = 0;
      for (i32 i = row; i < row_end; ++i) {
        for (i32 j = block * kTileN; j < (block + 1) * kTileN; ++j) {
          seen += Sees(kProblem, w, i, j, seqlen_q, seqlen_kv);
        }
      }
      const bool visited = block >= blocks.begin && block < blocks.end;
      if (seen > 0) {
        ASSERT_TRUE(visited) << "block " << block << " of rows " << row;
      }
      if (visited && !blocks.IsBoundary(block)) {
        ASSERT_EQ(seen, (row_end - row) * kTileN) << "block " << block << " of rows " << row;
      }
      // One row sees an interval, so no block is visited for nothing.
      if (visited && row_end - row == 1) {
        ASSERT_GT(seen, 0) << "block " << block;
      }
    }
  }
}

template <Bound kLeft, Bound kRight, Diagonal kDiagonal>
void ExpectMatch() {
  constexpr Problem kProblem = MakeProblem(kLeft, kRight, kDiagonal);
  for (const Window& w : kWindows) {
    for (const i32 seqlen_q : kLengths) {
      for (const i32 seqlen_kv : kLengths) {
        ForwardParams params = {};
        params.window_left = w.left;
        params.window_right = w.right;
        const Mask<kProblem> mask(params, seqlen_q, seqlen_kv);
        ExpectRowsMatch(mask, w, seqlen_q, seqlen_kv);
        ExpectBlocksMatch<kProblem, 16, 16>(mask, w, seqlen_q, seqlen_kv);
        ExpectBlocksMatch<kProblem, 32, 8>(mask, w, seqlen_q, seqlen_kv);
        ExpectBlocksMatch<kProblem, 1, 16>(mask, w, seqlen_q, seqlen_kv);
      }
    }
  }
}

TEST(Mask, NoneShowsEveryColumn) { ExpectMatch<Bound::kNone, Bound::kNone, Diagonal::kTopLeft>(); }
TEST(Mask, CausalTopLeft) { ExpectMatch<Bound::kNone, Bound::kZero, Diagonal::kTopLeft>(); }
TEST(Mask, CausalBottomRight) { ExpectMatch<Bound::kNone, Bound::kZero, Diagonal::kBottomRight>(); }
TEST(Mask, CausalWindowTopLeft) {
  ExpectMatch<Bound::kRuntime, Bound::kZero, Diagonal::kTopLeft>();
}
TEST(Mask, CausalWindowBottomRight) {
  ExpectMatch<Bound::kRuntime, Bound::kZero, Diagonal::kBottomRight>();
}
TEST(Mask, WindowTopLeft) { ExpectMatch<Bound::kRuntime, Bound::kRuntime, Diagonal::kTopLeft>(); }
TEST(Mask, WindowBottomRight) {
  ExpectMatch<Bound::kRuntime, Bound::kRuntime, Diagonal::kBottomRight>();
}
TEST(Mask, LeftBoundOnlyBottomRight) {
  ExpectMatch<Bound::kRuntime, Bound::kNone, Diagonal::kBottomRight>();
}
TEST(Mask, RightBoundOnlyTopLeft) {
  ExpectMatch<Bound::kNone, Bound::kRuntime, Diagonal::kTopLeft>();
}

TEST(Mask, NoKeysGiveNoBlocks) {
  constexpr Problem kProblem = MakeProblem(Bound::kNone, Bound::kZero, Diagonal::kBottomRight);
  const Mask<kProblem> mask(ForwardParams{}, 5, 0);
  EXPECT_TRUE(mask.Blocks<64>(0, 5).empty());
}

TEST(Mask, LongSequencesWithTheWidestWindowDoNotOverflow) {
  constexpr Problem kProblem =
      MakeProblem(Bound::kRuntime, Bound::kRuntime, Diagonal::kBottomRight);
  constexpr i32 kLong = 1 << 30;
  ForwardParams params = {};
  params.window_left = params.window_right = INT_MAX;
  const Mask<kProblem> mask(params, kLong - 2048, kLong);
  const Interval last = mask.Visible(kLong - 2049);
  EXPECT_EQ(last.begin, 0);
  EXPECT_EQ(last.end, kLong);
}

}  // namespace
}  // namespace attnjit
