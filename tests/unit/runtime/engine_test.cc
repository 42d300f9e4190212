// The engine with a compiler that counts and a driver that records.
#include "runtime/engine.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cache/disk.h"
#include "cache/tuning.h"
#include "fake_driver.h"
#include "generator/error.h"
#include "generator/plan_choices.h"
#include "gtest/gtest.h"
#include "launch_problem.h"
#include "runtime/engine_parts.h"
#include "runtime/not_built.h"
#include "tests/unit/cache/fake_cubin.h"

namespace attnjit {
namespace {

constexpr char kSpec[] = R"({"head_dim": 128, "dtype": "bf16", "mask": "causal"})";
constexpr char kOtherSpec[] = R"({"head_dim": 64, "dtype": "fp16"})";

/// Stands in for NVRTC; its cubins name the toolchain and the kernel.
struct FakeCompiler {
  std::string digest = std::string(64, 'a');
  std::string version = "13.0";
  bool missing = false;
  bool failing = false;
  bool deterministic = false;
  std::atomic<int> compilations = 0;

  static std::string CubinOf(const std::string& version, const std::string& entry) {
    int sm = 0;
    llvm::StringRef rest = llvm::StringRef(entry).split("sm").second;
    rest.consumeInteger(10, sm);
    return FakeCubin(sm, entry, "by " + version);
  }
};

class EngineTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = std::filesystem::path(testing::TempDir()) /
           (std::string("attnjit_engine_") + info->name() + "_" + std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  EngineParts Parts() {
    return {
        [this]() -> llvm::Expected<std::shared_ptr<const DriverTable>> {
          ++driver_opens_;
          if (no_driver_) return llvm::make_error<DriverError>("dlopen(libcuda.so.1)", "", "", "");
          return FakeDriver::SharedTable();
        },
        [this]() -> llvm::Expected<std::string> {
          if (compiler_.missing) {
            return llvm::make_error<ToolchainError>(std::vector<std::string>{"/nowhere: no NVRTC"});
          }
          return compiler_.digest;
        },
        [this](llvm::StringRef source, llvm::StringRef entry,
               llvm::ArrayRef<std::string>) -> llvm::Expected<CompileOutput> {
          ++compiler_.compilations;
          EXPECT_TRUE(source.contains(entry));
          if (compiler_.failing) {
            CompileError error(entry.str(), "no semicolon", "the log");
            if (compiler_.deterministic) error.SetDeterministic();
            return llvm::make_error<CompileError>(error);
          }
          CompileOutput output;
          output.ptx = ".version 9.0";
          output.cubin = FakeCompiler::CubinOf(compiler_.version, entry.str());
          output.log = "ptxas info";
          output.figures.registers = 168;
          output.nvrtc_version = compiler_.version;
          output.seconds = 0.25;
          return output;
        },
    };
  }

  EngineOptions Options() const {
    EngineOptions options;
    options.cache_dir = dir_.string();
    return options;
  }
  std::unique_ptr<Engine> NewEngine(const EngineOptions& options) {
    return llvm::cantFail(CreateEngine(options, Parts()));
  }
  std::unique_ptr<Engine> NewEngine(bool disk = true) {
    EngineOptions options = Options();
    options.disk_cache = disk;
    return NewEngine(options);
  }

  static BuildResult MustBuild(Engine& engine, const char* spec = kSpec, Arch arch = Arch::kSm90a) {
    return llvm::cantFail(engine.Build(MustParse(spec), arch));
  }
  static std::shared_ptr<const Kernel> MustPrepare(Engine& engine, const char* spec = kSpec,
                                                   int device = 0) {
    return llvm::cantFail(engine.Prepare(MustParse(spec), device));
  }
  template <typename ErrorType, typename T>
  static std::string MessageOf(llvm::Expected<T> expected) {
    if (expected) return "no error";
    llvm::Error error = expected.takeError();
    const bool right = error.isA<ErrorType>();
    const std::string message = llvm::toString(std::move(error));
    return right ? message : "another error: " + message;
  }

  FakeDriver driver_;
  FakeCompiler compiler_;
  bool no_driver_ = false;
  std::atomic<int> driver_opens_ = 0;
  std::filesystem::path dir_;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(EngineTest, CompilesOnceThenAnswersFromMemoryThenFromDisk) {
  const auto engine = NewEngine();
  const BuildResult compiled = MustBuild(*engine);
  EXPECT_EQ(compiled.origin, Origin::kCompiled);
  EXPECT_TRUE(std::filesystem::exists(compiled.path)) << compiled.path;
  EXPECT_EQ(compiled.warning, "");
  EXPECT_EQ(MustBuild(*engine).origin, Origin::kMemory);
  const BuildResult found = MustBuild(*NewEngine());
  EXPECT_EQ(found.origin, Origin::kDisk);
  EXPECT_EQ(found.path, compiled.path);
  EXPECT_EQ(found.entry->cubin, compiled.entry->cubin);
  EXPECT_EQ(compiler_.compilations, 1);
}

TEST_F(EngineTest, FillsTheWholeEntry) {
  const BuildResult built = MustBuild(*NewEngine());
  const CacheEntry& e = *built.entry;
  EXPECT_EQ(e.name, built.plan.name);
  EXPECT_EQ(e.arch, "sm_90a");
  EXPECT_EQ(e.canonical_spec, CanonicalJson(built.plan.spec, Arch::kSm90a));
  EXPECT_TRUE(Contains(e.plan, "smem_map"));
  EXPECT_TRUE(Contains(e.source, e.name));
  EXPECT_TRUE(Contains(e.compile_options, "--gpu-architecture=sm_90a"));
  EXPECT_EQ(e.ptx, ".version 9.0");
  EXPECT_EQ(e.cubin, FakeCompiler::CubinOf("13.0", e.name));
  EXPECT_EQ(e.compile_log, "ptxas info");
  EXPECT_EQ(e.attnjit_version, ATTNJIT_VERSION);
  EXPECT_EQ(e.nvrtc_version, "13.0");
  EXPECT_EQ(e.registers, 168);
  EXPECT_EQ(e.smem_dynamic_bytes, built.plan.smem_bytes);
  EXPECT_EQ(e.key.toolchain, compiler_.digest);
  EXPECT_GT(e.created_unix, 0);
}

TEST_F(EngineTest, BuildsWithoutADriver) {
  no_driver_ = true;
  const auto engine = NewEngine();
  EXPECT_EQ(MustBuild(*engine).origin, Origin::kCompiled);
  EXPECT_EQ(driver_opens_, 0);
  EXPECT_TRUE(Contains(MessageOf<DriverError>(engine->Prepare(MustParse(kSpec), 0)), "libcuda"));
  no_driver_ = false;
  MustPrepare(*engine);  // A driver that comes later is found.
}

TEST_F(EngineTest, GoesOnWithoutADiskThatCannotBeWritten) {
  std::ofstream(dir_) << "a file, not a directory";
  const auto engine = NewEngine();
  const BuildResult built = MustBuild(*engine);
  EXPECT_EQ(built.origin, Origin::kCompiled);
  EXPECT_EQ(built.path, "");
  EXPECT_NE(built.warning, "");
  EXPECT_EQ(MustPrepare(*engine)->build().warning, built.warning);
}

TEST_F(EngineTest, TouchesNoDiskWhereNoneIsWanted) {
  const BuildResult built = MustBuild(*NewEngine(/*disk=*/false));
  EXPECT_EQ(built.path, "");
  EXPECT_EQ(built.warning, "");
  EXPECT_FALSE(std::filesystem::exists(dir_));
}

TEST_F(EngineTest, RebuildsADamagedEntryAndReportsIt) {
  const std::string path = MustBuild(*NewEngine()).path;
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('X');
  }
  const BuildResult rebuilt = MustBuild(*NewEngine());
  EXPECT_EQ(rebuilt.origin, Origin::kCompiled);
  EXPECT_NE(rebuilt.warning, "");
  EXPECT_EQ(MustBuild(*NewEngine()).origin, Origin::kDisk) << "The rebuilt entry took its place.";
}

TEST_F(EngineTest, CompilesAgainForAnotherToolchain) {
  MustBuild(*NewEngine());
  compiler_.digest = std::string(64, 'b');
  EXPECT_EQ(MustBuild(*NewEngine()).origin, Origin::kCompiled);
}

TEST_F(EngineTest, ACompileErrorIsRememberedInTheProcess) {
  const auto engine = NewEngine();
  compiler_.failing = true;
  const std::string first = MessageOf<CompileError>(engine->Build(MustParse(kSpec), Arch::kSm90a));
  EXPECT_TRUE(Contains(first, "no semicolon")) << first;
  EXPECT_FALSE(Contains(first, "failed before")) << first;
  const std::string second = MessageOf<CompileError>(engine->Build(MustParse(kSpec), Arch::kSm90a));
  EXPECT_TRUE(Contains(second, "no semicolon")) << second;
  EXPECT_TRUE(Contains(second, "failed before")) << second;
  EXPECT_EQ(compiler_.compilations, 1);
  compiler_.failing = false;
  EXPECT_EQ(MustBuild(*NewEngine()).origin, Origin::kCompiled)
      << "An error that need not come again is not remembered on disk.";
}

TEST_F(EngineTest, ADeterministicCompileErrorIsRememberedOnDiskWithItsLog) {
  compiler_.failing = compiler_.deterministic = true;
  llvm::consumeError(NewEngine()->Build(MustParse(kSpec), Arch::kSm90a).takeError());
  llvm::Expected<BuildResult> again = NewEngine()->Build(MustParse(kSpec), Arch::kSm90a);
  ASSERT_FALSE(again);
  llvm::handleAllErrors(again.takeError(), [](const CompileError& error) {
    EXPECT_EQ(error.first_error(), "no semicolon");
    EXPECT_EQ(error.compile_log(), "the log");
    EXPECT_NE(error.failed_before_unix(), 0);
  });
  EXPECT_EQ(compiler_.compilations, 1);
  compiler_.digest = std::string(64, 'b');
  compiler_.failing = false;
  EXPECT_EQ(MustBuild(*NewEngine()).origin, Origin::kCompiled) << "Another toolchain may do it.";
}

TEST_F(EngineTest, ReportsWhatNoGpuOfTheArchCanRun) {
  const auto engine = NewEngine();
  const AttentionSpec mixed =
      MustParse(R"({"head_dim": 64, "dtype": {"q": "bf16", "kv": "fp16", "o": "bf16"}})");
  const std::string message = MessageOf<PlanError>(engine->Build(mixed, Arch::kSm90a));
  EXPECT_TRUE(Contains(message, "sm90: ")) << message;
  EXPECT_TRUE(Contains(message, "mma: ")) << message;
  EXPECT_EQ(compiler_.compilations, 0);
}

TEST_F(EngineTest, ManyThreadsThatAskForOneKernelCompileAndLoadItOnce) {
  const auto engine = NewEngine();
  std::vector<std::thread> threads;
  std::atomic<int> ready = 0;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      ++ready;
      while (ready < 16) std::this_thread::yield();
      const auto kernel = MustPrepare(*engine, t % 2 == 0 ? kSpec : kOtherSpec, 0);
      EXPECT_EQ(kernel->entry().name, kernel->plan().name);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(compiler_.compilations, 2);
  EXPECT_EQ(driver_.CountOf("cuLibraryLoadData"), 2);
  EXPECT_EQ(driver_.CountOf("cuDevicePrimaryCtxRetain"), 1);
  EXPECT_EQ(driver_opens_, 1);
}

TEST_F(EngineTest, ARepeatedPrepareAsksNeitherCompilerNorDriver) {
  const auto engine = NewEngine();
  const auto first = MustPrepare(*engine);
  driver_.ForgetCalls();
  const auto second = MustPrepare(*engine);
  EXPECT_TRUE(driver_.calls().empty());
  EXPECT_EQ(&first->entry(), &second->entry());
  EXPECT_EQ(compiler_.compilations, 1);
}

TEST_F(EngineTest, OneKernelServesRequestsThatDifferAtRunTimeOnly) {
  const auto engine = NewEngine();
  driver_.maps_per_launch = 3;
  const auto narrow =
      MustPrepare(*engine, R"({"head_dim": 64, "dtype": "bf16", "mask": {"window": [64, 0]},
                   "align": "top_left", "softmax_scale": 0.5})");
  const auto wide =
      MustPrepare(*engine, R"({"head_dim": 64, "dtype": "bf16", "mask": {"window": [4096, 0]},
                   "align": "top_left", "softmax_scale": 0.25, "heads": {"q": 16, "kv": 16}})");
  EXPECT_EQ(compiler_.compilations, 1);
  ForwardArgs args = DenseArgs(1, 1, 64);
  args.lse = {};
  ASSERT_FALSE(narrow->Launch(args, nullptr));
  ASSERT_FALSE(wide->Launch(args, nullptr));
  const auto launches = driver_.launches();
  ASSERT_EQ(launches.size(), 2u);
  EXPECT_EQ(launches[0].params.window_left, 64);
  EXPECT_EQ(launches[1].params.window_left, 4096);
  EXPECT_EQ(launches[0].params.softmax_scale, 0.5f);
  EXPECT_EQ(launches[1].params.softmax_scale, 0.25f);
}

