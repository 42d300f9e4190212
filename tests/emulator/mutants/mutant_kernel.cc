#include "tests/emulator/mutants/mutant_kernel.h"

#include <memory>
#include <utility>

#include "generator/emit.h"
#include "generator/planner.h"
#include "runtime/device.h"
#include "runtime/emulator/driver/emulator.h"
#include "runtime/engine_parts.h"
#include "tests/gpu/case_runner.h"

namespace attnjit::emulator {
namespace {

/// A mutant may loop for ever: the good kernels of these sizes take some hundred thousand.
constexpr uint64_t kMaxInstructions = 20'000'000;

Verdict Refused(std::string how) { return {true, "refused", std::move(how)}; }

EngineParts PartsFor(std::shared_ptr<const DriverTable> table, CompileOutput output) {
  EngineParts parts;
  parts.open_driver = [table] { return table; };
  parts.toolchain_digest = [] { return std::string(64, '0'); };
  parts.compile = [output = std::move(output)](auto...) { return output; };
  return parts;
}

}  // namespace

llvm::Expected<MutantKernel> MutantKernel::Compile(std::vector<SuiteCase> cases) {
  MutantKernel kernel;
  kernel.cases_ = std::move(cases);
  llvm::Expected<AttentionSpec> spec = ParseSpec(kernel.cases_.front().spec);
  if (!spec) return spec.takeError();
  kernel.device_ = GetArchInfo(*spec->arch).name;
  llvm::Expected<KernelPlan> plan = PlanKernel(ResolveKernelSpec(*spec), *spec->arch);
  if (!plan) return plan.takeError();
  llvm::Expected<CompileOutput> output =
      DefaultParts(EngineOptions()).compile(EmitSource(*plan), plan->name, CompileOptions(*plan));
  if (!output) return output.takeError();
  kernel.output_ = std::move(*output);
  return kernel;
}

Verdict MutantKernel::Run(const std::string& ptx, const AsyncPolicy& policy) const {
  for (const SuiteCase& one : cases_) {
    Verdict verdict = RunCase(one, ptx, policy);
    if (verdict.caught) return verdict;
  }
  return {};
}

Verdict MutantKernel::RunCase(const SuiteCase& suite_case, const std::string& ptx,
                              const AsyncPolicy& policy) const {
  EmulatorOptions options;
  options.devices = {device_};
  options.sms = 1;  // A persistent block takes all tiles: its rings go round.
  options.policy = policy;
  options.threads = 1;
  options.max_instructions = kMaxInstructions;
  llvm::Expected<std::shared_ptr<Emulator>> emulator = MakeDriver(options);
  if (!emulator) return Refused("no emulator: " + llvm::toString(emulator.takeError()));
  const std::shared_ptr<const DriverTable> table = (*emulator)->table();
  CompileOutput output = output_;
  output.ptx = ptx;
  EngineOptions engine_options;
  engine_options.disk_cache = false;
  llvm::Expected<std::unique_ptr<Engine>> engine =
      CreateEngine(engine_options, PartsFor(table, std::move(output)));
  if (!engine) return Refused("no engine: " + llvm::toString(engine.takeError()));
  llvm::Expected<std::shared_ptr<const Device>> device = Device::Open(table, 0);
  if (!device) return Refused("no device: " + llvm::toString(device.takeError()));
  ScopedContext context(*table, (*device)->context());
  const CaseRunner runner(*table,
                          [&](const AttentionSpec& spec) { return (*engine)->Prepare(spec, 0); });
  const CaseResult result = runner.Run(suite_case, DeviceWaits{[] {}, [] {}});
  const Findings findings = (*emulator)->TakeFindings();
  if (!findings.reports.empty()) {
    const Report& report = findings.reports.front();
    return {true, RuleName(report.rule).str(), ToText(report)};
  }
  if (result.status != CaseStatus::kPassed) return {true, "numbers", result.detail};
  return {};
}

}  // namespace attnjit::emulator
