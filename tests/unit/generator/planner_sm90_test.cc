// What a user relies on from the sm90 family's plans: every request of the supported set gets a
// plan that sm_90a can launch, padded no more than the matrix instruction asks for.
#include "generator/planner_sm90.h"

#include "generator/error.h"
#include "gtest/gtest.h"

namespace attnjit {
namespace {

KernelSpec Spec(int head_dim_qk, int head_dim_v, Bound right = Bound::kNone) {
  KernelSpec spec;
  spec.problem.element = Element::kBf16;
  spec.problem.element_o = Element::kBf16;
  spec.problem.head_dim_qk = head_dim_qk;
  spec.problem.head_dim_v = head_dim_v;
  spec.problem.group = 1;
  spec.problem.right = right;
  return spec;
}

const Sm90Plan& Sm90(const KernelPlan& plan) { return std::get<Sm90Plan>(plan.plan); }

TEST(PlanSm90, EveryPairOfHeadDimsFitsTheSharedMemoryAndTheRegistersOfABlock) {
  const ArchInfo& gpu = GetArchInfo(Arch::kSm90a);
  for (int qk = 8; qk <= 256; qk += 8) {
    for (int v = 8; v <= 256; v += 8) {
      for (const Bound right : {Bound::kNone, Bound::kZero}) {
        const KernelPlan plan = llvm::cantFail(PlanSm90(Spec(qk, v, right), Arch::kSm90a));
        const Sm90Plan& p = Sm90(plan);
        SCOPED_TRACE(plan.name);
        EXPECT_LE(plan.smem_bytes, gpu.smem_per_block);
        EXPECT_LE(p.consumer_registers * 128 * p.consumer_warpgroups + p.producer_registers * 128,
                  gpu.registers_per_sm / p.threads() / 8 * 8 * p.threads());
        EXPECT_GE(p.tile_n, 64);
        EXPECT_EQ(p.tile_n % 16, 0);
        EXPECT_EQ(p.tile_m, 64 * p.consumer_warpgroups);
      }
    }
  }
}

TEST(PlanSm90, HeadDimsArePaddedToTheMatrixInstructionOnly) {
  for (int dim = 8; dim <= 256; dim += 8) {
    const KernelPlan plan = llvm::cantFail(PlanSm90(Spec(dim, dim), Arch::kSm90a));
    EXPECT_EQ(Sm90(plan).head_dim_qk_padded, (dim + 15) / 16 * 16);
    EXPECT_EQ(Sm90(plan).head_dim_v_padded, dim);
    EXPECT_LT(Sm90(plan).k.chunk * Sm90(plan).k.chunks, dim + 32) << dim;
  }
}

TEST(PlanSm90, RegionsOfSharedMemoryDoNotOverlap) {
  for (const int dim : {8, 40, 64, 72, 128, 192, 256}) {
    const KernelPlan plan = llvm::cantFail(PlanSm90(Spec(dim, dim), Arch::kSm90a));
    int end = 0;
    for (const SmemRegion& region : plan.smem_map) {
      EXPECT_GE(region.offset, end) << plan.name << " " << region.name;
      EXPECT_EQ(region.offset % (region.name == "barriers" ? 8 : 1024), 0) << plan.name;
      end = region.offset + region.bytes;
    }
    EXPECT_EQ(end, plan.smem_bytes) << plan.name;
  }
}

TEST(PlanSm90, PromisedMultiplesDropTheChecks) {
  KernelSpec spec = Spec(128, 128);
  EXPECT_TRUE(Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a))).check_kv_rows);
  spec.seqlen_kv_multiple_of = 176;
  spec.seqlen_q_multiple_of = 256;
  const KernelPlan plan = llvm::cantFail(PlanSm90(spec, Arch::kSm90a));
  EXPECT_FALSE(Sm90(plan).check_kv_rows);
  EXPECT_FALSE(Sm90(plan).check_q_rows);
}

TEST(PlanSm90, VIsGuardedWhereABlockMayBePartlyVisible) {
  EXPECT_FALSE(Sm90(llvm::cantFail(PlanSm90(Spec(128, 128), Arch::kSm90a))).guard_v);
  EXPECT_TRUE(Sm90(llvm::cantFail(PlanSm90(Spec(128, 128, Bound::kZero), Arch::kSm90a))).guard_v);
  KernelSpec packed = Spec(128, 128);
  packed.problem.packed = true;
  EXPECT_TRUE(Sm90(llvm::cantFail(PlanSm90(packed, Arch::kSm90a))).guard_v);
}

