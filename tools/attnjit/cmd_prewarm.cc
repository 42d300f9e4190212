// attnjit prewarm: a manifest's kernels into the cache, without a GPU.
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/manifest.h"
#include "tools/attnjit/prewarm_pool.h"
#include "tools/attnjit/progress.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

struct Done {
  ManifestKernel kernel;
  PrewarmResult result;
};

/// "2/8": the second of eight parts.
struct Shard {
  size_t index = 1;
  size_t count = 1;
};

llvm::Expected<Shard> ParseShard(llvm::StringRef text) {
  Shard shard;
  const auto [index, count] = text.split('/');
  if (index.getAsInteger(10, shard.index) || count.getAsInteger(10, shard.count) ||
      shard.index < 1 || shard.index > shard.count) {
    return llvm::make_error<UsageError>("--shard " + text.str() +
                                        " is not i/n with 1 <= i <= n, as in 2/8");
  }
  return shard;
}

/// One of every n: neighbours in a manifest are alike, and so the parts take alike.
std::vector<ManifestKernel> TakeShard(std::vector<ManifestKernel> kernels, const Shard& shard) {
  std::vector<ManifestKernel> part;
  for (size_t i = shard.index - 1; i < kernels.size(); i += shard.count) {
    part.push_back(std::move(kernels[i]));
  }
  return part;
}

/// Of what the system could give without swapping; nullopt where it does not say.
std::optional<int64_t> AvailableMemoryKib() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    llvm::StringRef text = line;
    int64_t kib = 0;
    if (!text.consume_front("MemAvailable:")) continue;
    text = text.ltrim();
    if (!text.consumeInteger(10, kib)) return kib;
  }
  return std::nullopt;
}

int WorkersFor(int asked, int64_t max_rss_kib) {
  int workers = asked > 0 ? asked : std::max(1u, std::thread::hardware_concurrency());
  if (const std::optional<int64_t> available = AvailableMemoryKib()) {
    const auto fit = static_cast<int>(std::max<int64_t>(1, *available / max_rss_kib));
    if (fit < workers) {
      llvm::errs() << "attnjit: warning: memory is left for " << fit << " workers, not " << workers
                   << "\n";
      workers = fit;
    }
  }
  return workers;
}

std::string Line(const Done& done) {
  std::string line = std::string(PrewarmOutcomeName(done.result.outcome)) + " " + done.kernel.name;
  if (done.result.outcome == PrewarmOutcome::kCompiled) {
    line += llvm::formatv(" in {0:f2} s", done.result.seconds);
  }
  if (!done.result.message.empty()) line += ": " + done.result.message;
  return line;
}

using Counts = std::map<PrewarmOutcome, int64_t>;

Counts Count(llvm::ArrayRef<Done> all) {
  Counts counts = {{PrewarmOutcome::kCompiled, 0},
                   {PrewarmOutcome::kHit, 0},
                   {PrewarmOutcome::kUnsupported, 0},
                   {PrewarmOutcome::kFailed, 0}};
  for (const Done& done : all) ++counts[done.result.outcome];
  return counts;
}

