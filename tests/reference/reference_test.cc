#include "tests/reference/reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>

#include "tests/reference/half.h"
#include "tests/reference/naive_attention.h"

namespace attnjit {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// q, k and v of one problem, bshd or thd without padding.
struct Inputs {
  std::vector<uint16_t> q, k, v;
  Tensor16 Q(const ForwardProblem& p) const {
    return View(q, p.seqlen_q, p.heads_q, p.problem.head_dim_qk);
  }
  Tensor16 K(const ForwardProblem& p) const {
    return View(k, p.seqlen_kv, p.heads_kv, p.problem.head_dim_qk);
  }
  Tensor16 V(const ForwardProblem& p) const {
    return View(v, p.seqlen_kv, p.heads_kv, p.problem.head_dim_v);
  }
  static Tensor16 View(const std::vector<uint16_t>& data, int64_t rows, int64_t heads,
                       int64_t dim) {
    return {data.data(), {rows * heads * dim, heads * dim, dim}};
  }
};

ForwardProblem Dense(int64_t seqlen_q, int64_t seqlen_kv, int dim = 8, int dim_v = 8) {
  ForwardProblem p;
  p.problem = {.element = Element::kBf16,
               .element_o = Element::kBf16,
               .head_dim_qk = dim,
               .head_dim_v = dim_v,
               .group = 1,
               .left = Bound::kNone,
               .right = Bound::kNone,
               .diagonal = Diagonal::kTopLeft,
               .packed = false,
               .lse = true};
  p.seqlen_q = seqlen_q;
  p.seqlen_kv = seqlen_kv;
  p.softmax_scale = 1 / std::sqrt(static_cast<double>(dim));
  return p;
}

Inputs RandomInputs(const ForwardProblem& p, int seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  auto fill = [&](std::vector<uint16_t>& data, int64_t count) {
    data.resize(count);
    for (uint16_t& x : data) x = FromFloat(p.problem.element, normal(random));
  };
  int64_t rows_q = p.problem.packed ? p.cu_seqlens_q.back() : p.batch * p.seqlen_q;
  int64_t rows_kv = p.problem.packed ? p.cu_seqlens_kv.back() : p.batch * p.seqlen_kv;
  Inputs inputs;
  fill(inputs.q, rows_q * p.heads_q * p.problem.head_dim_qk);
  fill(inputs.k, rows_kv * p.heads_kv * p.problem.head_dim_qk);
  fill(inputs.v, rows_kv * p.heads_kv * p.problem.head_dim_v);
  return inputs;
}

Reference Compute(const ForwardProblem& p, const Inputs& in, int threads = 2) {
  return ComputeReference(p, in.Q(p), in.K(p), in.V(p), threads);
}

/// The mask, written out again from the request's words.
bool Sees(const ForwardProblem& p, int64_t b, int64_t i, int64_t j) {
  int64_t diagonal =
      p.problem.diagonal == Diagonal::kTopLeft ? i : i + p.SeqlenKv(b) - p.SeqlenQ(b);
  if (p.problem.left == Bound::kRuntime && diagonal - j > p.window_left) return false;
  if (p.problem.right == Bound::kRuntime && j - diagonal > p.window_right) return false;
  return p.problem.right != Bound::kZero || j <= diagonal;
}

void ExpectAgreesWithNaive(const ForwardProblem& p, int seed) {
  Inputs in = RandomInputs(p, seed);
  Reference reference = Compute(p, in);
  Tensor16 q = in.Q(p), k = in.K(p), v = in.V(p);
  Element element = p.problem.element;
  for (int64_t b = 0; b < p.batch; ++b) {
    for (int64_t i = 0; i < p.SeqlenQ(b); ++i) {
      for (int64_t h = 0; h < p.heads_q; ++h) {
        int64_t q_at = RowOffset(p.problem.packed, p.cu_seqlens_q, q.stride, b, i, h);
        auto at = [&](const Tensor16& t, int j, int d) {
          int64_t row =
              RowOffset(p.problem.packed, p.cu_seqlens_kv, t.stride, b, j, h / p.problem.group);
          return ToFloat(element, t.data[row + d]);
        };
        NaiveRow want = NaiveAttentionRow(
            p.problem.head_dim_qk, p.problem.head_dim_v, static_cast<int>(p.SeqlenKv(b)),
            p.softmax_scale, [&](int d) { return ToFloat(element, q.data[q_at + d]); },
            [&](int j, int d) { return at(k, j, d); }, [&](int j, int d) { return at(v, j, d); },
            [&](int j) { return Sees(p, b, i, j); });
        int64_t row = reference.Row(b, i, h);
        std::string where =
            "b " + std::to_string(b) + " i " + std::to_string(i) + " h " + std::to_string(h);
        if (std::isinf(want.lse)) {
          ASSERT_EQ(reference.lse[row], want.lse) << where;
        } else {
          ASSERT_NEAR(reference.lse[row], want.lse, 1e-12) << where;
        }
        for (int d = 0; d < p.problem.head_dim_v; ++d) {
          ASSERT_NEAR(reference.o[row * p.problem.head_dim_v + d], want.o[d], 1e-12) << where;
        }
      }
    }
  }
}

TEST(ReferenceTest, TwoKeysByHand) {
  ForwardProblem p = Dense(1, 2);
  p.softmax_scale = 0.5;
  Inputs in;
  auto bits = [](float x) { return FloatToBf16(x); };
  in.q = {bits(2), 0, 0, 0, 0, 0, 0, 0};
  in.k.assign(16, 0);
  in.k[0] = bits(1);   // Score 0.5 * 2 * 1 = 1.
  in.k[8] = bits(-1);  // Score -1.
  in.v.assign(16, 0);
  in.v[0] = bits(4);
  in.v[8] = bits(8);
  Reference r = Compute(p, in);
  double p0 = std::exp(1.0) / (std::exp(1.0) + std::exp(-1.0));
  EXPECT_NEAR(r.lse[0], std::log(std::exp(1.0) + std::exp(-1.0)), 1e-15);
  EXPECT_NEAR(r.o[0], 4 * p0 + 8 * (1 - p0), 1e-14);
  EXPECT_EQ(r.o[1], 0);
  EXPECT_EQ(r.visible[0], 2);
  EXPECT_DOUBLE_EQ(r.logit_size[0], 0.5 * 2 * 1);
  // P: probabilities 0.880797 and 0.119203 round to bf16 0.87890625 and 0.119140625.
  EXPECT_EQ(r.p[0], Bf16ToFloat(FloatToBf16(4 * 0.87890625f + 8 * 0.119140625f)));
}

TEST(ReferenceTest, EqualScoresGiveTheMeanOfV) {
  ForwardProblem p = Dense(3, 300);
  Inputs in = RandomInputs(p, 1);
  std::fill(in.q.begin(), in.q.end(), 0);
  Reference r = Compute(p, in);
  double mean = 0;
  for (int j = 0; j < 300; ++j) mean += Bf16ToFloat(in.v[j * 8 + 5]) / 300.0;
  EXPECT_NEAR(r.o[2 * 8 + 5], mean, 1e-13);
  EXPECT_NEAR(r.lse[2], std::log(300.0), 1e-13);
}

TEST(ReferenceTest, DenseWithoutMaskAgreesWithNaive) {
  ForwardProblem p = Dense(70, 301, 24, 40);
  p.batch = 2;
  p.heads_q = p.heads_kv = 2;
  ExpectAgreesWithNaive(p, 2);
}

TEST(ReferenceTest, GroupedHeadsAgreeWithNaive) {
  ForwardProblem p = Dense(67, 130, 16, 8);
  p.heads_q = 6;
  p.heads_kv = 2;
  p.problem.group = 3;
  p.problem.element = Element::kFp16;
  p.problem.right = Bound::kZero;
  p.problem.diagonal = Diagonal::kBottomRight;
  ExpectAgreesWithNaive(p, 3);
}

TEST(ReferenceTest, EveryMaskInBothAlignmentsAgreesWithNaive) {
  for (auto [seqlen_q, seqlen_kv] : {std::pair{40, 40}, {20, 150}, {150, 20}, {1, 9}, {9, 1}}) {
    for (Diagonal diagonal : {Diagonal::kTopLeft, Diagonal::kBottomRight}) {
      for (Bound left : {Bound::kNone, Bound::kRuntime}) {
        for (Bound right : {Bound::kNone, Bound::kZero, Bound::kRuntime}) {
          ForwardProblem p = Dense(seqlen_q, seqlen_kv);
          p.problem.left = left;
          p.problem.right = right;
          p.problem.diagonal = diagonal;
          p.window_left = 7;
          p.window_right = 3;
          ExpectAgreesWithNaive(p, 4);
        }
      }
    }
  }
}

TEST(ReferenceTest, PackedSequencesWithEmptyOnesAgreeWithNaive) {
  ForwardProblem p = Dense(0, 0, 16, 24);
  p.problem.packed = true;
  p.batch = 6;
  p.heads_q = 4;
  p.heads_kv = 2;
  p.problem.group = 2;
  p.problem.right = Bound::kZero;
  p.problem.diagonal = Diagonal::kBottomRight;
  p.cu_seqlens_q = {0, 0, 5, 12, 12, 30, 33};
  p.cu_seqlens_kv = {0, 3, 3, 40, 41, 200, 200};
  p.seqlen_q = 18;
  p.seqlen_kv = 159;
  ExpectAgreesWithNaive(p, 5);
}

TEST(ReferenceTest, RowsThatSeeNothingAreZeroAndMinusInfinity) {
  ForwardProblem p = Dense(5, 2);
  p.problem.right = Bound::kZero;
  p.problem.diagonal = Diagonal::kBottomRight;
  Reference r = Compute(p, RandomInputs(p, 6));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(r.lse[i], -kInfinity) << i;
    EXPECT_EQ(r.o[i * 8], 0) << i;
    EXPECT_EQ(r.p[i * 8], 0) << i;
  }
  EXPECT_TRUE(std::isfinite(r.lse[3]));
}

