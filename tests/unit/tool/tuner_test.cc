// Tuning: ranking by the model, and the measuring itself with an emulated GPU behind the driver's
// table, whose events tell no time but whose kernels compute.
#include "tools/attnjit/tuner.h"

#include <gmock/gmock.h>

#include <cmath>

#include "generator/plan_choices.h"
#include "tools/attnjit/emulation.h"

namespace attnjit {
namespace {

constexpr const char* kSpec = R"({"head_dim":64,"dtype":"bf16","heads":{"q":1,"kv":1}})";

TuneRow Row(double milliseconds) {
  TuneRow row;
  row.measured_ms = milliseconds;
  return row;
}

TEST(WinnerOf, KeepsThePlannersChoiceUnlessAnotherIsFasterThanNoise) {
  EXPECT_EQ(WinnerOf({Row(1.0), Row(0.995), Row(1.2)}), 0u);
  EXPECT_EQ(WinnerOf({Row(1.0), Row(0.98), Row(0.97)}), 2u);
  EXPECT_EQ(WinnerOf({Row(1.0), Row(0)}), 0u);  // Not measured.
}

TEST(TuneRows, StartWithThePlannersChoiceAndHavePredictions) {
  const AttentionSpec spec = llvm::cantFail(ParseSpec(kSpec));
  const KernelPlan own = llvm::cantFail(PlanKernel(ResolveKernelSpec(spec), Arch::kSm90a));
  const SizedProblem sized = llvm::cantFail(SizedProblems(spec, "", {"prefill 4x4096"}))[0];
  const std::vector<TuneRow> rows = TuneRows(spec, own, sized.shape(), TypicalGpu(Arch::kSm90a));
  ASSERT_GT(rows.size(), 3u);
  EXPECT_EQ(rows[0].choices, ChoicesText(ChooseSm90(ResolveKernelSpec(spec), Arch::kSm90a)));
  for (const TuneRow& row : rows) {
    EXPECT_GT(row.predicted_ms, 0) << row.choices;
    // What a record will hold gives the very plan that was measured.
    const KernelPlan again =
        llvm::cantFail(PlanWithChoices(ResolveKernelSpec(spec), Arch::kSm90a, row.choices));
    EXPECT_EQ(std::get<Sm90Plan>(again.plan), std::get<Sm90Plan>(row.plan.plan)) << row.choices;
  }
}

TEST(MeasureRows, ChecksEveryCandidateAgainstTheFirst) {
  if (llvm::Error error = Compiler({}).Describe().takeError()) {
    GTEST_SKIP() << "no NVRTC: " << llvm::toString(std::move(error));
  }
  const AttentionSpec spec = llvm::cantFail(ParseSpec(kSpec));
  const KernelPlan own = llvm::cantFail(PlanKernel(ResolveKernelSpec(spec), Arch::kSm90a));
  const SizedProblem sized = llvm::cantFail(SizedProblems(spec, "", {"prefill 1x200"}))[0];
  std::vector<TuneRow> rows = TuneRows(spec, own, sized.shape(), nullptr);
  rows.resize(2);
  // A plan that computes something else: its causal mask is not the request's.
  TuneRow wrong = rows[1];
  wrong.plan = llvm::cantFail(PlanKernel(
      ResolveKernelSpec(llvm::cantFail(
          ParseSpec(R"({"head_dim":64,"dtype":"bf16","mask":"causal","align":"top_left"})"))),
      Arch::kSm90a));
  rows.push_back(wrong);
  const Emulation emulation = llvm::cantFail(OpenEmulation({"sm_90a", {}, false}, {}));
  ScopedContext current(*emulation.gpu.driver, emulation.gpu.device->context());
  ASSERT_FALSE(static_cast<bool>(current.TakeError()));
  ASSERT_FALSE(
      static_cast<bool>(MeasureRows(emulation.gpu, Compiler({}), spec, sized, {{0, 1}, 1}, rows)));
  EXPECT_EQ(rows[0].problem, "");
  EXPECT_EQ(rows[0].difference, 0);
  EXPECT_EQ(rows[1].problem, "");
  EXPECT_THAT(rows[2].problem, testing::HasSubstr("o is off by"));
  EXPECT_EQ(rows[2].measured_ms, 0);
  for (const TuneRow& row : rows) EXPECT_GT(row.registers, 0) << row.choices;
}

}  // namespace
}  // namespace attnjit
