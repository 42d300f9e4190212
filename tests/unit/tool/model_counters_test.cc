// The resource model's counts against the emulator's, which ran the kernel.
#include <gmock/gmock.h>

#include <string>

#include "generator/model/predict.h"
#include "runtime/compiler.h"
#include "tools/attnjit/profile.h"

namespace attnjit {
namespace {

using emulator::InstructionClass;
using emulator::Traffic;

struct Case {
  const char* arch;
  const char* spec;
};

std::string NameOf(const testing::TestParamInfo<Case>& info) {
  AttentionSpec spec = llvm::cantFail(ParseSpec(info.param.spec));
  return KernelName(ResolveKernelSpec(spec), *ParseArch(info.param.arch));
}

class ModelCounters : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (llvm::Error error = Compiler({}).Describe().takeError()) {
      GTEST_SKIP() << "no NVRTC: " << llvm::toString(std::move(error));
    }
    const AttentionSpec spec = llvm::cantFail(ParseSpec(GetParam().spec));
    plan_ = llvm::cantFail(PlanKernel(ResolveKernelSpec(spec), *ParseArch(GetParam().arch)));
    EngineOptions options;
    options.disk_cache = false;
    profile_ = llvm::cantFail(ProfileKernel(spec, plan_, options));
    const ProblemShape shape = {
        .batch = 1,
        .heads_q = plan_.spec.problem.group,
        .heads_kv = 1,
        .seqlen_q = profile_.seqlen_q,
        .seqlen_kv = profile_.seqlen_kv,
        .window_left = spec.mask.left.value_or(0),
        .window_right = spec.mask.right.value_or(0),
    };
    model_ = TotalWork(plan_, shape);
  }
  double Bytes(std::initializer_list<Traffic> kinds) const {
    double sum = 0;
    for (Traffic kind : kinds) sum += static_cast<double>(profile_.counters[kind]);
    return sum;
  }
  double Results(std::initializer_list<InstructionClass> kinds) const {
    double sum = 0;
    for (InstructionClass kind : kinds) sum += 32.0 * static_cast<double>(profile_.counters[kind]);
    return sum;
  }

  KernelPlan plan_;
  Profile profile_;
  Amounts model_;
};

TEST_P(ModelCounters, AgreeWithTheEmulators) {
  EXPECT_EQ(model_[Resource::kMatrix], static_cast<double>(profile_.counters[MatrixKind::kF16]));
  EXPECT_NEAR(model_[Resource::kSpecial] /
                  Results({InstructionClass::kExponential, InstructionClass::kReciprocal,
                           InstructionClass::kLogarithm}),
              1, 0.02);
  const double global = Bytes({Traffic::kBulkFromGlobal, Traffic::kCpAsyncToShared,
                               Traffic::kGlobalLoad, Traffic::kGlobalStore});
  EXPECT_NEAR(model_[Resource::kL2] / global, 1, 0.01);
  const double shared =
      Bytes({Traffic::kBulkToShared, Traffic::kMatrixFromShared, Traffic::kCpAsyncToShared,
             Traffic::kSharedLoad, Traffic::kSharedStore});
  EXPECT_NEAR(model_[Resource::kShared] / shared, 1, 0.05);
  if (Bytes({Traffic::kSharedLoad}) > 0) {
    EXPECT_GT(profile_.counters.shared_wavefronts, 0u);
  }
  // Address arithmetic, moves and waits are not counted: kOverlapFit.issue stands for them.
  double issued = 0;
  for (const uint64_t count : profile_.counters.warp_instructions) issued += count;
  EXPECT_LT(model_[Resource::kIssue], issued);
  EXPECT_GT(model_[Resource::kIssue], issued / 3);
}

INSTANTIATE_TEST_SUITE_P(
    Kernels, ModelCounters,
    testing::Values(
        Case{"sm_90a", R"({"head_dim":64,"dtype":"bf16"})"},
        Case{"sm_90a", R"({"head_dim":128,"dtype":"fp16","mask":"causal","lse":true})"},
        Case{"sm_90a", R"({"head_dim":{"qk":192,"v":128},"dtype":"bf16","heads":{"q":2,"kv":1}})"},
        Case{"sm_90a", R"({"head_dim":128,"dtype":"bf16","mask":{"window":[100,0]},
                           "align":"bottom_right"})"},
        Case{"sm_90a", R"({"head_dim":128,"dtype":"bf16","heads":{"q":8,"kv":1},
                           "hints":{"seqlen_q_at_most":1}})"},
        Case{"sm_80", R"({"head_dim":128,"dtype":"bf16","lse":true})"},
        Case{"sm_80", R"({"head_dim":256,"dtype":"fp16","mask":"causal"})"}),
    NameOf);

}  // namespace
}  // namespace attnjit