TEST_F(EngineTest, BuildsForTheArchOfEachDevice) {
  driver_.devices = {{8, 0, 108}, {9, 0, 132}, {9, 0, 132}};
  const auto engine = NewEngine();
  EXPECT_EQ(MustPrepare(*engine, kSpec, 0)->plan().arch, Arch::kSm80);
  EXPECT_EQ(MustPrepare(*engine, kSpec, 1)->plan().arch, Arch::kSm90a);
  EXPECT_EQ(compiler_.compilations, 2);
  const int loads = driver_.CountOf("cuLibraryLoadData");
  MustPrepare(*engine, kSpec, 2);
  EXPECT_EQ(compiler_.compilations, 2) << "Two GPUs of one arch share a kernel,";
  EXPECT_EQ(driver_.CountOf("cuLibraryLoadData"), loads) << "and its library.";
}

TEST_F(EngineTest, KeepsToAnArchThatTheRequestNamesAndTheDeviceRuns) {
  driver_.devices = {{9, 0, 132}};
  const auto engine = NewEngine();
  const auto kernel =
      MustPrepare(*engine, R"({"head_dim": 128, "dtype": "bf16", "arch": "sm_90"})");
  EXPECT_EQ(kernel->plan().arch, Arch::kSm90);
  EXPECT_EQ(kernel->plan().family, Family::kMma);
}

