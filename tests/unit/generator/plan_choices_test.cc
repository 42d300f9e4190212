// A plan's choices as text and back.
#include "generator/plan_choices.h"

#include <gtest/gtest.h>

#include "generator/error.h"
#include "generator/plan_json.h"

namespace attnjit {
namespace {

KernelSpec Spec(const char* json) { return ResolveKernelSpec(llvm::cantFail(ParseSpec(json))); }

TEST(PlanChoices, GiveThePlannersPlanAgain) {
  for (const char* json :
       {R"({"head_dim":64,"dtype":"bf16"})", R"({"head_dim":128,"dtype":"bf16","mask":"causal"})",
        R"({"head_dim":256,"dtype":"fp16"})",
        R"({"head_dim":128,"dtype":"bf16","heads":{"q":8,"kv":1},
            "hints":{"seqlen_q_at_most":1}})"}) {
    const KernelSpec spec = Spec(json);
    const std::string text = ChoicesText(ChooseSm90(spec, Arch::kSm90a));
    const KernelPlan again = llvm::cantFail(PlanWithChoices(spec, Arch::kSm90a, text));
    EXPECT_EQ(PlanJson(again), PlanJson(llvm::cantFail(PlanKernel(spec, Arch::kSm90a)))) << text;
  }
}

TEST(PlanChoices, OtherTextIsRefused) {
  for (const char* text :
       {"", "sm90", "sm90 w2", "w2 x1 n128 s2 pp", "sm90 w2 x1 n128 s2 pp ", "sm90 x1 w2 n128 s2",
        "sm90 w2 x1 n128 s2 pp pp", "sm90 w-2 x1 n128 s2", "sm90 w2 x1 n99999999999 s2",
        "sm90 w2 x1 n128 s2 piece100", "mma w2 x1 n128 s2", "sm90 w02 x1 n128 s2"}) {
    EXPECT_FALSE(ParseSm90Choices(text)) << text;
  }
}

TEST(PlanChoices, WhatDoesNotFitIsAnError) {
  const KernelSpec spec = Spec(R"({"head_dim":256,"dtype":"bf16"})");
  for (const char* text :
       {"sm90 w3 x1 n256 s4", "nonsense", "sm90 w4 x1 n16 s2", "sm90 w1 x1 n24 s2",
        "sm90 w1 x1 n32 s2 pack3", "sm90 w1 x1 n32 s2 pp", "sm90 w1 x1 n32 s2 q3"}) {
    llvm::Expected<KernelPlan> plan = PlanWithChoices(spec, Arch::kSm90a, text);
    ASSERT_FALSE(static_cast<bool>(plan)) << text;
    EXPECT_TRUE(plan.errorIsA<PlanError>());
    llvm::consumeError(plan.takeError());
  }
}

}  // namespace
}  // namespace attnjit
