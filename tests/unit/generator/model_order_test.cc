// The order that the resource model predicts for plans, against times measured on an H200, and the
// choices that the planner makes by it.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "generator/plan_choices.h"
#include "llvm/Support/MemoryBuffer.h"
#include "tools/bench/measured_candidates.h"

namespace attnjit {
namespace {

std::vector<MeasuredProblem> Measured() {
  auto file = llvm::MemoryBuffer::getFile(MEASURED_CANDIDATES);
  EXPECT_TRUE(static_cast<bool>(file));
  return llvm::cantFail(ReadMeasured((*file)->getBuffer(), *FindGpu("H200")));
}

bool IsCausal(const MeasuredProblem& problem) {
  return problem.name.find("causal") != std::string::npos;
}

// What docs/model.md says of the model; a change that makes it worse must say so there.
TEST(ModelOrder, IsThatOfMeasuredTimesAsFarAsDocumented) {
  const std::vector<MeasuredProblem> problems = Measured();
  ASSERT_EQ(problems.size(), 36u);
  double correlation = 0;
  for (const MeasuredProblem& problem : problems) {
    ASSERT_GT(problem.candidates.size(), 3u) << problem.name;
    correlation += problem.RankCorrelation() / static_cast<double>(problems.size());
    if (problem.name.find("x1x") == std::string::npos) {
      EXPECT_LT(problem.LossOfFirst(), 1.05) << problem.name;
    }
  }
  EXPECT_GT(correlation, 0.65);
}

TEST(ModelOrder, NoPlanOfTheForwardGridIsFurtherOffThanDocumented) {
  for (const MeasuredProblem& problem : Measured()) {
    if (problem.name.find("x1x") != std::string::npos) continue;
    for (const MeasuredCandidate& c : problem.candidates) {
      EXPECT_NEAR(c.predicted_us / c.measured_us, 1, IsCausal(problem) ? 0.2 : 0.15)
          << problem.name << ' ' << c.choices;
    }
  }
}

TEST(PlannersChoice, IsPinnedForTheForwardGrid) {
  const std::pair<const char*, const char*> expected[] = {
      {R"({"head_dim":64,"dtype":"bf16"})", "sm90 w3 x1 n128 s2 q2 pp peel"},
      {R"({"head_dim":64,"dtype":"bf16","mask":"causal"})", "sm90 w3 x1 n128 s2 q2 pp peel"},
      {R"({"head_dim":128,"dtype":"bf16"})", "sm90 w2 x1 n176 s2 pp"},
      {R"({"head_dim":128,"dtype":"bf16","mask":"causal"})", "sm90 w2 x1 n128 s2 q2 pp"},
      {R"({"head_dim":256,"dtype":"bf16"})", "sm90 w2 x1 n80 s2"},
      {R"({"head_dim":256,"dtype":"bf16","mask":"causal"})", "sm90 w2 x1 n80 s2"},
  };
  for (const auto& [json, choices] : expected) {
    const KernelSpec spec = ResolveKernelSpec(llvm::cantFail(ParseSpec(json)));
    EXPECT_EQ(ChoicesText(ChooseSm90(spec, Arch::kSm90a)), choices) << json;
  }
}

}  // namespace
}  // namespace attnjit
