// Host-side costs: repeated requests, launches, kernels from the disk cache.
//
//   attnjit_host_bench --benchmark_filter=Launch
//
// "Null driver": a table whose functions return at once, so that the figure is attnjit's own part.
// "Gpu": the machine's driver and first GPU; skipped where there is none.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "runtime/device.h"
#include "runtime/engine_parts.h"
#include "runtime/launch.h"
#include "runtime/spec_cache.h"
#include "runtime/tensor_map.h"
#include "tools/bench/null_driver.h"

namespace attnjit {
namespace {

constexpr char kSpec[] =
    R"({"version":1,"op":"attention_forward","dtype":"bf16","head_dim":128,)"
    R"("heads":{"q":32,"kv":8},"mask":"causal","align":"bottom_right","lse":true})";

AttentionSpec Spec() { return llvm::cantFail(ParseSpec(kSpec)); }

/// A directory that goes away with the benchmark.
class ScratchDir {
 public:
  ScratchDir()
      : path_(std::filesystem::temp_directory_path() /
              ("attnjit_host_bench_" + std::to_string(::getpid()))) {}
  ~ScratchDir() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

EngineOptions InDirectory(const std::string& dir) {
  EngineOptions options;
  options.cache_dir = dir;
  return options;
}

/// What all benchmarks share: one cache on disk, one NVRTC.
struct Bench {
  ScratchDir dir;
  EngineOptions options = InDirectory(dir.path());
  EngineParts parts = DefaultParts(options);

  std::unique_ptr<Engine> NewEngine(const EngineParts& with) const {
    return llvm::cantFail(CreateEngine(options, with));
  }
  EngineParts WithNullDriver() const {
    EngineParts null = parts;
    null.open_driver = [] { return NullDriver(); };
    return null;
  }
};

Bench& TheBench() {
  static Bench bench;
  return bench;
}

/// The kernel, or null with the benchmark skipped and the reason given.
std::shared_ptr<const Kernel> PrepareOrSkip(benchmark::State& state, Engine& engine) {
  llvm::Expected<std::shared_ptr<const Kernel>> kernel = engine.Prepare(Spec(), 0);
  if (kernel) return *kernel;
  state.SkipWithError(llvm::toString(kernel.takeError()).c_str());
  return nullptr;
}

/// 1 x 128 tokens, so that a GPU is done soon.
ForwardArgs ArgsAt(char* base) {
  constexpr int64_t kHeadsQ = 32, kHeadsKv = 8, kDim = 128, kSeqlen = 128;
  constexpr int64_t kStep = kSeqlen * kHeadsQ * kDim * 2;
  ForwardArgs args;
  args.q = {base, {kSeqlen * kHeadsQ * kDim, kHeadsQ * kDim, kDim}};
  args.k = {base + kStep, {kSeqlen * kHeadsKv * kDim, kHeadsKv * kDim, kDim}};
  args.v = {base + 2 * kStep, {kSeqlen * kHeadsKv * kDim, kHeadsKv * kDim, kDim}};
  args.o = {base + 3 * kStep, {kSeqlen * kHeadsQ * kDim, kHeadsQ * kDim, kDim}};
  args.lse = {base + 4 * kStep, {kHeadsQ * kSeqlen, 1, kSeqlen}};
  args.batch = 1;
  args.heads_q = kHeadsQ;
  args.heads_kv = kHeadsKv;
  args.seqlen_q = args.seqlen_kv = kSeqlen;
  return args;
}
constexpr size_t kArgsBytes = 5 * 128 * 32 * 128 * 2;

void RepeatedPrepareFromSpec(benchmark::State& state) {
  const auto engine = TheBench().NewEngine(TheBench().WithNullDriver());
  if (PrepareOrSkip(state, *engine) == nullptr) return;
  const AttentionSpec spec = Spec();
  for (auto _ : state) benchmark::DoNotOptimize(llvm::cantFail(engine->Prepare(spec, 0)));
}
BENCHMARK(RepeatedPrepareFromSpec);

void RepeatedPrepareFromJson(benchmark::State& state) {
  const auto engine = TheBench().NewEngine(TheBench().WithNullDriver());
  if (PrepareOrSkip(state, *engine) == nullptr) return;
  SpecCache specs;
  for (auto _ : state) {
    const AttentionSpec spec = llvm::cantFail(specs.Parse(kSpec));
    benchmark::DoNotOptimize(llvm::cantFail(engine->Prepare(spec, 0)));
  }
}
BENCHMARK(RepeatedPrepareFromJson);

void ParseSpecFromJson(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(llvm::cantFail(ParseSpec(kSpec)));
}
BENCHMARK(ParseSpecFromJson);

void LaunchNullDriver(benchmark::State& state) {
  const auto engine = TheBench().NewEngine(TheBench().WithNullDriver());
  const auto kernel = PrepareOrSkip(state, *engine);
  if (kernel == nullptr) return;
  const ForwardArgs args = ArgsAt(reinterpret_cast<char*>(0x7f0000000000));
  for (auto _ : state) llvm::cantFail(kernel->Launch(args, nullptr));
}
BENCHMARK(LaunchNullDriver);

void BuildFromWarmDisk(benchmark::State& state) {
  const auto first = TheBench().NewEngine(TheBench().parts);
  llvm::Expected<BuildResult> built = first->Build(Spec(), Arch::kSm90a);
  if (!built) return state.SkipWithError(llvm::toString(built.takeError()).c_str());
  for (auto _ : state) {
    const auto engine = TheBench().NewEngine(TheBench().parts);
    if (llvm::cantFail(engine->Build(Spec(), Arch::kSm90a)).origin != Origin::kDisk) {
      return state.SkipWithError("the entry was not found on disk");
    }
  }
}
BENCHMARK(BuildFromWarmDisk)->Unit(benchmark::kMicrosecond);

/// As a new process does it: NVRTC's digest is made anew, too.
void BuildFromWarmDiskInANewProcess(benchmark::State& state) {
  const auto first = TheBench().NewEngine(TheBench().parts);
  llvm::Expected<BuildResult> built = first->Build(Spec(), Arch::kSm90a);
  if (!built) return state.SkipWithError(llvm::toString(built.takeError()).c_str());
  for (auto _ : state) {
    const auto engine = TheBench().NewEngine(DefaultParts(TheBench().options));
    const AttentionSpec spec = Spec();
    if (llvm::cantFail(engine->Build(spec, Arch::kSm90a)).origin != Origin::kDisk) {
      return state.SkipWithError("the entry was not found on disk");
    }
  }
}
BENCHMARK(BuildFromWarmDiskInANewProcess)->Unit(benchmark::kMicrosecond);

/// The machine's GPU with memory for one launch; null with the benchmark skipped if there is none.
class Gpu {
 public:
  static std::unique_ptr<Gpu> OpenOrSkip(benchmark::State& state) {
    auto gpu = std::unique_ptr<Gpu>(new Gpu);
    if (llvm::Error error = gpu->Open()) {
      state.SkipWithError(llvm::toString(std::move(error)).c_str());
      return nullptr;
    }
    return gpu;
  }
  ~Gpu() {
    if (stream_ != nullptr) driver_->stream_destroy(stream_);
    if (memory_ != 0) driver_->mem_free(memory_);
  }

