// attnjit check: a kernel on a GPU, or on an emulated one, against the fp64 reference.
#include <algorithm>
#include <random>
#include <thread>

#include "generator/error.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/check_report.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/device_choice.h"
#include "tools/attnjit/emulation.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/spec_source.h"
#include "tools/problem/check_launch.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {
namespace {

// Sizes where the command line leaves them open: what a GPU does in no time, and what the emulator
// does in about a second.
struct DefaultSizes {
  int64_t batch = 2;
  int64_t seqlen = 1024;
  bool all_heads = true;  ///< Else as few as the request's ratio allows.
};
constexpr DefaultSizes kGpuSizes;
constexpr int64_t kEmulatorSeqlen = 256;
constexpr int64_t kEmulatorShortSeqlen = 128;
/// Query heads that are emulated at kEmulatorSeqlen; more of them get the short one.
constexpr int64_t kEmulatorHeads = 4;

struct CheckOptions {
  std::string source;
  std::string device = "auto";
  std::string async;  ///< "": eager.
  bool no_sanitizer = false;
  int64_t batch = 0;       ///< 0: the default.
  int64_t seqlen_q = 0;    ///< 0: the default, or seqlen_kv, as the request's hints allow.
  int64_t seqlen_kv = -1;  ///< -1: seqlen_q.
  int64_t heads_q = 0;     ///< 0: the default.
  int64_t heads_kv = 0;
  std::optional<uint64_t> seed;
  bool json = false;
  EngineOptions engine;
};

llvm::Error Usage(std::string message) { return llvm::make_error<UsageError>(std::move(message)); }

DefaultSizes EmulatorSizes(const AttentionSpec& spec) {
  // A packed batch has two lengths, so that sequences differ.
  const int64_t group = spec.heads_q / spec.heads_kv;
  return {spec.layout == Layout::kThd ? 2 : 1,
          group <= kEmulatorHeads ? kEmulatorSeqlen : kEmulatorShortSeqlen, false};
}

int64_t RoundUpTo(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Sequences of a packed batch: of every length up to the longest.
std::vector<int32_t> SpreadLengths(int64_t longest, int64_t batch) {
  std::vector<int32_t> lengths;
  for (int64_t b = 0; b < batch; ++b) {
    lengths.push_back(static_cast<int32_t>(longest * (batch - b) / batch));
  }
  return lengths;
}

llvm::Expected<ForwardProblem> ProblemFor(const CheckOptions& options, const AttentionSpec& spec,
                                          const DefaultSizes& sizes) {
  const int64_t group = spec.heads_q / spec.heads_kv;
  int64_t heads_kv = options.heads_kv != 0  ? options.heads_kv
                     : options.heads_q != 0 ? std::max<int64_t>(1, options.heads_q / group)
                     : sizes.all_heads      ? spec.heads_kv
                                            : 1;
  int64_t heads_q = options.heads_q != 0 ? options.heads_q : heads_kv * group;
  if (heads_q * spec.heads_kv != heads_kv * spec.heads_q) {
    return Usage(llvm::formatv("--heads-q {0} --heads-kv {1}: the request's ratio is {2} to {3}",
                               heads_q, heads_kv, spec.heads_q, spec.heads_kv));
  }
  const int64_t batch = options.batch != 0 ? options.batch : sizes.batch;
  int64_t seqlen_q = options.seqlen_q != 0   ? options.seqlen_q
                     : options.seqlen_kv > 0 ? options.seqlen_kv
                                             : sizes.seqlen;
  int64_t seqlen_kv = options.seqlen_kv >= 0 ? options.seqlen_kv : seqlen_q;
  if (options.seqlen_q == 0) {
    seqlen_q = RoundUpTo(seqlen_q, spec.seqlen_q_multiple_of);
    if (spec.seqlen_q_at_most != 0) seqlen_q = std::min<int64_t>(seqlen_q, spec.seqlen_q_at_most);
  }
  if (options.seqlen_kv < 0) seqlen_kv = RoundUpTo(seqlen_kv, spec.seqlen_kv_multiple_of);
  if (spec.layout == Layout::kThd) {
    return MakePackedProblem(spec, heads_kv, SpreadLengths(seqlen_q, batch),
                             SpreadLengths(seqlen_kv, batch));
  }
  return MakeProblem(spec, batch, heads_kv, seqlen_q, seqlen_kv);
}

/// Runs the kernel and judges the numbers. A launch that failed on the device is no error here but
/// a result, with `failure` set.
llvm::Error RunOn(const OpenedGpu& gpu, Engine& engine, const AttentionSpec& spec,
                  CheckReport& report, std::shared_ptr<const Kernel>& kernel,
                  std::string* failure) {
  ScopedContext current(*gpu.driver, gpu.device->context());
  if (llvm::Error error = current.TakeError()) return error;
  llvm::Expected<std::shared_ptr<const Kernel>> prepared =
      engine.Prepare(spec, gpu.device->ordinal());
  if (!prepared) return prepared.takeError();
  kernel = std::move(*prepared);
  report.device = gpu.device->name();
  report.kernel = kernel->plan().name;
  int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  llvm::Expected<CheckFigures> figures =
      CheckLaunch(*gpu.driver, *kernel, report.problem, spec.layout, report.seed, threads);
  if (figures) {
    report.figures = std::move(*figures);
  } else {
    llvm::Error error = figures.takeError();
    if (failure == nullptr || !error.isA<DriverError>()) return error;
    *failure = llvm::toString(std::move(error));
  }
  report.status = report.figures.passed ? "passed" : "failed";
  return llvm::Error::success();
}

llvm::Error CheckNoEmulatorOptions(const CheckOptions& options) {
  if (options.async.empty() && !options.no_sanitizer) return llvm::Error::success();
  return Usage("--async and --no-sanitizer are the emulator's: add --device emulator");
}

llvm::Error RunOnGpu(const CheckOptions& options, const AttentionSpec& spec, const OpenedGpu& gpu,
                     CheckReport& report) {
  if (llvm::Error error = CheckNoEmulatorOptions(options)) return error;
  llvm::Expected<ForwardProblem> problem = ProblemFor(options, spec, kGpuSizes);
  if (!problem) return problem.takeError();
  report.problem = std::move(*problem);
  llvm::Expected<std::unique_ptr<Engine>> engine = Engine::Create(options.engine);
  if (!engine) return engine.takeError();
  std::shared_ptr<const Kernel> kernel;
  return RunOn(gpu, **engine, spec, report, kernel, nullptr);
}

llvm::Error RunOnEmulator(const CheckOptions& options, const AttentionSpec& spec,
                          const std::string& device, CheckReport& report) {
  EmulationOptions emulation_options = {device, {}, !options.no_sanitizer};
  if (!options.async.empty()) {
    llvm::Expected<emulator::AsyncPolicy> policy = emulator::ParseAsyncPolicy(options.async);
    if (!policy)
      return Usage("--async " + options.async + ": " + llvm::toString(policy.takeError()));
    emulation_options.policy = *policy;
  }
  llvm::Expected<ForwardProblem> problem = ProblemFor(options, spec, EmulatorSizes(spec));
  if (!problem) return problem.takeError();
  report.problem = std::move(*problem);
  report.emulated = true;
  report.policy = emulator::ToString(emulation_options.policy);
  report.sanitized = emulation_options.sanitize;
  llvm::Expected<Emulation> emulation = OpenEmulation(emulation_options, options.engine);
  if (!emulation) return emulation.takeError();
  std::shared_ptr<const Kernel> kernel;
  std::string failure;
  if (llvm::Error error =
          RunOn(emulation->gpu, *emulation->engine, spec, report, kernel, &failure)) {
    return error;
  }
  report.findings = emulation->emulator->TakeFindings();
  if (!report.findings.reports.empty()) {
    AddCudaLines(kernel->entry(), options.engine.nvrtc_path, report.findings);
    report.source = kernel->entry().source;
  }
  if (llvm::Error error = ApplySilences(kernel->entry().source, report.findings)) return error;
  if (!failure.empty()) {
    report.figures.problem = failure;
    for (const std::string& line : emulation->emulator->TakeLog()) {
      report.figures.problem += "; " + line;
    }
  }
  if (report.findings.total > 0) report.status = "failed";
  return llvm::Error::success();
}

/// The emulated device for a request that names none. Where no emulated GPU runs the request's
/// arch, "" and the reason.
llvm::Expected<std::string> ChooseEmulated(const AttentionSpec& spec, std::string& reason) {
  llvm::Expected<ArchChoice> arch = ChooseArch("", spec);
  if (!arch) return arch.takeError();
  std::string device = EmulatedDeviceFor(arch->arch);
  if (device.empty()) {
    reason = std::string("no emulated GPU runs ") + GetArchInfo(arch->arch).name;
  }
  return device;
}

/// With neither a GPU nor an emulated one: the kernel is built all the same.
llvm::Error BuildOnly(const CheckOptions& options, const AttentionSpec& spec, CheckReport& report) {
  llvm::Expected<ArchChoice> arch = ChooseArch("", spec);
  if (!arch) return arch.takeError();
  llvm::Expected<std::unique_ptr<Engine>> engine = Engine::Create(options.engine);
  if (!engine) return engine.takeError();
  llvm::Expected<BuildResult> built = (*engine)->Build(spec, arch->arch);
  if (!built) return built.takeError();
  report.kernel = built->plan.name;
  report.status = "skipped";
  return llvm::Error::success();
}

llvm::Error Check(const CheckOptions& options, CheckReport& report) {
  llvm::Expected<DeviceChoice> choice = ParseDevice(options.device);
  if (!choice) return choice.takeError();
  llvm::Expected<AttentionSpec> spec = LoadSpec(options.source);
  if (!spec) return spec.takeError();
  report.seed = options.seed ? *options.seed : std::random_device()();
  if (choice->kind == DeviceChoice::Kind::kCuda) {
    if (llvm::Error error = CheckNoEmulatorOptions(options)) return error;
  }
  std::string no_gpu;
  if (choice->kind != DeviceChoice::Kind::kEmulator) {
    llvm::Expected<OpenedGpu> gpu = OpenGpu(choice->ordinal);
    if (gpu) return RunOnGpu(options, *spec, *gpu, report);
    if (choice->kind == DeviceChoice::Kind::kCuda) return gpu.takeError();
    no_gpu = llvm::toString(gpu.takeError());
  }
  if (!choice->emulated.empty()) return RunOnEmulator(options, *spec, choice->emulated, report);
  std::string no_device;
  llvm::Expected<std::string> device = ChooseEmulated(*spec, no_device);
  if (!device) return device.takeError();
  if (!device->empty()) return RunOnEmulator(options, *spec, *device, report);
  if (choice->kind == DeviceChoice::Kind::kEmulator) {
    return llvm::make_error<PlanError>(std::vector<std::string>{no_device});
  }
  report.reason = no_gpu + "; " + no_device;
  return BuildOnly(options, *spec, report);
}

}  // namespace

int RunCheck(llvm::ArrayRef<std::string> args) {
  CheckOptions options;
  CLI::App app(
      "Builds a request's kernel, runs it on fresh random inputs with poisoned outputs, and "
      "compares O and LSE with a reference in double precision. The emulator runs the PTX with a "
      "sanitizer; it is taken where there is no GPU, with one head group and few tokens unless "
      "sizes are given. Exit code 4 if a number is wrong or the sanitizer finds something.",
      "check");
  const CLI::Range sizes(int64_t{0}, int64_t{2147483647});
  const CLI::Range counts(int64_t{1}, int64_t{2147483647});
  app.add_option("SPEC", options.source, kSpecHelp)->required();
  app.add_option("--device", options.device,
                 "auto (a GPU if there is one, else the emulator), cuda, cuda:N, emulator (of the "
                 "request's GPU, or sm_90a) or emulator:ARCH");
  app.add_option("--async", options.async,
                 "Emulator: when copies and matrix products finish: eager (at once), late (as late "
                 "as the program allows) or seed=N (in an order drawn from N)");
  app.add_flag("--no-sanitizer", options.no_sanitizer,
               "Emulator: only run the kernel, which takes a quarter of the time");
  app.add_option("--batch", options.batch, "Sequences (2; emulator: 1, or 2 where packed)")
      ->check(counts);
  app.add_option("--seqlen-q", options.seqlen_q,
                 "Queries of each (1024; emulator: 256, or 128 with more than 4 query heads)")
      ->check(counts);
  app.add_option("--seqlen-kv", options.seqlen_kv, "Keys of each (as many as queries)")
      ->check(sizes);
  app.add_option("--heads-q", options.heads_q,
                 "Query heads (the request's; emulator: of one key head)")
      ->check(counts);
  app.add_option("--heads-kv", options.heads_kv, "Key and value heads (the request's; emulator: 1)")
      ->check(counts);
  app.add_option("--seed", options.seed, "Of the inputs (a new one each time)");
  app.add_flag("--json", options.json, "Print one line of JSON");
  AddEngineOptions(app, options.engine);
  app.footer(Example("attnjit check workload:llama3_8b --batch 1 --seqlen-q 999"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  CheckReport report;
  if (llvm::Error error = Check(options, report)) {
    return ReportError(std::move(error), SpecLabel(options.source));
  }
  if (options.json) {
    PrintJson(report, llvm::outs());
  } else {
    PrintText(report, llvm::outs());
  }
  return report.status == "failed" ? kExitCheckFailed : kExitDone;
}

}  // namespace attnjit