TEST_F(EngineTest, RefusesAnArchThatTheDeviceDoesNotRun) {
  driver_.devices = {{8, 0, 108}};
  const auto engine = NewEngine();
  const std::string message = MessageOf<PlanError>(
      engine->Prepare(MustParse(R"({"head_dim": 128, "dtype": "bf16", "arch": "sm_90a"})"), 0));
  EXPECT_TRUE(Contains(message, "sm_90a does not run on device 0")) << message;
  EXPECT_TRUE(Contains(message, "sm_80")) << message;
}

TEST_F(EngineTest, RefusesAGpuItGeneratesNothingFor) {
  driver_.devices = {{7, 0, 80}};
  const auto engine = NewEngine();
  const std::string message = MessageOf<PlanError>(engine->Prepare(MustParse(kSpec), 0));
  EXPECT_TRUE(Contains(message, "7.0")) << message;
}

TEST_F(EngineTest, AKernelOutlivesItsEngineAndUnloadsWhenItEnds) {
  driver_.maps_per_launch = 3;
  auto engine = NewEngine();
  std::shared_ptr<const Kernel> kernel = MustPrepare(*engine);
  engine.reset();
  EXPECT_EQ(driver_.CountOf("cuLibraryUnload"), 0);
  ForwardArgs args = DenseArgs(1, 1);
  args.seqlen_kv = args.seqlen_q;
  args.lse = {};
  EXPECT_FALSE(kernel->Launch(args, nullptr));
  kernel.reset();
  EXPECT_EQ(driver_.CountOf("cuLibraryUnload"), 1);
  EXPECT_EQ(driver_.CountOf("cuDevicePrimaryCtxRelease_v2"), 1);
}

