// attnjit_gpu_suite: the numeric suite on a GPU. docs/testing.md says how to use it.
#include <signal.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine.h"
#include "tests/gpu/case_grid.h"
#include "tests/gpu/suite_builder.h"
#include "tests/gpu/suite_report.h"
#include "tests/gpu/suite_selection.h"
#include "tests/gpu/suite_supervisor.h"
#include "tests/gpu/suite_worker.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {
namespace {

constexpr int kExitHung = 3;
constexpr int kExitFailedCases = 4;

struct Options {
  SuiteSelection selection;
  std::string archs;
  std::string cache_dir;
  std::string json;
  int device = 0;
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  double time_budget = 0;
  double hang_timeout = 10;
  bool list = false;
  bool build_only = false;
  bool in_process = false;
  bool worker = false;
};

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int Fail(llvm::Error error) {
  llvm::errs() << "attnjit_gpu_suite: " << llvm::toString(std::move(error)) << "\n";
  return 1;
}

/// The GPU's own arch and, where that is another kernel family, the plain one beside it.
std::vector<Arch> ArchsOn(const Device& device) {
  std::vector<Arch> archs;
  if (!device.arch()) return archs;
  archs.push_back(*device.arch());
  const ArchInfo& best = GetArchInfo(archs[0]);
  for (const ArchInfo& info : AllArchs()) {
    bool same_gpu = info.major == best.major && info.minor == best.minor;
    if (same_gpu && info.has_wgmma != best.has_wgmma) archs.push_back(info.arch);
  }
  return archs;
}

llvm::Expected<std::vector<Arch>> ParseArchs(llvm::StringRef list) {
  std::vector<Arch> archs;
  llvm::SmallVector<llvm::StringRef> names;
  list.split(names, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef name : names) {
    std::optional<Arch> arch = ParseArch(name);
    if (!arch) {
      return llvm::createStringError(llvm::inconvertibleErrorCode(), "--arch: no arch \"%s\"",
                                     name.str().c_str());
    }
    archs.push_back(*arch);
  }
  return archs;
}

/// One run of the program.
class Suite {
 public:
  explicit Suite(Options options) : options_(std::move(options)), start_(Now()) {}

  int Run() {
    llvm::Expected<std::vector<Arch>> archs = ParseArchs(options_.archs);
    if (!archs) return Fail(archs.takeError());
    bool needs_gpu = !options_.list && !options_.build_only;
    std::string no_gpu;
    // A supervisor holds no context of its own: a child's crash must not reach it.
    if (needs_gpu || archs->empty()) no_gpu = LookForGpu(*archs);
    if (archs->empty()) *archs = {Arch::kSm90a, Arch::kSm90};
    cases_ = MakeCaseGrid(*archs);
    for (Arch arch : *archs) {
      if (!arch_list_.empty()) arch_list_ += ",";
      arch_list_ += GetArchInfo(arch).name;
    }
    llvm::Expected<std::vector<size_t>> selected = SelectCases(cases_, options_.selection);
    if (!selected) return Fail(selected.takeError());
    indices_ = std::move(*selected);
    if (options_.list) return List();
    if (needs_gpu && !no_gpu.empty()) return SkipAll(no_gpu);
    return options_.worker ? Work() : BuildAndRun();
  }

 private:
  /// Why there is no GPU, or ""; fills `archs` from it if they are empty.
  std::string LookForGpu(std::vector<Arch>& archs) {
    llvm::Expected<OpenedGpu> gpu = OpenGpu(options_.device);
    if (!gpu) return llvm::toString(gpu.takeError());
    if (archs.empty()) archs = ArchsOn(*gpu->device);
    gpu_name_ = gpu->device->name();
    return archs.empty() ? "attnjit generates no kernels for " + gpu_name_ : "";
  }

  int List() const {
    for (size_t index : indices_) llvm::outs() << cases_[index].id << "\n";
    llvm::errs() << indices_.size() << " cases\n";
    return 0;
  }

  int SkipAll(const std::string& why) {
    llvm::outs() << "no GPU to run on: " << why << "\n0 passed, 0 failed, " << indices_.size()
                 << " skipped\n";
    return 0;
  }

  llvm::Expected<std::unique_ptr<Engine>> MakeEngine() const {
    EngineOptions engine_options;
    engine_options.cache_dir = options_.cache_dir;
    return Engine::Create(engine_options);
  }