void PrintJson(llvm::ArrayRef<Done> all, double seconds) {
  Json json = {{"kernels", all.size()}, {"seconds", seconds}};
  for (const auto& [outcome, count] : Count(all)) json[PrewarmOutcomeName(outcome)] = count;
  int64_t peak = 0;
  Json problems = Json::array();
  for (const Done& done : all) {
    peak = std::max(peak, done.result.peak_rss_kib);
    if (done.result.message.empty()) continue;
    problems.push_back({{"outcome", PrewarmOutcomeName(done.result.outcome)},
                        {"name", done.kernel.name},
                        {"arch", GetArchInfo(done.kernel.arch).name},
                        {"spec", Json::parse(done.kernel.canonical)},
                        {"message", done.result.message}});
  }
  json["worker_peak_rss_kib"] = peak;
  json["problems"] = std::move(problems);
  llvm::outs() << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

void PrintSummary(llvm::ArrayRef<Done> all, double seconds) {
  Counts counts = Count(all);
  llvm::outs() << llvm::formatv(
      "{0} kernels in {1:f1} s: {2} compiled, {3} already there, {4} unsupported, {5} failed\n",
      all.size(), seconds, counts[PrewarmOutcome::kCompiled], counts[PrewarmOutcome::kHit],
      counts[PrewarmOutcome::kUnsupported], counts[PrewarmOutcome::kFailed]);
}

int ExitCodeOf(llvm::ArrayRef<Done> all) {
  Counts counts = Count(all);
  if (counts[PrewarmOutcome::kFailed] != 0) return kExitFailed;
  return counts[PrewarmOutcome::kUnsupported] != 0 ? kExitUnsupported : kExitDone;
}

struct Arguments {
  std::string manifest;
  std::string arch_list;
  std::string shard = "1/1";
  int jobs = 0;
  int64_t worker_mib = 150;
  bool json = false;
  bool worker = false;
  EngineOptions engine;
};

int Prewarm(const Arguments& arguments, const std::vector<ManifestKernel>& kernels) {
  PoolOptions pool;
  pool.max_rss_kib = arguments.worker_mib << 10;
  pool.workers = WorkersFor(arguments.jobs, pool.max_rss_kib);
  pool.worker_args = {"prewarm", "--worker"};
  if (!arguments.engine.cache_dir.empty()) {
    pool.worker_args.insert(pool.worker_args.end(), {"--cache-dir", arguments.engine.cache_dir});
  }
  if (!arguments.engine.nvrtc_path.empty()) {
    pool.worker_args.insert(pool.worker_args.end(), {"--nvrtc", arguments.engine.nvrtc_path});
  }
  Progress progress(llvm::errs(), kernels.size(), ::isatty(STDERR_FILENO) != 0);
  std::vector<Done> all;
  const auto start = std::chrono::steady_clock::now();
  llvm::Error error = RunPool(kernels, pool, [&](size_t index, const PrewarmResult& result) {
    all.push_back({kernels[index], result});
    progress.Step(Line(all.back()), !result.message.empty());
  });
  progress.Finish();
  if (error) return ReportError(std::move(error));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  if (arguments.json) {
    PrintJson(all, elapsed.count());
  } else {
    PrintSummary(all, elapsed.count());
  }
  return ExitCodeOf(all);
}

}  // namespace

int RunPrewarm(llvm::ArrayRef<std::string> args) {
  Arguments arguments;
  CLI::App app(
      "Builds a manifest's kernels into the cache, without a GPU or a driver.\n"
      "A manifest is a file, - for standard input, or workloads, which the program carries:\n"
      "requests one on a line (as ATTNJIT_RECORD writes them), or\n"
      "{\"archs\": [..], \"hints\": [{..}, ..], \"specs\": [{..}, ..]}.\n"
      "Exit codes: 0 all are in the cache, 1 some failed, 3 none failed and some are unsupported.",
      "prewarm");
  CLI::Option* manifest = app.add_option("MANIFEST", arguments.manifest, "The manifest");
  app.add_option("--arch", arguments.arch_list,
                 "GPUs to build for, e.g. sm_80,sm_90a; else what the manifest names");
  app.add_option("-j,--jobs", arguments.jobs, "Worker processes; else one for each core");
  app.add_option("--shard", arguments.shard, "i/n: only the i-th of n parts of the manifest");
  app.add_option("--worker-memory", arguments.worker_mib,
                 "MiB: a worker that has grown beyond it is replaced; and no more workers run than "
                 "fit into memory with so much each")
      ->check(CLI::Range(64, 1 << 20));
  app.add_flag("--json", arguments.json, "Print one line of JSON");
  app.add_flag("--worker", arguments.worker)->group("");  // Not shown: how workers are started.
  AddEngineOptions(app, arguments.engine);
  app.footer(Example("attnjit prewarm workloads --arch sm_80,sm_90a -j 8"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;
  if (arguments.worker) return RunPrewarmWorker(arguments.engine);
  if (manifest->count() == 0) {
    return ReportError(llvm::make_error<UsageError>("prewarm needs a MANIFEST"));
  }

  llvm::Expected<std::vector<Arch>> archs = ParseArchList(arguments.arch_list);
  if (!archs) return ReportError(archs.takeError());
  llvm::Expected<Shard> shard = ParseShard(arguments.shard);
  if (!shard) return ReportError(shard.takeError());
  llvm::Expected<std::string> text = ReadManifestText(arguments.manifest);
  if (!text) return ReportError(text.takeError());
  llvm::Expected<std::vector<ManifestKernel>> kernels = ParseManifest(*text, *archs);
  if (!kernels) return ReportError(kernels.takeError());
  return Prewarm(arguments, TakeShard(std::move(*kernels), *shard));
}

}  // namespace attnjit
