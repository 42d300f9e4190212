// The cache's costs: look-ups and upkeep among many entries, prepared kernels from many threads.
//
//   attnjit_cache_bench --benchmark_filter=Among
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <memory>
#include <string>

#include "cache/disk.h"
#include "runtime/engine_parts.h"
#include "runtime/kernel_stripes.h"
#include "tools/bench/null_driver.h"

namespace attnjit {
namespace {

constexpr char kSpec[] =
    R"({"version":1,"op":"attention_forward","dtype":"bf16","head_dim":128,)"
    R"("heads":{"q":32,"kv":8},"mask":"causal","align":"bottom_right","lse":true})";

/// A real kernel's entry, and a directory that holds it among `others`.
class ManyEntries {
 public:
  explicit ManyEntries(int others)
      : path_(std::filesystem::temp_directory_path() /
              ("attnjit_cache_bench_" + std::to_string(::getpid()) + "_" + std::to_string(others))),
        cache_(path_.string()) {
    EngineOptions options;
    options.cache_dir = path_.string();
    const auto engine = llvm::cantFail(Engine::Create(options));
    entry_ = llvm::cantFail(engine->Build(llvm::cantFail(ParseSpec(kSpec)), Arch::kSm90a)).entry;
    CacheEntry other = *entry_;
    other.source.clear();
    other.ptx.clear();
    other.cubin.resize(4096);
    for (int i = 0; i < others; ++i) {
      other.key.request = Sha256Hex("request " + std::to_string(i));
      llvm::cantFail(cache_.Put(other));
    }
  }
  ~ManyEntries() { std::filesystem::remove_all(path_); }
  const DiskCache& cache() const { return cache_; }
  const CacheEntry& entry() const { return *entry_; }

 private:
  std::filesystem::path path_;
  DiskCache cache_;
  std::shared_ptr<const CacheEntry> entry_;
};

void LookUpAmong(benchmark::State& state) {
  const ManyEntries many(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    if (many.cache().Get(many.entry().key, many.entry().canonical_spec).entry == nullptr) {
      return state.SkipWithError("the entry was not found");
    }
  }
}
BENCHMARK(LookUpAmong)->Arg(0)->Arg(10'000)->Unit(benchmark::kMicrosecond);

void ListAmong(benchmark::State& state) {
  const ManyEntries many(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(llvm::cantFail(many.cache().List()));
}
BENCHMARK(ListAmong)->Arg(10'000)->Iterations(5)->Unit(benchmark::kMillisecond);

/// Removes half of them, once.
void PruneAmong(benchmark::State& state) {
  const ManyEntries many(static_cast<int>(state.range(0)));
  const uint64_t bytes = llvm::cantFail(many.cache().Stats()).bytes;
  for (auto _ : state) {
    const PruneResult result =
        llvm::cantFail(many.cache().Prune({bytes / 2, std::nullopt}, std::time(nullptr)));
    state.counters["removed"] = static_cast<double>(result.removed.entries);
  }
}
BENCHMARK(PruneAmong)->Arg(10'000)->Iterations(1)->Unit(benchmark::kMillisecond);

/// A new process's way from a request to a loaded module, but for the driver's own part.
void PrepareFromWarmDisk(benchmark::State& state) {
  const ManyEntries many(0);
  EngineOptions options;
  options.cache_dir = many.cache().Path();
  for (auto _ : state) {
    EngineParts parts = DefaultParts(options);
    parts.open_driver = [] { return NullDriver(); };
    const auto engine = llvm::cantFail(CreateEngine(options, parts));
    const AttentionSpec spec = llvm::cantFail(ParseSpec(kSpec));
    benchmark::DoNotOptimize(llvm::cantFail(engine->Prepare(spec, 0)));
  }
}
BENCHMARK(PrepareFromWarmDisk)->Unit(benchmark::kMicrosecond);

/// What every thread shares: one engine's prepared kernels.
struct Prepared {
  ManyEntries many{0};
  std::unique_ptr<Engine> engine;
  std::shared_ptr<const Kernel> kernel;
  KernelStripes stripes;

  Prepared() {
    EngineOptions options;
    options.cache_dir = many.cache().Path();
    EngineParts parts = DefaultParts(options);
    parts.open_driver = [] { return NullDriver(); };
    engine = llvm::cantFail(CreateEngine(options, parts));
    kernel = llvm::cantFail(engine->Prepare(llvm::cantFail(ParseSpec(kSpec)), 0));
  }
};

void RequestsForALoadedKernel(benchmark::State& state) {
  static Prepared* const prepared = new Prepared;
  prepared->stripes.Add(kSpec, 0, prepared->kernel);
  for (auto _ : state) {
    std::shared_ptr<const Kernel> found = prepared->stripes.Find(kSpec, 0);
    benchmark::DoNotOptimize(found.get());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(RequestsForALoadedKernel)->ThreadRange(1, 16)->UseRealTime();

}  // namespace
}  // namespace attnjit

BENCHMARK_MAIN();