  int BuildAndRun() {
    llvm::Expected<std::unique_ptr<Engine>> engine = MakeEngine();
    if (!engine) return Fail(engine.takeError());
    llvm::errs() << "building the kernels of " << indices_.size() << " cases for " << arch_list_
                 << "\n";
    builds_ = BuildKernels(**engine, cases_, indices_, options_.threads);
    llvm::outs() << llvm::formatv(
        "{0} kernels: {1} compiled, {2} from the cache, {3} failed, {4} spilling, in {5:f1} s\n",
        builds_.kernels, builds_.compiled,
        builds_.kernels - builds_.compiled - static_cast<int>(builds_.errors.size()),
        builds_.errors.size(), builds_.spilling, builds_.seconds);
    llvm::outs().flush();
    for (const auto& [name, error] : builds_.errors) {
      if (options_.build_only) llvm::outs() << "FAILED " << name << ": " << error << "\n";
    }
    if (options_.build_only) return builds_.errors.empty() ? 0 : 1;

    outcomes_.resize(cases_.size());
    std::vector<size_t> runnable;
    for (size_t index : indices_) {
      auto error = builds_.errors.find(KernelNameOf(cases_[index]));
      if (error == builds_.errors.end()) {
        runnable.push_back(index);
      } else {
        CaseResult failed;
        failed.status = CaseStatus::kFailed;
        failed.detail = "not built: " + error->second;
        outcomes_[index] = failed;
      }
    }
    llvm::Error error = options_.in_process ? RunHere(**engine, runnable) : RunChildren(runnable);
    int exit_code = Report();
    return error ? Fail(std::move(error)) : exit_code;
  }

  double TimeLeft() const {
    if (options_.time_budget <= 0) return 0;
    return std::max(0.1, options_.time_budget - (Now() - start_));
  }

  void Finished(size_t index, const CaseResult& result) {
    outcomes_[index] = result;
    ++finished_;
    if (result.status == CaseStatus::kFailed) ++failed_;
    if (finished_ % 250 == 0 || result.device_lost) {
      llvm::errs() << llvm::formatv("{0,7:f1} s  {1} done, {2} failed\n", Now() - start_, finished_,
                                    failed_);
    }
    if (result.device_lost) {
      llvm::errs() << "  " << cases_[index].id << ": " << result.detail << "\n";
    }
  }

  llvm::Error RunOnGpu(Engine& engine, const std::vector<size_t>& indices,
                       const WorkerEvents& events) {
    llvm::Expected<OpenedGpu> gpu = OpenGpu(options_.device);
    if (!gpu) return gpu.takeError();
    CaseRunner runner(*gpu->driver, [&](const AttentionSpec& spec) {
      return engine.Prepare(spec, options_.device);
    });
    WorkerOptions worker = {options_.threads, TimeLeft(), options_.hang_timeout};
    RunCases(runner, *gpu->driver, gpu->device->context(), cases_, indices, worker, events);
    return llvm::Error::success();
  }

  /// A kernel that does not end cannot be stopped; its process can.
  [[noreturn]] void GiveUp(size_t index) const {
    llvm::errs() << "waited " << options_.hang_timeout << " s for the GPU in " << cases_[index].id
                 << "\n";
    _exit(kExitHung);
  }

  llvm::Error RunHere(Engine& engine, const std::vector<size_t>& indices) {
    WorkerEvents events;
    events.started = [](size_t) {};
    events.finished = [this](size_t index, const CaseResult& result) { Finished(index, result); };
    events.hung = [this](size_t index) { GiveUp(index); };
    return RunOnGpu(engine, indices, events);
  }

  llvm::Error RunChildren(const std::vector<size_t>& indices) {
    SupervisorOptions supervisor;
    supervisor.threads = options_.threads;
    RunChild run_child = [this](const std::vector<size_t>& part, int threads,
                                const std::function<void(llvm::StringRef)>& line) {
      std::vector<std::string> command = {"/proc/self/exe", "--worker",
                                          "--arch",         arch_list_,
                                          "--device",       std::to_string(options_.device),
                                          "--threads",      std::to_string(threads),
                                          "--hang-timeout", std::to_string(options_.hang_timeout),
                                          "--time-budget",  std::to_string(TimeLeft())};
      if (!options_.cache_dir.empty()) {
        command.insert(command.end(), {"--cache-dir", options_.cache_dir});
      }
      double silence = options_.hang_timeout > 0 ? 120 + options_.hang_timeout : 0;
      return RunProcess(command, part, silence, line);
    };
    return Supervise(indices, supervisor, run_child,
                     [this](size_t index, const CaseResult& result) { Finished(index, result); });
  }

