#include "generator/planner_sm100.h"

#include <gtest/gtest.h>

#include "generator/error.h"

namespace attnjit {
namespace {

KernelSpec Spec(int qk, int v, bool causal = false) {
  KernelSpec spec;
  spec.problem.element = spec.problem.element_o = spec.element_kv = Element::kBf16;
  spec.problem.head_dim_qk = qk;
  spec.problem.head_dim_v = v;
  spec.problem.group = 1;
  if (causal) spec.problem.right = Bound::kZero;
  return spec;
}

KernelPlan MustPlan(const KernelSpec& spec, Arch arch = Arch::kSm100a) {
  return llvm::cantFail(PlanKernel(spec, arch));
}
const Sm100Plan& Sm100(const KernelPlan& plan) { return std::get<Sm100Plan>(plan.plan); }

std::string Unmet(llvm::Expected<KernelPlan> plan) {
  if (plan) return "";
  std::string text;
  llvm::handleAllErrors(plan.takeError(), [&](const PlanError& error) {
    for (const std::string& line : error.unmet()) text += line + "\n";
  });
  return text;
}

TEST(PlannerSm100, IsTheFamilyOfBlackwellDataCentreGpus) {
  for (Arch arch : {Arch::kSm100a, Arch::kSm103a}) {
    EXPECT_EQ(MustPlan(Spec(128, 128), arch).family, Family::kSm100);
  }
  for (Arch arch : {Arch::kSm100, Arch::kSm103, Arch::kSm120a, Arch::kSm121}) {
    EXPECT_EQ(MustPlan(Spec(128, 128), arch).family, Family::kMma);
  }
}

TEST(PlannerSm100, EveryHeadDimFitsSharedAndTensorMemory) {
  for (int ctas : {0, 1, 2}) {
    for (int qk = 8; qk <= 256; qk += 8) {
      for (int v = 8; v <= 256; v += 8) {
        KernelSpec spec = Spec(qk, v, v % 16 == 0);
        spec.ctas = ctas;
        const KernelPlan plan = MustPlan(spec);
        ASSERT_EQ(plan.family, Family::kSm100) << qk << '/' << v;
        const Sm100Plan& p = Sm100(plan);
        EXPECT_LE(p.smem_bytes, GetArchInfo(Arch::kSm100a).smem_per_block) << qk << '/' << v;
        EXPECT_LE(p.o_column + p.q_tiles * p.o_stride, p.tensor_columns);
        EXPECT_LE(p.tensor_columns, 512);
        EXPECT_EQ(p.head_dim_v_padded % (16 * p.ctas), 0);
        EXPECT_GE(p.o.chunks * p.o.chunk, v);
        EXPECT_GE(p.ctas * p.v.chunks * p.v.chunk, v);
        EXPECT_EQ(plan.cluster, p.ctas);
        EXPECT_EQ(plan.tile_m, 128 * p.q_tiles * p.ctas);
      }
    }
  }
}

TEST(PlannerSm100, TensorMemoryHoldsSAndPAndOWithoutOverlapButPOverItsS) {
  const Sm100Plan& p = Sm100(MustPlan(Spec(128, 128)));
  EXPECT_EQ(p.s_stride, p.tile_n);
  EXPECT_GE(p.p_column, p.s_column);
  EXPECT_LE(p.p_column + p.tile_n / 2, p.s_column + p.tile_n);
  EXPECT_GE(p.o_column, p.s_column + p.s_stride + p.tile_n);
  EXPECT_GE(p.o_stride, p.head_dim_v_padded);
}

TEST(PlannerSm100, PairsOfCtasServeWideHeadDims) {
  EXPECT_EQ(Sm100(MustPlan(Spec(64, 64))).ctas, 1);
  EXPECT_EQ(Sm100(MustPlan(Spec(128, 128))).ctas, 2);
  EXPECT_EQ(Sm100(MustPlan(Spec(192, 128))).ctas, 2);
  EXPECT_EQ(Sm100(MustPlan(Spec(128, 128, true))).ctas, 1);
  EXPECT_EQ(Sm100(MustPlan(Spec(256, 256, true))).ctas, 2);
}

TEST(PlannerSm100, ARequestForcesOneCtaOrTwo) {
  KernelSpec spec = Spec(128, 128);
  spec.ctas = 1;
  EXPECT_EQ(Sm100(MustPlan(spec)).ctas, 1);
  spec.problem.right = Bound::kZero;
  spec.ctas = 2;
  EXPECT_EQ(Sm100(MustPlan(spec)).ctas, 2);
  EXPECT_NE(Unmet(PlanKernel(spec, Arch::kSm90a)).find("two CTAs"), std::string::npos);
  EXPECT_NE(Unmet(PlanKernel(spec, Arch::kSm80)).find("two CTAs"), std::string::npos);
}

TEST(PlannerSm100, TwiceTheExponentialRateNeedsNoPolynomial) {
  EXPECT_GT(Sm100(MustPlan(Spec(128, 128))).exp_share, 0);
  EXPECT_EQ(Sm100(MustPlan(Spec(128, 128), Arch::kSm103a)).exp_share, 0);
}

TEST(PlannerSm100, FewQueriesAreLeftToMmaAndExplainSaysSo) {
  KernelSpec spec = Spec(128, 128);
  spec.seqlen_q_at_most = 4;
  const KernelPlan plan = MustPlan(spec);
  EXPECT_EQ(plan.family, Family::kMma);
  ASSERT_FALSE(plan.reasons.empty());
  EXPECT_NE(plan.reasons[0].find("hints promise 4 at most"), std::string::npos);
  spec.ctas = 2;
  EXPECT_NE(Unmet(PlanKernel(spec, Arch::kSm100a)).find("hints promise 4"), std::string::npos);
}

TEST(PlannerSm100, PromisedMultiplesDropChecks) {
  KernelSpec spec = Spec(64, 64);
  EXPECT_TRUE(Sm100(MustPlan(spec)).check_q_rows);
  spec.seqlen_q_multiple_of = 256;
  spec.seqlen_kv_multiple_of = 128;
  EXPECT_FALSE(Sm100(MustPlan(spec)).check_q_rows);
  EXPECT_FALSE(Sm100(MustPlan(spec)).check_kv_rows);
}

TEST(PlannerSm100, ChoicesThatNoKernelTakesAreRefused) {
  const KernelSpec spec = Spec(64, 64);
  const Sm100Choices good = ChooseSm100(spec, Arch::kSm100a);
  EXPECT_EQ(Unmet(PlanSm100With(spec, Arch::kSm100a, good)), "");
  const auto refused = [&](auto change) {
    Sm100Choices choices = good;
    change(choices);
    return Unmet(PlanSm100With(spec, Arch::kSm100a, choices));
  };
  EXPECT_NE(refused([](Sm100Choices& c) { c.ctas = 3; }).find("ctas"), std::string::npos);
  EXPECT_NE(refused([](Sm100Choices& c) { c.tile_n = 48; }).find("tile_n"), std::string::npos);
  EXPECT_NE(refused([](Sm100Choices& c) { c.p_first = 160; }).find("p_first"), std::string::npos);
  EXPECT_NE(refused([](Sm100Choices& c) { c.exp_share = 5; }).find("exp_share"), std::string::npos);
  EXPECT_NE(refused([](Sm100Choices& c) { c.exp_degree = 9; }).find("exp_degree"),
            std::string::npos);
  EXPECT_NE(refused([](Sm100Choices& c) { c.rescale_threshold = 16; }).find("threshold"),
            std::string::npos);
  EXPECT_NE(refused([](Sm100Choices& c) { c.k_stages = 40; }).find("shared memory"),
            std::string::npos);
  EXPECT_NE(Unmet(PlanSm100(spec, Arch::kSm90a)).find("tcgen05"), std::string::npos);
}

}  // namespace
}  // namespace attnjit
