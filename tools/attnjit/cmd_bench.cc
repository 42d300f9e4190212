// attnjit bench: kernels timed on a GPU, by events, with a cold L2 cache.
#include <nlohmann/json.hpp>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/sized_problem.h"
#include "tools/attnjit/spec_source.h"
#include "tools/attnjit/text_table.h"
#include "tools/problem/device_limits.h"
#include "tools/problem/opened_gpu.h"
#include "tools/problem/timing.h"
#include "tools/problem/work.h"

namespace attnjit {
namespace {

struct BenchOptions {
  std::vector<std::string> sources;
  std::vector<std::string> problems;
  int device = 0;
  TimingOptions timing;
  bool json = false;
  EngineOptions engine;
};

/// One row to be measured.
struct BenchJob {
  std::string label;
  std::string size;  ///< As given: "prefill 4x4096".
  AttentionSpec spec;
  ForwardProblem problem;
};

struct BenchResult {
  BenchJob job;
  std::string kernel;
  double milliseconds = 0;  ///< Median.
  double fastest = 0;
  double tflops = 0;
  double gbytes = 0;  ///< GB/s.
};

llvm::Error AddJobs(const BenchOptions& options, const std::string& source,
                    std::vector<BenchJob>& jobs) {
  llvm::Expected<AttentionSpec> spec = LoadSpec(source);
  if (!spec) return spec.takeError();
  llvm::Expected<std::vector<SizedProblem>> problems =
      SizedProblems(*spec, source, options.problems);
  if (!problems) return problems.takeError();
  for (SizedProblem& sized : *problems) {
    jobs.push_back({SpecLabel(source), sized.size, *spec, std::move(sized.problem)});
  }
  return llvm::Error::success();
}

/// One GPU, ready to measure on.
struct Bench {
  OpenedGpu gpu;
  DeviceLimits limits;
  Engine& engine;
  const L2Flush& flush;
  cu::Stream stream;
  TimingOptions timing;

