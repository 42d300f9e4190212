// Many processes that want one new kernel: one compiles it, whatever happens to the others.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <new>

#include "gtest/gtest.h"
#include "launch_problem.h"
#include "runtime/engine.h"
#include "runtime/engine_parts.h"
#include "tests/unit/cache/fake_cubin.h"

namespace attnjit {
namespace {

constexpr char kSpec[] = R"({"head_dim": 128, "dtype": "bf16", "mask": "causal"})";

/// Seen by all processes.
struct Shared {
  std::atomic<int> arrived = 0;
  std::atomic<int> compilations = 0;
  std::atomic<int> compiled = 0;  ///< Engines that compiled, by what they say.
  std::atomic<int> served = 0;    ///< From disk.
};

class OneCreatorTest : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = std::filesystem::path(testing::TempDir()) /
           (std::string("attnjit_creator_") + info->name() + "_" + std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared_ = new (memory) Shared;
  }
  void TearDown() override {
    ::munmap(shared_, sizeof(Shared));
    std::filesystem::remove_all(dir_);
  }

  using WhileCompiling = std::function<void()>;
  EngineParts Parts(const WhileCompiling& while_compiling) {
    return {[]() -> llvm::Expected<std::shared_ptr<const DriverTable>> {
              return llvm::make_error<DriverError>("dlopen(libcuda.so.1)", "", "", "");
            },
            []() -> llvm::Expected<std::string> { return std::string(64, 'a'); },
            [this, while_compiling](llvm::StringRef, llvm::StringRef entry,
                                    llvm::ArrayRef<std::string>) -> llvm::Expected<CompileOutput> {
              ++shared_->compilations;
              while_compiling();
              CompileOutput output;
              output.ptx = ".version 9.0";
              output.cubin = FakeCubin(90, entry.str(), "code");
              output.nvrtc_version = "13.0";
              return output;
            }};
  }

  /// Builds the kernel in this process; false on any error or warning.
  bool Build(const WhileCompiling& while_compiling, int64_t wait_ms = 60'000) {
    EngineOptions options;
    options.cache_dir = dir_.string();
    options.creation_wait_ms = wait_ms;
    llvm::Expected<std::unique_ptr<Engine>> engine = CreateEngine(options, Parts(while_compiling));
    if (!engine) return false;
    llvm::Expected<BuildResult> built = (*engine)->Build(MustParse(kSpec), Arch::kSm90a);
    if (!built) return false;
    ++(built->origin == Origin::kCompiled ? shared_->compiled : shared_->served);
    return built->warning.empty();
  }

  static pid_t Fork(const std::function<bool()>& body) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(body() ? 0 : 1);
    return child;
  }
  static void ExpectDone(const std::vector<pid_t>& children) {
    for (pid_t child : children) {
      int status = -1;
      EXPECT_EQ(::waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
  }

  std::filesystem::path dir_;
  Shared* shared_ = nullptr;
};

TEST_F(OneCreatorTest, SixteenProcessesCompileANewKernelOnce) {
  constexpr int kProcesses = 16;
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    children.push_back(Fork([&] {
      ++shared_->arrived;
      // The compilation ends when all have come: every other process finds it going on.
      return Build([&] {
        while (shared_->arrived < kProcesses) ::sched_yield();
      });
    }));
  }
  ExpectDone(children);
  EXPECT_EQ(shared_->compilations, 1);
  EXPECT_EQ(shared_->compiled, 1);
  EXPECT_EQ(shared_->served, kProcesses - 1);
}

TEST_F(OneCreatorTest, AProcessKilledWhileItCompilesStopsNobody) {
  const pid_t killed = Fork([&] {
    return Build([&] {
      ++shared_->arrived;
      while (true) ::pause();
    });
  });
  while (shared_->arrived == 0) ::sched_yield();
  std::vector<pid_t> waiting;
  for (int i = 0; i < 4; ++i) waiting.push_back(Fork([&] { return Build([] {}); }));
  ::kill(killed, SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(killed, &status, 0), killed);
  ExpectDone(waiting);
  EXPECT_EQ(shared_->compilations, 2);
  EXPECT_EQ(shared_->compiled, 1);
  EXPECT_EQ(shared_->served, 3);
}

TEST_F(OneCreatorTest, WhoHasWaitedLongEnoughCompilesItself) {
  const pid_t stuck = Fork([&] {
    return Build([&] {
      ++shared_->arrived;
      while (true) ::pause();
    });
  });
  while (shared_->arrived == 0) ::sched_yield();
  EXPECT_FALSE(Build([] {}, /*wait_ms=*/5)) << "It says so in a warning,";
  EXPECT_EQ(shared_->compiled, 1) << "and has its kernel.";
  ::kill(stuck, SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(stuck, &status, 0), stuck);
}

TEST_F(OneCreatorTest, TwoToolchainsSideBySideShareNothing) {
  for (const char digit : {'a', 'b'}) {
    EngineParts parts = Parts([] {});
    parts.toolchain_digest = [digit]() -> llvm::Expected<std::string> {
      return std::string(64, digit);
    };
    EngineOptions options;
    options.cache_dir = dir_.string();
    const auto engine = llvm::cantFail(CreateEngine(options, parts));
    EXPECT_EQ(llvm::cantFail(engine->Build(MustParse(kSpec), Arch::kSm90a)).origin,
              Origin::kCompiled);
  }
  EXPECT_EQ(shared_->compilations, 2);
}

}  // namespace
}  // namespace attnjit