TEST(ReferenceTest, NoKeysAtAll) {
  ForwardProblem p = Dense(4, 0);
  Reference r = Compute(p, RandomInputs(p, 7));
  EXPECT_EQ(r.lse, std::vector<double>(4, -kInfinity));
  EXPECT_EQ(r.o, std::vector<double>(32, 0.0));
}

TEST(ReferenceTest, NanInAKeyReachesExactlyTheRowsThatSeeIt) {
  ForwardProblem p = Dense(200, 200);
  p.problem.right = Bound::kZero;
  Inputs in = RandomInputs(p, 8);
  in.k[150 * 8 + 3] = 0x7FC0;
  Reference r = Compute(p, in);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(std::isnan(r.lse[i]), i >= 150) << i;
    for (int d = 0; d < 8; ++d) EXPECT_EQ(std::isnan(r.o[i * 8 + d]), i >= 150) << i;
  }
}

TEST(ReferenceTest, NanInAValueReachesItsColumnOfTheRowsThatSeeIt) {
  ForwardProblem p = Dense(200, 200);
  p.problem.right = Bound::kZero;
  Inputs in = RandomInputs(p, 9);
  in.v[150 * 8 + 3] = 0x7FC0;
  Reference r = Compute(p, in);
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(std::isfinite(r.lse[i])) << i;
    for (int d = 0; d < 8; ++d) EXPECT_EQ(std::isnan(r.o[i * 8 + d]), i >= 150 && d == 3) << i;
  }
}

