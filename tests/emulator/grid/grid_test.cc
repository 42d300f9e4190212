// The grid: right numbers, the same bits twice, nothing written outside, not one finding.
#include <gtest/gtest.h>

#include <memory>
#include <ostream>

#include "runtime/emulator/driver/emulator.h"
#include "runtime/engine_parts.h"
#include "tests/emulator/grid/emulator_grid.h"
#include "tests/gpu/case_runner.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {

void PrintTo(Arch arch, std::ostream* os) { *os << GetArchInfo(arch).name; }

namespace {

using emulator::AsyncPolicy;

/// Findings that a failing case shows.
constexpr size_t kShownFindings = 3;

/// An emulated GPU and an engine for it.
class Rig {
 public:
  explicit Rig(const char* arch) : arch_(arch) { Open(); }

  const DriverTable& driver() const { return *gpu_.driver; }
  cu::Context context() const { return gpu_.device->context(); }
  llvm::Expected<std::shared_ptr<const Kernel>> Prepare(const AttentionSpec& spec) {
    return engine_->Prepare(spec, 0);
  }
  emulator::Emulator& emulator() { return *emulator_; }
  /// Starts anew: a context that has failed stays so.
  void Open() {
    emulator::EmulatorOptions options;
    options.devices = {arch_};
    emulator_ = llvm::cantFail(emulator::MakeDriver(options));
    std::shared_ptr<const DriverTable> table = emulator_->table();
    gpu_ = llvm::cantFail(OpenGpuOf(table, 0));
    EngineOptions engine_options;
    engine_options.disk_cache = false;
    EngineParts parts = DefaultParts(engine_options);
    parts.open_driver = [table] { return table; };
    engine_ = llvm::cantFail(CreateEngine(engine_options, std::move(parts)));
  }

 private:
  const char* arch_;
  std::shared_ptr<emulator::Emulator> emulator_;
  OpenedGpu gpu_;
  std::unique_ptr<Engine> engine_;
};

/// Eager, late and a seed in turn, so that each kernel sees several.
AsyncPolicy PolicyOf(size_t index) {
  constexpr AsyncPolicy::Kind kKinds[] = {AsyncPolicy::Kind::kEager, AsyncPolicy::Kind::kLate,
                                          AsyncPolicy::Kind::kSeeded};
  return {kKinds[index % 3], index};
}

std::string Describe(const emulator::Findings& findings) {
  std::string text;
  for (size_t i = 0; i < std::min(findings.reports.size(), kShownFindings); ++i) {
    text += "\n" + emulator::ToText(findings.reports[i]);
  }
  return text;
}

std::string Describe(const std::vector<std::string>& log) {
  std::string text;
  for (const std::string& line : log) text += "\n" + line;
  return text;
}

class EmulatorGridTest : public testing::TestWithParam<Arch> {};

TEST_P(EmulatorGridTest, EveryCaseIsRightAndClean) {
  Rig rig(GetArchInfo(GetParam()).name);
  const std::vector<SuiteCase> cases = MakeEmulatorGrid(GetParam());
  for (size_t i = 0; i < cases.size(); ++i) {
    const AsyncPolicy policy = PolicyOf(i);
    rig.emulator().SetPolicy(policy);
    CaseResult result;
    {
      ScopedContext current(rig.driver(), rig.context());
      llvm::cantFail(current.TakeError());
      const CaseRunner runner(rig.driver(),
                              [&](const AttentionSpec& spec) { return rig.Prepare(spec); });
      result = runner.Run(cases[i], {});
    }
    const emulator::Findings findings = rig.emulator().TakeFindings();
    EXPECT_TRUE(result.status == CaseStatus::kPassed && findings.total == 0)
        << cases[i].id << " (" << emulator::ToString(policy) << ", "
        << CaseStatusName(result.status) << "): " << result.detail << "; " << findings.total
        << " findings" << Describe(findings) << Describe(rig.emulator().TakeLog());
    if (result.device_lost) rig.Open();
  }
}

constexpr Arch kArchs[] = {Arch::kSm80,   Arch::kSm86,   Arch::kSm89,  Arch::kSm90a,
                           Arch::kSm100a, Arch::kSm103a, Arch::kSm120a};

INSTANTIATE_TEST_SUITE_P(Archs, EmulatorGridTest, testing::ValuesIn(kArchs),
                         [](const auto& param) { return GetArchInfo(param.param).name; });

TEST(EmulatorGridSizeTest, HasEnoughCasesOfEachFamily) {
  size_t cases = 0;
  for (Arch arch : kArchs) cases += MakeEmulatorGrid(arch).size();
  EXPECT_GE(cases, 350u);
  EXPECT_GE(MakeEmulatorGrid(Arch::kSm100a).size(), 150u);
}

}  // namespace
}  // namespace attnjit