  /// A child: the cases on standard input, results on standard output.
  int Work() {
    std::vector<size_t> indices;
    for (std::string line; std::getline(std::cin, line);) {
      size_t index = 0;
      if (llvm::StringRef(line).getAsInteger(10, index) || index >= cases_.size()) return 1;
      indices.push_back(index);
    }
    llvm::Expected<std::unique_ptr<Engine>> engine = MakeEngine();
    if (!engine) return Fail(engine.takeError());
    auto write_line = [](const std::string& line) {
      // One write for each line: shorter than a pipe's atomic size, or the only writer anyway.
      if (write(STDOUT_FILENO, line.data(), line.size()) < 0) _exit(1);
    };
    bool lost = false;
    WorkerEvents events;
    events.started = [&](size_t index) { write_line(StartedLine(index)); };
    events.finished = [&](size_t index, const CaseResult& result) {
      // Which of several cases lost the device is found out one by one.
      lost = result.device_lost;
      if (lost && options_.threads > 1) _exit(kExitHung);
      write_line(ResultLine(index, result));
    };
    events.hung = [this](size_t index) { GiveUp(index); };
    if (llvm::Error error = RunOnGpu(**engine, indices, events)) return Fail(std::move(error));
    if (lost) _exit(kExitHung);
    return 0;
  }

  int Report() const {
    std::vector<CaseOutcome> outcomes;
    for (size_t index : indices_) outcomes.push_back({&cases_[index], outcomes_[index]});
    PrintReport(outcomes, "attnjit_gpu_suite", llvm::outs());
    llvm::outs().flush();
    if (!options_.json.empty()) WriteJson(outcomes);
    return CountOutcomes(outcomes).failed == 0 ? 0 : kExitFailedCases;
  }

  void WriteJson(const std::vector<CaseOutcome>& outcomes) const {
    nlohmann::json facts = {{"gpu", gpu_name_},
                            {"archs", arch_list_},
                            {"version", ATTNJIT_VERSION},
                            {"kernels", builds_.kernels},
                            {"spilling_kernels", builds_.spilling},
                            {"build_seconds", builds_.seconds},
                            {"seconds", Now() - start_}};
    std::error_code code;
    llvm::raw_fd_ostream file(options_.json, code);
    if (code) {
      llvm::errs() << options_.json << ": " << code.message() << "\n";
      return;
    }
    file << ReportJson(outcomes, facts.dump()) << "\n";
  }

  Options options_;
  double start_;
  std::string gpu_name_;
  std::string arch_list_;
  std::vector<SuiteCase> cases_;
  std::vector<size_t> indices_;
  KernelBuilds builds_;
  std::vector<std::optional<CaseResult>> outcomes_;
  int finished_ = 0;
  int failed_ = 0;
};

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Runs attnjit's kernels over a grid of numeric cases against the fp64 reference.",
               "attnjit_gpu_suite");
  app.add_option(
      "--arch", options.archs,
      "Archs, e.g. sm_90a,sm_90; else the GPU's own and, for a second kernel family, the "
      "plain one");
  app.add_option("--filter", options.selection.filter,
                 "Only cases whose id contains one of these, comma separated; =ID for exactly one");
  app.add_option("--shard", options.selection.shard, "i/n: only every n-th case, from the i-th");
  app.add_option("--limit", options.selection.limit, "At most so many cases");
  app.add_option("--time-budget", options.time_budget, "Start no case after so many seconds");
  app.add_option("--threads", options.threads, "Threads to compile and to check with")
      ->check(CLI::Range(1, 1024));
  app.add_option("--device", options.device, "The GPU's number");
  app.add_option("--cache-dir", options.cache_dir, "The kernel cache");
  app.add_option("--json", options.json, "Write the report to this file as well");
  app.add_option("--hang-timeout", options.hang_timeout,
                 "Seconds a case may wait for the GPU before its process is given up; 0: any");
  app.add_flag("--list", options.list, "Print the ids of the cases");
  app.add_flag("--build-only", options.build_only, "Compile into the cache; needs no GPU");
  app.add_flag("--in-process", options.in_process,
               "Run in this process: for debuggers and sanitizers");
  app.add_flag("--worker", options.worker, "Run the cases numbered on standard input")->group("");
  CLI11_PARSE(app, argc, argv);
  signal(SIGPIPE, SIG_IGN);
  return Suite(std::move(options)).Run();
}

}  // namespace
}  // namespace attnjit

int main(int argc, char** argv) { return attnjit::Main(argc, argv); }
