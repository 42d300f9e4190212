// attnjit check: a kernel on a GPU against the fp64 reference.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/spec_source.h"
#include "tools/problem/check_launch.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {
namespace {

constexpr int64_t kDefaultSeqlen = 1024;
constexpr int64_t kDefaultBatch = 2;

struct CheckOptions {
  std::string source;
  std::string device = "auto";
  int64_t batch = kDefaultBatch;
  int64_t seqlen_q = 0;    ///< 0: kDefaultSeqlen, or seqlen_kv, as the request's hints allow.
  int64_t seqlen_kv = -1;  ///< -1: seqlen_q.
  int64_t heads_q = 0;     ///< 0: the request's.
  int64_t heads_kv = 0;
  std::optional<uint64_t> seed;
  bool json = false;
  EngineOptions engine;
};

/// Where to run: a GPU's number, and whether there must be one.
struct DeviceChoice {
  int ordinal = 0;
  bool required = false;
};

llvm::Error Usage(std::string message) { return llvm::make_error<UsageError>(std::move(message)); }

llvm::Expected<DeviceChoice> ParseDevice(llvm::StringRef text) {
  DeviceChoice choice;
  if (text == "auto") return choice;
  auto [kind, number] = text.split(':');
  if (kind == "emulator") {
    return Usage("--device emulator: this version has no emulator; use auto or cuda");
  }
  choice.required = true;
  bool valid =
      kind == "cuda" &&
      (number.empty() || (!number.getAsInteger(10, choice.ordinal) && choice.ordinal >= 0));
  if (!valid) return Usage("--device " + text.str() + ": there are auto, cuda and cuda:N");
  return choice;
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

llvm::Expected<ForwardProblem> ProblemFor(const CheckOptions& options, const AttentionSpec& spec) {
  int64_t heads_q = options.heads_q != 0 ? options.heads_q : spec.heads_q;
  int64_t heads_kv = options.heads_kv != 0 ? options.heads_kv : spec.heads_kv;
  if (heads_q * spec.heads_kv != heads_kv * spec.heads_q) {
    return Usage(llvm::formatv("--heads-q {0} --heads-kv {1}: the request's ratio is {2} to {3}",
                               heads_q, heads_kv, spec.heads_q, spec.heads_kv));
  }
  int64_t seqlen_q = options.seqlen_q != 0   ? options.seqlen_q
                     : options.seqlen_kv > 0 ? options.seqlen_kv
                                             : kDefaultSeqlen;
  int64_t seqlen_kv = options.seqlen_kv >= 0 ? options.seqlen_kv : seqlen_q;
  if (options.seqlen_q == 0) seqlen_q = RoundUpTo(seqlen_q, spec.seqlen_q_multiple_of);
  if (options.seqlen_kv < 0) seqlen_kv = RoundUpTo(seqlen_kv, spec.seqlen_kv_multiple_of);
  if (spec.layout == Layout::kThd) {
    return MakePackedProblem(spec, heads_kv, SpreadLengths(seqlen_q, options.batch),
                             SpreadLengths(seqlen_kv, options.batch));
  }
  return MakeProblem(spec, options.batch, heads_kv, seqlen_q, seqlen_kv);
}

/// What there is to say about one check.
struct CheckReport {
  std::string status;  ///< "passed", "failed", "skipped".
  std::string reason;  ///< Why it was skipped.
  std::string device;  ///< The GPU's name.
  std::string kernel;
  ForwardProblem problem;
  uint64_t seed = 0;
  CheckFigures figures;
};

void PrintJson(const CheckReport& report) {
  const ForwardProblem& p = report.problem;
  nlohmann::ordered_json json = {{"status", report.status}, {"kernel", report.kernel}};
  if (report.status == "skipped") {
    json["reason"] = report.reason;
  } else {
    const Comparison& c = report.figures.comparison;
    json.update(
        {{"device", report.device},
         {"batch", p.batch},
         {"heads_q", p.heads_q},
         {"heads_kv", p.heads_kv},
         {"seqlen_q", p.seqlen_q},
         {"seqlen_kv", p.seqlen_kv},
         {"seed", report.seed},
         {"rounds", report.figures.rounds},
         {"elements", c.elements},
         {"max_error", c.max_error},
         {"error_over_bound", c.error_ratio},
         {"bound", c.bound},
         {"cosine", c.cosine},
         {"min_cosine", c.min_cosine},
         {"max_lse_error", c.has_lse ? nlohmann::ordered_json(c.max_lse_error) : nullptr},
         {"lse_error_over_bound", c.has_lse ? nlohmann::ordered_json(c.lse_ratio) : nullptr},
         {"reference_seconds", report.figures.reference_seconds},
         {"problem", report.figures.problem}});
  }
  llvm::outs() << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void PrintText(const CheckReport& report) {
  llvm::raw_ostream& os = llvm::outs();
  os << "kernel      " << report.kernel << '\n';
  if (report.status == "skipped") {
    os << "execution   skipped: " << report.reason << '\n';
    return;
  }
  const ForwardProblem& p = report.problem;
  const Comparison& c = report.figures.comparison;
  os << "device      " << report.device << '\n'
     << llvm::formatv("problem     batch {0}, heads {1}/{2}, {3} queries x {4} keys, seed {5}\n",
                      p.batch, p.heads_q, p.heads_kv, p.seqlen_q, p.seqlen_kv, report.seed)
     << llvm::formatv(
            "outputs     {0} compared with fp64, {1} draws of inputs, reference {2:f1} s\n",
            c.elements, report.figures.rounds, report.figures.reference_seconds)
     << llvm::formatv("max error   {0:e2}, {1:f3} of its bound {2:e2}\n", c.max_error,
                      c.error_ratio, c.bound)
     << llvm::formatv("cosine      1 - {0:e2} (at most 1 - {1:e2} apart)\n", 1 - c.cosine,
                      1 - c.min_cosine);
  if (c.has_lse) {
    os << llvm::formatv("LSE error   {0:e2}, {1:f3} of its bound\n", c.max_lse_error, c.lse_ratio);
  }
  os << "result      " << report.status;
  if (!report.figures.problem.empty()) os << ": " << report.figures.problem;
  os << '\n';
}

/// Without a GPU: the kernel is built all the same.
llvm::Error BuildOnly(Engine& engine, const AttentionSpec& spec, CheckReport& report) {
  llvm::Expected<ArchChoice> arch = ChooseArch("", spec);
  if (!arch) return arch.takeError();
  llvm::Expected<BuildResult> built = engine.Build(spec, arch->arch);
  if (!built) return built.takeError();
  report.kernel = built->plan.name;
  report.status = "skipped";
  return llvm::Error::success();
}

llvm::Error RunOn(const OpenedGpu& gpu, Engine& engine, const AttentionSpec& spec,
                  CheckReport& report) {
  ScopedContext current(*gpu.driver, gpu.device->context());
  if (llvm::Error error = current.TakeError()) return error;
  llvm::Expected<std::shared_ptr<const Kernel>> kernel =
      engine.Prepare(spec, gpu.device->ordinal());
  if (!kernel) return kernel.takeError();
  report.device = gpu.device->name();
  report.kernel = (*kernel)->plan().name;
  int threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  llvm::Expected<CheckFigures> figures =
      CheckLaunch(*gpu.driver, **kernel, report.problem, spec.layout, report.seed, threads);
  if (!figures) return figures.takeError();
  report.figures = std::move(*figures);
  report.status = report.figures.passed ? "passed" : "failed";
  return llvm::Error::success();
}

llvm::Error Check(const CheckOptions& options, CheckReport& report) {
  llvm::Expected<DeviceChoice> choice = ParseDevice(options.device);
  if (!choice) return choice.takeError();
  llvm::Expected<AttentionSpec> spec = LoadSpec(options.source);
  if (!spec) return spec.takeError();
  llvm::Expected<ForwardProblem> problem = ProblemFor(options, *spec);
  if (!problem) return problem.takeError();
  report.problem = std::move(*problem);
  report.seed = options.seed ? *options.seed : std::random_device()();
  llvm::Expected<std::unique_ptr<Engine>> engine = Engine::Create(options.engine);
  if (!engine) return engine.takeError();
  llvm::Expected<OpenedGpu> gpu = OpenGpu(choice->ordinal);
  if (gpu) return RunOn(*gpu, **engine, *spec, report);
  if (choice->required) return gpu.takeError();
  report.reason = llvm::toString(gpu.takeError());
  return BuildOnly(**engine, *spec, report);
}

}  // namespace

int RunCheck(llvm::ArrayRef<std::string> args) {
  CheckOptions options;
  CLI::App app(
      "Builds a request's kernel, runs it on fresh random inputs with poisoned outputs, and "
      "compares O and LSE with a reference in double precision. Without a GPU it says so and "
      "stops after building.",
      "check");
  const CLI::Range sizes(int64_t{0}, int64_t{2147483647});
  const CLI::Range counts(int64_t{1}, int64_t{2147483647});
  app.add_option("SPEC", options.source, kSpecHelp)->required();
  app.add_option("--device", options.device, "auto (a GPU if there is one), cuda or cuda:N");
  app.add_option("--batch", options.batch, "Sequences (2)")->check(counts);
  app.add_option("--seqlen-q", options.seqlen_q, "Queries of each (1024)")->check(counts);
  app.add_option("--seqlen-kv", options.seqlen_kv, "Keys of each (as many as queries)")
      ->check(sizes);
  app.add_option("--heads-q", options.heads_q, "Query heads (the request's)")->check(counts);
  app.add_option("--heads-kv", options.heads_kv, "Key and value heads (the request's)")
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
    PrintJson(report);
  } else {
    PrintText(report);
  }
  return report.status == "failed" ? kExitCheckFailed : kExitDone;
}

}  // namespace attnjit