TEST_F(EngineTest, ReportsAModuleThatDoesNotLoadAndTriesAgainNextTime) {
  const auto engine = NewEngine();
  driver_.failures["cuLibraryLoadData"] = cu::kErrorNoBinaryForGpu;
  EXPECT_TRUE(
      Contains(MessageOf<DriverError>(engine->Prepare(MustParse(kSpec), 0)), "cuLibraryLoadData"));
  driver_.failures.clear();
  MustPrepare(*engine);
}

TEST_F(EngineTest, ServesAnEntryOfAnotherToolchainWhereThereIsNoNvrtcAndSaysWhich) {
  const std::string path = MustBuild(*NewEngine()).path;
  compiler_.missing = true;
  const BuildResult served = MustBuild(*NewEngine());
  EXPECT_EQ(served.origin, Origin::kDisk);
  EXPECT_EQ(served.path, path);
  EXPECT_TRUE(Contains(served.warning, "NVRTC 13.0")) << served.warning;
  EXPECT_TRUE(Contains(served.warning, path)) << served.warning;
  EXPECT_EQ(compiler_.compilations, 1);
}

TEST_F(EngineTest, SaysWhereItLookedForNvrtcWhereNoEntryHelps) {
  MustBuild(*NewEngine(), kOtherSpec);
  compiler_.missing = true;
  const auto engine = NewEngine();
  const std::string message =
      MessageOf<ToolchainError>(engine->Build(MustParse(kSpec), Arch::kSm90a));
  EXPECT_TRUE(Contains(message, "/nowhere: no NVRTC")) << message;
}

