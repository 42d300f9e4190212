// The resource model on paper: known balances, tiles counted against the mask's definition.
#include <gtest/gtest.h>

#include "generator/model/predict.h"

namespace attnjit {
namespace {

KernelPlan PlanOf(const char* json, Arch arch) {
  return llvm::cantFail(PlanKernel(ResolveKernelSpec(llvm::cantFail(ParseSpec(json))), arch));
}

// A 128 x 128 x 128 tile on an H100: 4 * 128^3 / 4096 cycles of products, 128 * 128 / 16 of
// exponentials (FlashAttention-4's count), and those of two warpgroups' rescaling beside them.
TEST(Balance, OfAHopperTileIsTheKnownOne) {
  const KernelPlan plan =
      PlanOf(R"({"head_dim":128,"dtype":"bf16","mask":"causal"})", Arch::kSm90a);
  ASSERT_EQ(plan.tile_m, 128);
  ASSERT_EQ(plan.tile_n, 128);
  const Balance balance = BalanceOf(plan, *TypicalGpu(Arch::kSm90a));
  EXPECT_EQ(balance.block[Resource::kMatrix], 2048);
  EXPECT_EQ(balance.block[Resource::kSpecial], 1024 + 4 * 128 / 16);
  EXPECT_EQ(balance.block[Resource::kTensor], 0);
  EXPECT_EQ(balance.bottleneck, Resource::kMatrix);
  EXPECT_GT(balance.step_cycles, 2048);
}

TEST(Balance, MmaOnHopperHasTheRateOfMmaSync) {
  const GpuInfo& h100 = *TypicalGpu(Arch::kSm90a);
  EXPECT_LT(RatesOf(h100, true)[Resource::kMatrix], RatesOf(h100, false)[Resource::kMatrix]);
  const GpuInfo& a100 = *TypicalGpu(Arch::kSm80);
  EXPECT_EQ(RatesOf(a100, true)[Resource::kMatrix], RatesOf(a100, false)[Resource::kMatrix]);
}

TEST(Balance, NamesTheExponentialsWhereTheyAreTheWall) {
  Amounts cycles;
  cycles[Resource::kMatrix] = 1000;
  cycles[Resource::kSpecial] = 1001;
  cycles[Resource::kMemory] = 5000;
  EXPECT_EQ(BottleneckOf(cycles), Resource::kSpecial);
}

/// Visible pairs of one head by the definition: query i sees keys i + shift - left .. i + shift +
/// right.
int64_t PairsByDefinition(int64_t seqlen_q, int64_t seqlen_kv, int64_t left, int64_t right) {
  int64_t pairs = 0;
  for (int64_t i = 0; i < seqlen_q; ++i) {
    for (int64_t j = 0; j < seqlen_kv; ++j) {
      const int64_t at = i + seqlen_kv - seqlen_q;
      pairs += j >= at - left && j <= at + right;
    }
  }
  return pairs;
}

TEST(StepsOfHead, CoverWhatTheMaskShowsAndNoMore) {
  const KernelPlan causal = PlanOf(
      R"({"head_dim":128,"dtype":"bf16","mask":"causal","align":"bottom_right"})", Arch::kSm90a);
  const KernelPlan window =
      PlanOf(R"({"head_dim":128,"dtype":"bf16","mask":{"window":[300,40]},"align":"bottom_right"})",
             Arch::kSm90a);
  for (const auto& [q, kv] : {std::pair{512, 512}, {700, 1000}, {1, 513}, {300, 200}}) {
    const ProblemShape shape = {
        .seqlen_q = q, .seqlen_kv = kv, .window_left = 300, .window_right = 40};
    EXPECT_EQ(VisiblePairs(causal, shape), PairsByDefinition(q, kv, 1 << 20, 0)) << q << ' ' << kv;
    EXPECT_EQ(VisiblePairs(window, shape), PairsByDefinition(q, kv, 300, 40)) << q << ' ' << kv;
  }
  // Four tiles of 128 on the diagonal: 4 + 3 + 2 + 1 blocks, the diagonal's a boundary each, and
  // the heaviest starts first.
  const std::vector<TileSteps> steps = StepsOfHead(causal, {.seqlen_q = 512, .seqlen_kv = 512});
  ASSERT_EQ(steps.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(steps[i].blocks, static_cast<int64_t>(4 - i));
    EXPECT_EQ(steps[i].boundary_blocks, 1);
  }
}

TEST(StepsOfHead, CutLongKeysOfFewQueriesIntoPieces) {
  const KernelPlan plan = PlanOf(
      R"({"head_dim":128,"dtype":"bf16","heads":{"q":8,"kv":1},"hints":{"seqlen_q_at_most":1}})",
      Arch::kSm90a);
  ASSERT_NE(plan.split_blocks, 0);
  const int keys = plan.split_blocks * plan.tile_n;
  const std::vector<TileSteps> steps = StepsOfHead(plan, {.seqlen_q = 1, .seqlen_kv = 3 * keys});
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_TRUE(steps[0].piece);
  EXPECT_EQ(steps[0].rows, 8);
  EXPECT_FALSE(StepsOfHead(plan, {.seqlen_q = 1, .seqlen_kv = keys})[0].piece);
}

ProblemShape Shape(int64_t batch, int64_t heads, int64_t length) {
  return {
      .batch = batch, .heads_q = heads, .heads_kv = heads, .seqlen_q = length, .seqlen_kv = length};
}

// docs/performance.md, H200. The model is fitted to such times: this says that it still is.
TEST(Predict, IsNearTheMeasuredTimesOfLongProblems) {
  const GpuInfo& h200 = *FindGpu("H200");
  struct Row {
    const char* spec;
    int head_dim, length;
    double tflops;
  };
  for (const Row& row :
       {Row{R"({"head_dim":64,"dtype":"bf16"})", 64, 2048, 505},
        Row{R"({"head_dim":128,"dtype":"bf16"})", 128, 2048, 627},
        Row{R"({"head_dim":128,"dtype":"bf16"})", 128, 8192, 676},
        Row{R"({"head_dim":256,"dtype":"bf16"})", 256, 8192, 753},
        Row{R"({"head_dim":128,"dtype":"bf16","mask":"causal"})", 128, 8192, 618}}) {
    const Prediction p = Predict(PlanOf(row.spec, Arch::kSm90a),
                                 Shape(16384 / row.length, 2048 / row.head_dim, row.length), h200);
    EXPECT_NEAR(p.tflops / row.tflops, 1, 0.15) << row.spec << row.length;
    EXPECT_NE(p.bottleneck, Resource::kMemory) << row.spec;
  }
}

TEST(Predict, DecodingIsBoundByMemory) {
  const KernelPlan plan = PlanOf(
      R"({"head_dim":128,"dtype":"bf16","heads":{"q":4,"kv":1},"hints":{"seqlen_q_at_most":1}})",
      Arch::kSm90a);
  ProblemShape shape = Shape(128, 8, 2048);
  shape.heads_q = 32;
  shape.seqlen_q = 1;
  const Prediction p = Predict(plan, shape, *FindGpu("H200"));
  EXPECT_EQ(p.bottleneck, Resource::kMemory);
  const double gbytes = 4.0 * 128 * 128 * 8 * 2048 / p.seconds / 1e9;
  EXPECT_NEAR(gbytes / 3902, 1, 0.15);  // docs/performance.md, 32/8/128 128x2048.
}

TEST(Predict, AFewTilesMoreThanOneRoundCostAWholeOne) {
  const KernelPlan plan = PlanOf(R"({"head_dim":128,"dtype":"bf16"})", Arch::kSm90a);
  const GpuInfo& h100 = *TypicalGpu(Arch::kSm90a);
  const Prediction one = Predict(plan, Shape(132, 1, 128), h100);
  const Prediction two = Predict(plan, Shape(133, 1, 128), h100);
  EXPECT_EQ(one.rounds, 1);
  EXPECT_EQ(two.rounds, 2);
  EXPECT_NEAR(one.balance, 1, 1e-9);
  EXPECT_GT(two.compute_seconds / one.compute_seconds, 1.8);  // Both wait for memory once.
}

}  // namespace
}  // namespace attnjit
