// A sample of the numeric suite under GoogleTest; skips without a GPU.
#include <gtest/gtest.h>

#include "runtime/engine.h"
#include "tests/gpu/case_grid.h"
#include "tests/gpu/case_runner.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {
namespace {

constexpr size_t kSample = 60;

TEST(GpuSuiteTest, ASampleOfTheGridPasses) {
  llvm::Expected<OpenedGpu> gpu = OpenGpu(0);
  if (!gpu) GTEST_SKIP() << "no GPU: " << llvm::toString(gpu.takeError());
  if (!gpu->device->arch()) GTEST_SKIP() << "no kernels for " << gpu->device->name();
  std::unique_ptr<Engine> engine = llvm::cantFail(Engine::Create({}));
  ScopedContext current(*gpu->driver, gpu->device->context());
  llvm::cantFail(current.TakeError());
  CaseRunner runner(*gpu->driver,
                    [&](const AttentionSpec& spec) { return engine->Prepare(spec, 0); });
  std::vector<SuiteCase> cases = MakeCaseGrid({*gpu->device->arch()});
  cases.resize(std::min(cases.size(), kSample));
  for (const SuiteCase& suite_case : cases) {
    CaseResult result = runner.Run(suite_case, {});
    EXPECT_NE(result.status, CaseStatus::kFailed) << suite_case.id << ": " << result.detail;
    ASSERT_FALSE(result.device_lost);
  }
}

}  // namespace
}  // namespace attnjit