TEST_F(EngineTest, WithoutNvrtcTakesAnEntryThatTheDriverLoads) {
  MustBuild(*NewEngine());
  compiler_.digest = std::string(64, 'b');
  compiler_.version = "14.0";
  const std::string name = MustBuild(*NewEngine()).entry->name;
  compiler_.missing = true;
  const auto engine = NewEngine();
  driver_.refused_image = FakeCompiler::CubinOf("14.0", name);
  const auto kernel = MustPrepare(*engine);
  EXPECT_EQ(kernel->entry().nvrtc_version, "13.0");
  driver_.ForgetCalls();
  MustPrepare(*engine);
  EXPECT_TRUE(driver_.calls().empty()) << "The entry that loaded is remembered.";
}

TEST_F(EngineTest, PrepareTakesThePlanOfItsGpusTuningRecord) {
  const KernelSpec spec = ResolveKernelSpec(MustParse(kSpec));
  Sm90Choices choices = ChooseSm90(spec, Arch::kSm90a);
  const std::string own = ChoicesText(choices);
  choices.tile_n -= 16;
  TuningRecord record = {CanonicalJson(spec, Arch::kSm90a),
                         "Fake GPU",
                         ATTNJIT_VERSION,
                         ChoicesText(choices),
                         own,
                         "prefill 4x4096 1/1",
                         1,
                         2,
                         3};
  llvm::cantFail(TuningStore(dir_.string()).Put(record));
  const auto engine = NewEngine();
  const BuildResult tuned = MustPrepare(*engine)->build();
  EXPECT_EQ(tuned.plan.tile_n, choices.tile_n);
  EXPECT_TRUE(Contains(tuned.plan.reasons.back(), "tuned on Fake GPU with prefill 4x4096"));
  EXPECT_TRUE(Contains(tuned.entry->source, ".tile_n = " + std::to_string(choices.tile_n)));
  EXPECT_EQ(tuned.warning, "");
  // Another key than the planner's own plan, which is what a build without a GPU makes.
  const BuildResult untuned = MustBuild(*engine);
  EXPECT_EQ(untuned.plan.tile_n, choices.tile_n + 16);
  EXPECT_NE(untuned.entry->key.request, tuned.entry->key.request);
  EngineOptions options;
  options.cache_dir = dir_.string();
  options.tuned = false;
  const auto without = llvm::cantFail(CreateEngine(options, Parts()));
  EXPECT_EQ(MustPrepare(*without)->plan().tile_n, untuned.plan.tile_n);
}

TEST_F(EngineTest, ATuningRecordThatFitsNotIsReportedAndThePlannerDecides) {
  const KernelSpec spec = ResolveKernelSpec(MustParse(kSpec));
  const std::string own = ChoicesText(ChooseSm90(spec, Arch::kSm90a));
  const TuningRecord record = {CanonicalJson(spec, Arch::kSm90a),
                               "Fake GPU",
                               ATTNJIT_VERSION,
                               "sm90 w3 x1 n256 s4",
                               own,
                               "prefill 4x4096 1/1",
                               1,
                               2,
                               3};
  const std::string path = llvm::cantFail(TuningStore(dir_.string()).Put(record));
  const BuildResult built = MustPrepare(*NewEngine())->build();
  EXPECT_TRUE(Contains(built.warning, "tuning record for Fake GPU is not used")) << built.warning;
  EXPECT_EQ(built.entry->key, MustBuild(*NewEngine()).entry->key);
  std::filesystem::resize_file(path, 10);
  const BuildResult damaged = MustPrepare(*NewEngine())->build();
  EXPECT_TRUE(Contains(damaged.warning, path)) << damaged.warning;
  EXPECT_EQ(damaged.entry->key, built.entry->key);
}