TEST(ReferenceTest, NanInAQueryReachesItsRow) {
  ForwardProblem p = Dense(10, 20);
  Inputs in = RandomInputs(p, 10);
  in.q[4 * 8] = 0x7FC0;
  Reference r = Compute(p, in);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(std::isnan(r.o[i * 8]), i == 4) << i;
}

TEST(ReferenceTest, InfiniteValueThatIsSeenReachesTheOutput) {
  ForwardProblem p = Dense(3, 3);
  p.problem.right = Bound::kZero;
  Inputs in = RandomInputs(p, 11);
  in.v[2 * 8] = 0xFF80;  // -infinity
  Reference r = Compute(p, in);
  EXPECT_TRUE(std::isfinite(r.o[1 * 8]));
  EXPECT_EQ(r.o[2 * 8], -kInfinity);
}

TEST(ReferenceTest, HugeLogitsStayFinite) {
  for (Element element : {Element::kBf16, Element::kFp16}) {
    ForwardProblem p = Dense(64, 64);
    p.problem.element = element;
    p.softmax_scale = 1e5;
    Reference r = Compute(p, RandomInputs(p, 12));
    for (double lse : r.lse) EXPECT_TRUE(std::isfinite(lse));
    for (double o : r.o) EXPECT_TRUE(std::isfinite(o));
    for (float x : r.p) EXPECT_TRUE(std::isfinite(x));
  }
}