TEST(PlanSm90, FewQueriesPackAGroupAndCutItsKeys) {
  KernelSpec spec = Spec(128, 128, Bound::kZero);
  spec.problem.diagonal = Diagonal::kBottomRight;
  for (const auto& [group, pack] : {std::pair{1, 1}, {5, 5}, {16, 16}, {65, 13}, {128, 64}}) {
    spec.problem.group = group;
    spec.seqlen_q_at_most = 1;
    const Sm90Plan one = Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a)));
    EXPECT_EQ(one.pack, pack);
    EXPECT_EQ(one.consumer_warpgroups, 1);
    EXPECT_EQ(one.tile_m, 64 / pack);
    EXPECT_GT(one.split_blocks, 0);
    EXPECT_FALSE(one.problem.masked()) << "one query at the bottom right sees every key";
    spec.seqlen_q_at_most = 64;
    EXPECT_TRUE(Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a))).problem.masked());
  }
  spec.seqlen_q_at_most = 65;
  EXPECT_EQ(Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a))).split_blocks, 0);
}

TEST(PlanSm90, ShortSequencesGetNarrowBlocksAndAFirstBlockOfTheirOwn) {
  for (const int head_dim : {64, 128, 192, 256}) {
    KernelSpec spec = Spec(head_dim, head_dim);
    const Sm90Plan any = Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a)));
    spec.seqlen_q_at_most = kShortQueries;
    const Sm90Plan few = Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a)));
    EXPECT_TRUE(few.peel_first);
    EXPECT_EQ(few.split_blocks, 0);
    EXPECT_LE(few.tile_n, any.tile_n);
    EXPECT_GE(few.stages, any.stages);
  }
}

TEST(PlanSm90, PlansForFewQueriesFitAsManyBlocksAsTheySay) {
  const ArchInfo& gpu = GetArchInfo(Arch::kSm90a);
  for (int qk = 8; qk <= 256; qk += 8) {
    for (int v = 8; v <= 256; v += 8) {
      KernelSpec spec = Spec(qk, v);
      spec.problem.group = 1 + qk / 8 % 3;
      spec.seqlen_q_at_most = 1 + v / 8 % 40;
      const KernelPlan plan = llvm::cantFail(PlanSm90(spec, Arch::kSm90a));
      SCOPED_TRACE(plan.name);
      EXPECT_LE((plan.smem_bytes + kSmemReservedPerBlock) * plan.blocks_per_sm, gpu.smem_per_sm);
      EXPECT_GE(Sm90(plan).stages, 2);
      EXPECT_GE(plan.tile_n, 48);
    }
  }
}

TEST(PlanSm90, TheNextQHasAPlaceWhereThatTakesNothingFromTheTile) {
  const auto plan = [](const KernelSpec& spec) {
    return Sm90(llvm::cantFail(PlanSm90(spec, Arch::kSm90a)));
  };
  EXPECT_EQ(plan(Spec(64, 64)).q_stages, 2);
  EXPECT_EQ(plan(Spec(128, 128, Bound::kZero)).q_stages, 2);
  EXPECT_EQ(plan(Spec(128, 128)).q_stages, 1) << "tile_n 176 leaves no room";
  EXPECT_EQ(plan(Spec(128, 128)).tile_n, 176);
  EXPECT_EQ(plan(Spec(256, 256)).q_stages, 1);
}

TEST(PlanSm90, EveryUnmetRequirementIsNamed) {
  KernelSpec spec = Spec(128, 128);
  spec.element_kv = Element::kFp16;
  llvm::Expected<KernelPlan> plan = PlanSm90(spec, Arch::kSm90);
  ASSERT_FALSE(plan);
  llvm::handleAllErrors(plan.takeError(), [](const PlanError& error) {
    ASSERT_EQ(error.unmet().size(), 2u);
    EXPECT_NE(error.unmet()[0].find("wgmma"), std::string::npos);
    EXPECT_NE(error.unmet()[1].find("one dtype"), std::string::npos);
  });
}

TEST(PlanSm90, ChoicesThatDoNotFitAreRefused) {
  Sm90Choices choices;
  choices.tile_n = 256;
  choices.stages = 4;
  llvm::Expected<KernelPlan> plan = PlanSm90With(Spec(256, 256), Arch::kSm90a, choices);
  ASSERT_FALSE(plan);
  EXPECT_NE(llvm::toString(plan.takeError()).find("shared memory"), std::string::npos);
}

}  // namespace
}  // namespace attnjit