  llvm::Expected<BenchResult> Run(const BenchJob& job) const {
    llvm::Expected<std::shared_ptr<const Kernel>> kernel =
        engine.Prepare(job.spec, gpu.device->ordinal());
    if (!kernel) return kernel.takeError();
    LaunchImage image = MakeLaunchImage(job.problem, job.spec.layout, {});
    FillInputs(image, 1, {}, {}, {}, {});
    llvm::Expected<DeviceImage> device = DeviceImage::Create(*gpu.driver, image, stream);
    if (!device) return device.takeError();
    if (llvm::Error error = device->PrepareWorkspace(**kernel, stream)) return error;
    llvm::Expected<std::vector<double>> times =
        TimeLaunches(*gpu.driver, **kernel, device->args(), flush, stream, timing);
    if (!times) return times.takeError();
    BenchResult result;
    result.job = job;
    result.kernel = (*kernel)->plan().name;
    result.milliseconds = Median(*times);
    result.fastest = *std::min_element(times->begin(), times->end());
    Work work = WorkOf(job.problem);
    result.tflops = work.flop / (result.milliseconds * 1e-3) / 1e12;
    result.gbytes = work.bytes / (result.milliseconds * 1e-3) / 1e9;
    return result;
  }
};

std::string Share(double value, double limit) {
  return limit > 0 ? llvm::formatv("{0:f1} %", 100 * value / limit).str() : "-";
}

void PrintText(const Bench& bench, const std::vector<BenchResult>& results) {
  TextTable table({"request", "kernel", "problem", ">heads", ">ms", ">TFLOP/s", ">of peak", ">GB/s",
                   ">of peak"});
  for (const BenchResult& r : results) {
    const ForwardProblem& p = r.job.problem;
    table.Add({r.job.label.empty() ? "-" : r.job.label, r.kernel, r.job.size,
               llvm::formatv("{0}/{1}", p.heads_q, p.heads_kv),
               llvm::formatv("{0:f4}", r.milliseconds), llvm::formatv("{0:f1}", r.tflops),
               Share(r.tflops, bench.limits.tflops), llvm::formatv("{0:f0}", r.gbytes),
               Share(r.gbytes, bench.limits.gbytes)});
  }
  llvm::outs() << llvm::formatv(
      "{0}: peak {1:f0} TFLOP/s, {2:f0} GB/s ({3}); median of {4}, L2 flushed\n",
      bench.gpu.device->name(), bench.limits.tflops, bench.limits.gbytes, bench.limits.source,
      bench.timing.iterations);
  table.PrintAligned(llvm::outs());
}

void PrintJson(const Bench& bench, const std::vector<BenchResult>& results) {
  nlohmann::ordered_json json = {{"device", bench.gpu.device->name()},
                                 {"peak_tflops", bench.limits.tflops},
                                 {"peak_gbytes_per_second", bench.limits.gbytes},
                                 {"peak_source", bench.limits.source},
                                 {"iterations", bench.timing.iterations},
                                 {"results", nlohmann::ordered_json::array()}};
  for (const BenchResult& r : results) {
    json["results"].push_back({{"request", r.job.label},
                               {"kernel", r.kernel},
                               {"problem", r.job.size},
                               {"heads_q", r.job.problem.heads_q},
                               {"heads_kv", r.job.problem.heads_kv},
                               {"milliseconds", r.milliseconds},
                               {"fastest_milliseconds", r.fastest},
                               {"tflops", r.tflops},
                               {"gbytes_per_second", r.gbytes}});
  }
  llvm::outs() << json.dump() << '\n';
}

/// The exit code of the first failure; the others are measured all the same.
llvm::Expected<int> MeasureAll(const BenchOptions& options, const std::vector<BenchJob>& jobs) {
  llvm::Expected<OpenedGpu> gpu = OpenGpu(options.device);
  if (!gpu) {
    return llvm::joinErrors(
        gpu.takeError(),
        llvm::createStringError(llvm::inconvertibleErrorCode(),
                                "bench measures on a GPU alone; `attnjit explain SPEC --profile` "
                                "counts on an emulated one what a kernel costs"));
  }
  const DriverTable& driver = *gpu->driver;
  ScopedContext current(driver, gpu->device->context());
  if (llvm::Error error = current.TakeError()) return error;
  llvm::Expected<DeviceLimits> limits = ReadDeviceLimits(*gpu->device);
  if (!limits) return limits.takeError();
  llvm::Expected<std::unique_ptr<Engine>> engine = Engine::Create(options.engine);
  if (!engine) return engine.takeError();
  llvm::Expected<L2Flush> flush = L2Flush::Create(driver, limits->l2_bytes);
  if (!flush) return flush.takeError();
  llvm::Expected<DeviceStream> stream = DeviceStream::Create(driver);
  if (!stream) return stream.takeError();
  Bench bench = {*gpu, *limits, **engine, *flush, stream->get(), options.timing};
  int exit_code = kExitDone;
  std::vector<BenchResult> results;
  for (const BenchJob& job : jobs) {
    llvm::Expected<BenchResult> result = bench.Run(job);
    if (result) {
      results.push_back(std::move(*result));
      continue;
    }
    int failure = ReportError(result.takeError(), job.label + " " + job.size);
    if (exit_code == kExitDone) exit_code = failure;
  }
  if (options.json) {
    PrintJson(bench, results);
  } else if (!results.empty()) {
    PrintText(bench, results);
  }
  return exit_code;
}

}  // namespace

int RunBench(llvm::ArrayRef<std::string> args) {
  BenchOptions options;
  CLI::App app(
      "Times the kernels of requests on the GPU: the median over launches, each after the L2 "
      "cache was overwritten. FLOP count the visible pairs of queries and keys.",
      "bench");
  app.add_option("SPEC", options.sources, kSpecHelp)->required()->allow_extra_args();
  app.add_option("--problem", options.problems, kProblemHelp);
  app.add_option("--device", options.device, "The GPU's number")->check(CLI::Range(0, 1023));
  app.add_option("--warmup", options.timing.warmup, "Launches before the first that counts (5)")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--iters", options.timing.iterations, "Launches that count (30)")
      ->check(CLI::Range(1, 1000000));
  app.add_flag("--json", options.json, "Print one line of JSON");
  AddEngineOptions(app, options.engine);
  app.footer(Example("attnjit bench workload:llama3_8b --problem \"prefill 1x8192\""));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  std::vector<BenchJob> jobs;
  for (const std::string& source : options.sources) {
    if (llvm::Error error = AddJobs(options, source, jobs)) {
      return ReportError(std::move(error), SpecLabel(source));
    }
  }
  llvm::Expected<int> exit_code = MeasureAll(options, jobs);
  if (!exit_code) return ReportError(exit_code.takeError());
  return *exit_code;
}

}  // namespace attnjit