  const DriverTable& driver() const { return *driver_; }
  cu::Stream stream() const { return stream_; }
  ForwardArgs args() const { return ArgsAt(reinterpret_cast<char*>(memory_)); }

 private:
  llvm::Error Open() {
    llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("");
    if (!driver) return driver.takeError();
    driver_ = *driver;
    llvm::Expected<std::shared_ptr<const Device>> device = Device::Open(driver_, 0);
    if (!device) return device.takeError();
    device_ = *device;
    context_ = std::make_unique<ScopedContext>(*driver_, device_->context());
    if (llvm::Error error = context_->TakeError()) return error;
    if (llvm::Error error =
            CheckDriver(*driver_, "cuMemAlloc", driver_->mem_alloc(&memory_, kArgsBytes))) {
      return error;
    }
    return CheckDriver(*driver_, "cuStreamCreate",
                       driver_->stream_create(&stream_, cu::kStreamNonBlocking));
  }

  std::shared_ptr<const DriverTable> driver_;
  std::shared_ptr<const Device> device_;
  std::unique_ptr<ScopedContext> context_;
  cu::DevicePtr memory_ = 0;
  cu::Stream stream_ = nullptr;
};

/// Times `launch` in runs that the driver's queue (1024 deep) holds without waiting for the GPU.
template <typename Launch>
void TimeLaunches(benchmark::State& state, const Gpu& gpu, Launch launch) {
  constexpr int kRun = 256;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRun; ++i) launch();
    const auto end = std::chrono::steady_clock::now();
    state.SetIterationTime(std::chrono::duration<double>(end - start).count() / kRun);
    if (gpu.driver().stream_synchronize(gpu.stream()) != cu::kSuccess) {
      return state.SkipWithError("a launch failed on the GPU");
    }
  }
}

void LaunchGpu(benchmark::State& state) {
  const auto gpu = Gpu::OpenOrSkip(state);
  if (gpu == nullptr) return;
  // Read when an engine is made.
  setenv("ATTNJIT_CHECK_POINTERS", state.range(0) != 0 ? "1" : "0", 1);
  const auto engine = TheBench().NewEngine(TheBench().parts);
  const auto kernel = PrepareOrSkip(state, *engine);
  if (kernel == nullptr) return;
  const ForwardArgs args = gpu->args();
  TimeLaunches(state, *gpu, [&] { llvm::cantFail(kernel->Launch(args, gpu->stream())); });
}
// An iteration is 256 launches and its time that of one: their number is fixed, or the library
// would repeat until single launches add up to its minimum.
BENCHMARK(LaunchGpu)->ArgName("check_pointers")->Arg(1)->Arg(0)->Iterations(40)->UseManualTime();

void PointerQueryGpu(benchmark::State& state) {
  const auto gpu = Gpu::OpenOrSkip(state);
  if (gpu == nullptr) return;
  unsigned type = 0, managed = 0;
  int ordinal = 0;
  cu::PointerAttribute attributes[] = {cu::kPointerMemoryType, cu::kPointerIsManaged,
                                       cu::kPointerDeviceOrdinal};
  void* values[] = {&type, &managed, &ordinal};
  const auto pointer = reinterpret_cast<cu::DevicePtr>(gpu->args().q.data);
  for (auto _ : state) {
    benchmark::DoNotOptimize(gpu->driver().pointer_get_attributes(3, attributes, values, pointer));
  }
}
BENCHMARK(PointerQueryGpu);

void TensorMapEncodeGpu(benchmark::State& state) {
  const auto gpu = Gpu::OpenOrSkip(state);
  if (gpu == nullptr) return;
  const ForwardArgs args = gpu->args();
  cu::TensorMap map;
  for (auto _ : state) {
    llvm::cantFail(EncodeTensorMap(
        gpu->driver(), "q",
        {args.q.data, Element::kBf16, 128, 128, 32, 1, args.q.stride, 64, 64, 128}, map));
    benchmark::DoNotOptimize(map);
  }
}
BENCHMARK(TensorMapEncodeGpu);

}  // namespace
}  // namespace attnjit

BENCHMARK_MAIN();