TEST_F(EngineTest, WhereCompilingIsNotAllowedAMissNamesTheSpecAndTheCommandThatBuildsIt) {
  EngineOptions options = Options();
  options.jit = JitPolicy::kNever;
  const std::string message =
      MessageOf<NotBuiltError>(NewEngine(options)->Build(MustParse(kSpec), Arch::kSm90a));
  EXPECT_TRUE(Contains(message, "attnjit build '{")) << message;
  EXPECT_TRUE(Contains(message, "\"head_dim\":128")) << message;
  EXPECT_TRUE(Contains(message, "--arch sm_90a")) << message;
  EXPECT_EQ(compiler_.compilations, 0);
  MustBuild(*NewEngine());
  EXPECT_EQ(MustBuild(*NewEngine(options)).origin, Origin::kDisk);
  EXPECT_EQ(compiler_.compilations, 1);
}

TEST_F(EngineTest, WhereCompilingIsNotAllowedAnotherToolchainsEntryServes) {
  MustBuild(*NewEngine());
  compiler_.digest = std::string(64, 'b');
  EngineOptions options = Options();
  options.jit = JitPolicy::kNever;
  const BuildResult served = MustBuild(*NewEngine(options));
  EXPECT_EQ(served.origin, Origin::kDisk);
  EXPECT_TRUE(Contains(served.warning, "NVRTC 13.0")) << served.warning;
}

TEST_F(EngineTest, TheCommandOfAMissBuildsTheVeryKernel) {
  EngineOptions options = Options();
  options.jit = JitPolicy::kNever;
  llvm::Expected<BuildResult> missed = NewEngine(options)->Build(MustParse(kSpec), Arch::kSm90a);
  ASSERT_FALSE(missed);
  std::string spec;
  llvm::handleAllErrors(missed.takeError(), [&](const NotBuiltError& e) { spec = e.spec(); });
  MustBuild(*NewEngine(), spec.c_str());
  EXPECT_EQ(MustBuild(*NewEngine(options)).origin, Origin::kDisk);
}

TEST_F(EngineTest, ServesFromAReadOnlyLayerWithoutCopyingIt) {
  const BuildResult baked = MustBuild(*NewEngine());
  EngineOptions options = Options();
  options.cache_dir = dir_.string() + "_local";
  options.read_only_cache_dirs = {dir_.string()};
  const BuildResult served = MustBuild(*NewEngine(options));
  EXPECT_EQ(served.origin, Origin::kLayer);
  EXPECT_EQ(served.path, baked.path);
  EXPECT_EQ(served.warning, "");
  EXPECT_FALSE(std::filesystem::exists(options.cache_dir));
  MustBuild(*NewEngine(options), kOtherSpec);
  EXPECT_TRUE(std::filesystem::exists(options.cache_dir)) << "What is new goes to the directory.";
  std::filesystem::remove_all(options.cache_dir);
}

TEST_F(EngineTest, RecordsEachKernelOnceAsARequestOnALine) {
  EngineOptions options = Options();
  std::filesystem::create_directory(dir_);
  options.record_path = (dir_ / "record.jsonl").string();
  const auto engine = NewEngine(options);
  MustBuild(*engine);
  MustBuild(*engine);
  MustBuild(*engine, kOtherSpec);
  std::ifstream file(options.record_path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(MustParse(lines[0].c_str()).arch, Arch::kSm90a);
  MustBuild(*NewEngine(), lines[1].c_str());
  EXPECT_EQ(compiler_.compilations, 2) << "A recorded line is the same kernel.";
}

TEST_F(EngineTest, ADirectoryThatCannotBeUsedIsWarnedOfOnce) {
  std::ofstream(dir_) << "a file, not a directory";
  const auto engine = NewEngine();
  EXPECT_NE(MustBuild(*engine).warning, "");
  const BuildResult second = MustBuild(*engine, kOtherSpec);
  EXPECT_EQ(second.warning, "");
  EXPECT_EQ(second.origin, Origin::kCompiled);
}

TEST_F(EngineTest, ManyEnginesShareACacheAndADevice) {
  const auto first = NewEngine();
  const auto second = NewEngine();
  MustPrepare(*first);
  EXPECT_EQ(MustPrepare(*second)->build().origin, Origin::kDisk);
  EXPECT_EQ(driver_.CountOf("cuDevicePrimaryCtxRetain"), 2);
}

}  // namespace
}  // namespace attnjit