TEST(ReferenceTest, TheTwinIsNearAndNotEqual) {
  ForwardProblem p = Dense(64, 64, 64, 64);
  Reference r = Compute(p, RandomInputs(p, 13));
  double error = 0;
  for (size_t i = 0; i < r.o.size(); ++i) error = std::max(error, std::abs(r.o[i] - r.p[i]));
  EXPECT_GT(error, 1e-4);
  EXPECT_LT(error, 3e-2);
}

TEST(ReferenceTest, ThreadsDoNotChangeTheResult) {
  ForwardProblem p = Dense(500, 300, 40, 40);
  p.heads_q = p.heads_kv = 3;
  Inputs in = RandomInputs(p, 14);
  Reference one = Compute(p, in, 1);
  Reference many = Compute(p, in, 7);
  EXPECT_EQ(one.o, many.o);
  EXPECT_EQ(one.p, many.p);
  EXPECT_EQ(one.lse, many.lse);
}

TEST(ReferenceTest, StridesSelectTheRows) {
  // The same numbers as bhsd with padded rows give the same result.
  ForwardProblem p = Dense(9, 11);
  p.batch = 2;
  p.heads_q = p.heads_kv = 3;
  Inputs in = RandomInputs(p, 15);
  Reference want = Compute(p, in);
  auto transpose = [&](const Tensor16& from, int64_t rows) {
    std::pair<std::vector<uint16_t>, Strides> to;
    to.second = {3 * rows * 24, 24, rows * 24};
    to.first.assign(2 * 3 * rows * 24, 0x7FC0);
    for (int b = 0; b < 2; ++b) {
      for (int64_t i = 0; i < rows; ++i) {
        for (int h = 0; h < 3; ++h) {
          for (int d = 0; d < 8; ++d) {
            to.first[b * to.second.batch + i * 24 + h * to.second.head + d] =
                from.data[b * from.stride.batch + i * from.stride.seq + h * from.stride.head + d];
          }
        }
      }
    }
    return to;
  };
  auto q = transpose(in.Q(p), 9), k = transpose(in.K(p), 11), v = transpose(in.V(p), 11);
  Reference got = ComputeReference(p, {q.first.data(), q.second}, {k.first.data(), k.second},
                                   {v.first.data(), v.second}, 1);
  EXPECT_EQ(got.o, want.o);
  EXPECT_EQ(got.lse, want.lse);
}

TEST(ForwardProblemTest, CountsVisiblePairs) {
  ForwardProblem p = Dense(100, 100);
  p.heads_q = p.heads_kv = 2;
  EXPECT_EQ(p.VisiblePairs(), 2 * 100 * 100);
  p.problem.right = Bound::kZero;
  EXPECT_EQ(p.VisiblePairs(), 2 * 5050);
  p.problem.left = Bound::kRuntime;
  p.window_left = 0;
  EXPECT_EQ(p.VisiblePairs(), 2 * 100);
}

}  // namespace
}  // namespace attnjit
