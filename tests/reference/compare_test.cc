#include "tests/reference/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "tests/reference/half.h"

namespace attnjit {
namespace {

/// A causal problem with its reference, and an output as a good kernel would leave it: the
/// reference, rounded.
class CompareTest : public ::testing::Test {
 protected:
  void SetUp() override { Make(Element::kBf16); }

  void Make(Element element) {
    problem_.problem = {.element = element,
                        .element_o = element,
                        .head_dim_qk = 32,
                        .head_dim_v = 32,
                        .group = 1,
                        .left = Bound::kNone,
                        .right = Bound::kZero,
                        .diagonal = Diagonal::kBottomRight,
                        .packed = false,
                        .lse = true};
    problem_.batch = 1;
    problem_.heads_q = problem_.heads_kv = 2;
    problem_.seqlen_q = kRows;
    problem_.seqlen_kv = kRows - 3;  // The first three rows see nothing.
    problem_.softmax_scale = 1 / std::sqrt(32.0);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<uint16_t> q(kRows * 64), k(kRows * 64), v(kRows * 64);
    for (auto* data : {&q, &k, &v}) {
      for (uint16_t& x : *data) x = FromFloat(element, normal(random));
    }
    Strides stride = {kRows * 64, 64, 32};
    reference_ =
        ComputeReference(problem_, {q.data(), stride}, {k.data(), stride}, {v.data(), stride}, 2);
    for (size_t i = 0; i < o_.size(); ++i) {
      o_[i] = FromFloat(element, static_cast<float>(reference_.o[i]));
    }
    for (int64_t i = 0; i < kRows; ++i) {
      for (int64_t h = 0; h < 2; ++h) {
        lse_[h * kRows + i] = static_cast<float>(reference_.lse[reference_.Row(0, i, h)]);
      }
    }
  }

  Comparison Run() const {
    return Compare(problem_, reference_, {o_.data(), {kRows * 64, 64, 32}},
                   {lse_.data(), {2 * kRows, 1, kRows}});
  }

  static constexpr int64_t kRows = 700;
  ForwardProblem problem_;
  Reference reference_;
  std::vector<uint16_t> o_ = std::vector<uint16_t>(kRows * 64);
  std::vector<float> lse_ = std::vector<float>(kRows * 2);
};

TEST_F(CompareTest, TheRoundedReferencePasses) {
  for (Element element : {Element::kBf16, Element::kFp16}) {
    Make(element);
    Comparison c = Run();
    EXPECT_TRUE(c.passed) << c.first_problem;
    EXPECT_EQ(c.first_problem, "");
    EXPECT_EQ(c.elements, (kRows - 3) * 64);
    EXPECT_LT(c.error_ratio, 0.5);
    EXPECT_LT(c.lse_ratio, 0.1);
    EXPECT_GT(c.cosine, c.min_cosine);
  }
}

TEST_F(CompareTest, TheTwinPasses) {
  for (size_t i = 0; i < o_.size(); ++i) o_[i] = FloatToBf16(reference_.p[i]);
  Comparison c = Run();
  EXPECT_TRUE(c.passed) << c.first_problem;
  EXPECT_LE(c.error_ratio, 0.5);
}

TEST_F(CompareTest, OneWrongElementFailsAndIsNamed) {
  o_[(600 * 2 + 1) * 32 + 5] = FloatToBf16(1.5f);
  Comparison c = Run();
  EXPECT_FALSE(c.passed);
  EXPECT_GT(c.error_ratio, 1);
  EXPECT_NE(c.first_problem.find("o[b=0,i=600,h=1,d=5]"), std::string::npos) << c.first_problem;
}

TEST_F(CompareTest, AnErrorInALateRowIsNotHiddenByTheEarlyRowsBound) {
  // Rows of few keys may be off by this much (they are larger, and so is their rounding); a mean
  // over 600 keys may not.
  double early = 0;
  for (int i = 3 * 64; i < 20 * 64; ++i) {
    early = std::max(early, std::abs(reference_.o[i] - reference_.p[i]));
  }
  size_t late = 650 * 64;
  o_[late] = FloatToBf16(static_cast<float>(reference_.o[late] + 3 * early));
  Comparison c = Run();
  EXPECT_FALSE(c.passed) << early << " " << c.bound << " " << c.max_error;
}

TEST_F(CompareTest, NanWhereNoneBelongsFails) {
  o_[400 * 64] = 0x7FC0;
  Comparison c = Run();
  EXPECT_FALSE(c.passed);
  EXPECT_EQ(c.special_mismatches, 1);
  EXPECT_NE(c.first_problem.find("is nan"), std::string::npos) << c.first_problem;
}

TEST_F(CompareTest, AMissingNanFails) {
  reference_.o[400 * 64] = NAN;
  EXPECT_FALSE(Run().passed);
  o_[400 * 64] = 0x7FC0;
  EXPECT_TRUE(Run().passed);
}

TEST_F(CompareTest, AnEmptyRowMustBeExactlyZero) {
  o_[2 * 64] = FloatToBf16(1e-6f);
  Comparison c = Run();
  EXPECT_FALSE(c.passed);
  EXPECT_EQ(c.special_mismatches, 1);
  o_[2 * 64] = 0x8000;
  EXPECT_TRUE(Run().passed) << "minus zero is zero";
}

TEST_F(CompareTest, LseOfAnEmptyRowMustBeMinusInfinity) {
  lse_[0] = -3.4e38f;
  EXPECT_FALSE(Run().passed);
}

TEST_F(CompareTest, LseIsHeldToItsBound) {
  lse_[500] += 1e-3f;
  Comparison c = Run();
  EXPECT_FALSE(c.passed);
  EXPECT_NE(c.first_problem.find("lse[b=0,i=500,h=0]"), std::string::npos) << c.first_problem;
}

TEST_F(CompareTest, AKeyTooFewAtTheEndShowsInTheLse) {
  // One of about 697 keys left out: the mean hardly moves, the sum of exponentials does.
  lse_[699] = static_cast<float>(lse_[699] + std::log1p(-1.0 / 697));
  EXPECT_FALSE(Run().passed);
}

TEST_F(CompareTest, UnrelatedOutputFailsByCosine) {
  for (uint16_t& x : o_) x ^= 0x8000;
  Comparison c = Run();
  EXPECT_FALSE(c.passed);
  EXPECT_LT(c.cosine, -0.99);
}

TEST_F(CompareTest, WithoutLseNoneIsCompared) {
  Comparison c = Compare(problem_, reference_, {o_.data(), {kRows * 64, 64, 32}}, {});
  EXPECT_TRUE(c.passed);
  EXPECT_FALSE(c.has_lse);
}

}  // namespace
}  // namespace attnjit
