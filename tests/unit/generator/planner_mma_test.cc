// What a user relies on from the mma family's plans: every request of the supported set gets a plan
// that its GPU can launch, and checks go only where the caller promised what they check.
#include <set>

#include "generator/error.h"
#include "generator/planner.h"
#include "gtest/gtest.h"

namespace attnjit {
namespace {

KernelSpec Spec(int head_dim_qk, int head_dim_v, Bound left, Bound right) {
  KernelSpec spec;
  spec.problem = {.element = Element::kBf16,
                  .element_o = Element::kBf16,
                  .head_dim_qk = head_dim_qk,
                  .head_dim_v = head_dim_v,
                  .group = 1,
                  .left = left,
                  .right = right,
                  .diagonal = Diagonal::kBottomRight,
                  .packed = false,
                  .lse = true};
  return spec;
}

KernelSpec Causal(int head_dim) { return Spec(head_dim, head_dim, Bound::kNone, Bound::kZero); }

KernelPlan MustPlan(const KernelSpec& spec, Arch arch) {
  llvm::Expected<KernelPlan> plan = PlanMma(spec, arch);
  if (!plan) {
    ADD_FAILURE() << llvm::toString(plan.takeError());
    return {};
  }
  return *plan;
}

const MmaPlan& Mma(const KernelPlan& plan) { return std::get<MmaPlan>(plan.plan); }

void ExpectLaunchable(const KernelPlan& plan) {
  const ArchInfo& gpu = GetArchInfo(plan.arch);
  const MmaPlan& p = Mma(plan);
  SCOPED_TRACE(plan.name);
  EXPECT_LE(plan.smem_bytes, gpu.smem_per_block);
  EXPECT_LE(plan.blocks_per_sm * (plan.smem_bytes + kSmemReservedPerBlock), gpu.smem_per_sm);
  EXPECT_LE(plan.blocks_per_sm * plan.threads, gpu.max_threads_per_sm);
  EXPECT_EQ(p.tile_m % (16 * p.warps), 0);
  EXPECT_EQ(p.tile_n % 16, 0);
  EXPECT_EQ(p.head_dim_qk_padded % 16, 0);
  EXPECT_EQ(plan.tile_m, p.tile_m);
  EXPECT_EQ(plan.tile_n, p.tile_n);
  EXPECT_EQ(plan.threads, 32 * p.warps);
  EXPECT_EQ(plan.smem_bytes, p.smem_bytes);
  EXPECT_FALSE(plan.reasons.empty());
}

TEST(PlanMma, EveryHeadDimOnEveryGpuGetsALaunchablePlan) {
  for (const ArchInfo& gpu : AllArchs()) {
    for (int qk = 8; qk <= 256; qk += 8) {
      for (const int v : {8, 64, 72, 128, 136, 192, 256, qk}) {
        ExpectLaunchable(MustPlan(Spec(qk, v, Bound::kNone, Bound::kNone), gpu.arch));
        ExpectLaunchable(MustPlan(Spec(qk, v, Bound::kRuntime, Bound::kZero), gpu.arch));
      }
    }
  }
}

TEST(PlanMma, RegionsOfSharedMemoryDoNotOverlapExceptTheOutput) {
  for (const int head_dim : {8, 40, 64, 128, 200, 256}) {
    const KernelPlan plan = MustPlan(Causal(head_dim), Arch::kSm86);
    int end = 0;
    for (const SmemRegion& region : plan.smem_map) {
      EXPECT_LE(region.offset + region.bytes, plan.smem_bytes) << region.name;
      EXPECT_EQ(region.offset % 16, 0) << region.name;
      if (region.name == "o") continue;
      EXPECT_GE(region.offset, end) << region.name;
      end = region.offset + region.bytes;
    }
    EXPECT_EQ(end, plan.smem_bytes);
  }
}

TEST(PlanMma, HeadDimIsPaddedToTheInstructionOnly) {
  const KernelPlan plan = MustPlan(Spec(72, 40, Bound::kNone, Bound::kZero), Arch::kSm80);
  EXPECT_EQ(Mma(plan).head_dim_qk_padded, 80);
  EXPECT_EQ(Mma(plan).v_stage_bytes(), plan.tile_n * 40 * 2);
}

TEST(PlanMma, WithoutPromisesEveryRowIsChecked) {
  const KernelPlan plan = MustPlan(Causal(128), Arch::kSm80);
  EXPECT_TRUE(Mma(plan).check_q_rows);
  EXPECT_TRUE(Mma(plan).check_kv_rows);
}

TEST(PlanMma, PromisedMultiplesOfTheTileDropChecks) {
  KernelSpec spec = Causal(128);
  spec.seqlen_q_multiple_of = 256;
  spec.seqlen_kv_multiple_of = 128;
  const KernelPlan plan = MustPlan(spec, Arch::kSm80);
  EXPECT_FALSE(Mma(plan).check_q_rows);
  EXPECT_FALSE(Mma(plan).check_kv_rows);
}

TEST(PlanMma, PromisedMultiplesSmallerThanTheTileDropNothing) {
  KernelSpec spec = Causal(128);
  spec.seqlen_q_multiple_of = 8;
  spec.seqlen_kv_multiple_of = 8;
  const KernelPlan plan = MustPlan(spec, Arch::kSm80);
  EXPECT_TRUE(Mma(plan).check_q_rows);
  EXPECT_TRUE(Mma(plan).check_kv_rows);
}

TEST(PlanMma, TilesDoNotDependOnPromisesAboutLengths) {
  KernelSpec promised = Causal(64);
  promised.seqlen_q_multiple_of = promised.seqlen_kv_multiple_of = 1024;
  const KernelPlan a = MustPlan(Causal(64), Arch::kSm90);
  const KernelPlan b = MustPlan(promised, Arch::kSm90);
  EXPECT_EQ(a.tile_m, b.tile_m);
  EXPECT_EQ(a.tile_n, b.tile_n);
}

TEST(PlanMma, MixedOperandDtypesAreRefusedWithTheReason) {
  KernelSpec spec = Causal(64);
  spec.element_kv = Element::kFp16;
  llvm::Expected<KernelPlan> plan = PlanMma(spec, Arch::kSm89);
  ASSERT_FALSE(plan);
  std::vector<std::string> unmet;
  llvm::handleAllErrors(plan.takeError(), [&](const PlanError& e) { unmet = e.unmet(); });
  ASSERT_EQ(unmet.size(), 1u);
  EXPECT_EQ(
      unmet[0],
      "mma: q and kv must have one dtype (mma.sync multiplies operands of one type), got bf16 "
      "and fp16");
}

TEST(PlanMma, SmallSharedMemoryStillKeepsTwoBlocksAtHeadDim128) {
  for (const Arch arch : {Arch::kSm86, Arch::kSm89, Arch::kSm120, Arch::kSm121}) {
    EXPECT_EQ(MustPlan(Causal(128), arch).blocks_per_sm, 2);
  }
}

}  // namespace
}  // namespace attnjit
