// The C interface as a server uses it: ahead of time, never compiling in a request, inside
// captures, observed. With a compiler and a driver that take no time.
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "attnjit/attnjit.hpp"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "runtime/dlpack.h"

extern "C" void FakeLibcudaSetCapturing(int capturing);

namespace {

using attnjit::ErrorCode;
using Json = nlohmann::json;

constexpr char kSpec[] =
    R"({"head_dim": 64, "dtype": "bf16", "heads": {"q": 4, "kv": 2}, "lse": true})";
constexpr char kOther[] = R"({"head_dim": 32, "dtype": "fp16"})";

void* Address(int i) { return reinterpret_cast<void*>(0x10000000L * (i + 1)); }

class CApiServing : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* info = testing::UnitTest::GetInstance()->current_test_info();
    dir_ = std::filesystem::path(testing::TempDir()) /
           (std::string("attnjit_serving_") + info->name() + "_" + std::to_string(::getpid()));
    std::filesystem::remove_all(dir_);
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  attnjit::EngineOptions Options() const {
    attnjit::EngineOptions options;
    options.cache_dir = dir_.string();
    options.driver_path = FAKE_LIBCUDA;
    options.nvrtc_path = FAKE_NVRTC;
    return options;
  }
  static attnjit::Engine Make(const attnjit::EngineOptions& options) {
    return std::move(attnjit::Engine::Create(options)).value();
  }

  std::filesystem::path dir_;
};

TEST_F(CApiServing, GetNeverCompilesUnlessItMay) {
  attnjit::Engine engine = Make(Options());
  const auto missed = engine.Get(kSpec, 0);
  ASSERT_FALSE(missed.ok());
  EXPECT_EQ(missed.error().code(), ErrorCode::kNotBuilt);
  EXPECT_EQ(missed.error().stage(), "not_built");
  const Json detail = Json::parse(missed.error().details_json())[0];
  EXPECT_EQ(detail["spec"]["head_dim"], 64);
  EXPECT_EQ(detail["command"].get<std::string>().rfind("attnjit build '", 0), 0u);
  EXPECT_EQ(engine.Statistics().compilations, 0u);
  attnjit::GetOptions may;
  may.allow_compile = true;
  EXPECT_TRUE(engine.Get(kSpec, 0, may).ok());
  EXPECT_TRUE(engine.Get(kSpec, 0).ok());
  attnjit::Engine second = Make(Options());
  EXPECT_TRUE(second.Get(kSpec, 0).ok()) << "What a cache has is loaded.";
  EXPECT_EQ(second.Statistics().disk_hits, 1u);
}

TEST_F(CApiServing, AnEngineThatNeverCompilesSaysSoForPrepareToo) {
  attnjit::EngineOptions options = Options();
  options.never_compile = true;
  attnjit::Engine engine = Make(options);
  const auto missed = engine.Prepare(kSpec, 0);
  ASSERT_FALSE(missed.ok());
  EXPECT_EQ(missed.error().code(), ErrorCode::kNotBuilt);
}

TEST_F(CApiServing, InACaptureOnlyLoadedKernelsAreGiven) {
  attnjit::Engine engine = Make(Options());
  ASSERT_TRUE(engine.Prepare(kSpec, 0).ok());
  ASSERT_TRUE(engine.Build(kOther, "sm_90a").ok());
  attnjit::GetOptions options;
  options.stream = Address(9);
  options.allow_compile = true;
  FakeLibcudaSetCapturing(1);
  EXPECT_TRUE(engine.Get(kSpec, 0, options).ok());
  const attnjit_statistics before = engine.Statistics();
  const auto missed = engine.Get(kOther, 0, options);
  ASSERT_FALSE(missed.ok());
  EXPECT_EQ(missed.error().code(), ErrorCode::kNotReadyInCapture);
  EXPECT_EQ(engine.Statistics().loads, before.loads) << "and nothing was done.";
  FakeLibcudaSetCapturing(0);
  EXPECT_TRUE(engine.Get(kOther, 0, options).ok());
}

TEST_F(CApiServing, PreparesInTheBackground) {
  attnjit::Engine engine = Make(Options());
  auto future = engine.PrepareAsync(kSpec, 0);
  ASSERT_TRUE(future.ok());
  const auto kernel = future->Wait();
  ASSERT_TRUE(kernel.ok()) << kernel.error().message();
  EXPECT_TRUE(future->IsDone());
  EXPECT_TRUE(future->WaitFor(0).ok()) << "Each wait gives a handle.";
  EXPECT_TRUE(engine.Get(kSpec, 0).ok());
  EXPECT_FALSE(engine.PrepareAsync("{}", 0).ok()) << "A wrong spec is an error at once.";
}

TEST_F(CApiServing, AnErrorOfTheBackgroundIsTheWaiters) {
  attnjit::Engine engine = Make(Options());
  auto future = engine.PrepareAsync(kSpec, /*device=*/7);
  ASSERT_TRUE(future.ok());
  for (int i = 0; i < 2; ++i) {
    const auto kernel = future->Wait();
    ASSERT_FALSE(kernel.ok());
    EXPECT_NE(kernel.error().message(), "");
  }
}

/// Stops the engine's thread in its first compilation until it is told to go on.
class Gate {
 public:
  attnjit_callbacks Callbacks() {
    attnjit_callbacks callbacks = {};
    callbacks.user = this;
    callbacks.event = [](void* user, const attnjit_event* event) {
      static_cast<Gate*>(user)->OnEvent(*event);
    };
    return callbacks;
  }
  void AwaitFirst() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !compiled_.empty(); });
  }
  void Open() {
    std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  std::vector<std::string> compiled() {
    std::lock_guard<std::mutex> lock(mutex_);
    return compiled_;
  }

 private:
  void OnEvent(const attnjit_event& event) {
    if (event.kind != ATTNJIT_EVENT_COMPILE_BEGIN) return;
    std::unique_lock<std::mutex> lock(mutex_);
    compiled_.push_back(event.kernel);
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> compiled_;
  bool open_ = false;
};

std::string OfHeadDim(int head_dim) {
  return R"({"dtype": "fp16", "head_dim": )" + std::to_string(head_dim) + "}";
}

TEST_F(CApiServing, TheMostUrgentIsPreparedFirstAndTheCancelledNever) {
  Gate gate;
  attnjit::EngineOptions options = Options();
  options.callbacks = gate.Callbacks();
  options.async_threads = 1;
  attnjit::Engine engine = Make(options);
  auto running = engine.PrepareAsync(OfHeadDim(16), 0);
  gate.AwaitFirst();
  auto low = engine.PrepareAsync(OfHeadDim(32), 0, /*priority=*/-1);
  auto older = engine.PrepareAsync(OfHeadDim(48), 0);
  auto cancelled = engine.PrepareAsync(OfHeadDim(64), 0, 5);
  auto urgent = engine.PrepareAsync(OfHeadDim(80), 0, 5);
  cancelled->Cancel();
  EXPECT_EQ(urgent->WaitFor(0).error().code(), ErrorCode::kPending);
  gate.Open();
  EXPECT_TRUE(low->Wait().ok());
  EXPECT_EQ(cancelled->Wait().error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(gate.compiled(),
            (std::vector<std::string>{"fwd_sm90a_fp16_d16", "fwd_sm90a_fp16_d80",
                                      "fwd_sm90a_fp16_d48", "fwd_sm90a_fp16_d32"}));
  EXPECT_TRUE(running->Wait().ok());
  EXPECT_TRUE(older->Wait().ok());
}

TEST_F(CApiServing, AnEngineThatEndsCancelsWhatWaits) {
  Gate gate;
  attnjit::EngineOptions options = Options();
  options.callbacks = gate.Callbacks();
  options.async_threads = 1;
  std::optional<attnjit::Engine> engine = Make(options);
  auto running = engine->PrepareAsync(OfHeadDim(16), 0);
  gate.AwaitFirst();
  auto waiting = engine->PrepareAsync(OfHeadDim(32), 0);
  std::thread opener([&] {
    EXPECT_EQ(waiting->Wait().error().code(), ErrorCode::kCancelled);
    gate.Open();
  });
  engine.reset();
  opener.join();
  EXPECT_TRUE(running->Wait().ok()) << "Its kernel outlives the engine.";
}

TEST_F(CApiServing, TellsWhatItDoes) {
  struct Seen {
    std::mutex mutex;
    std::vector<int> kinds;
    std::vector<std::string> log;
  } seen;
  attnjit_callbacks callbacks = {};
  callbacks.user = &seen;
  callbacks.event = [](void* user, const attnjit_event* event) {
    auto& all = *static_cast<Seen*>(user);
    std::lock_guard<std::mutex> lock(all.mutex);
    all.kinds.push_back(event->kind);
  };
  callbacks.log = [](void* user, attnjit_log_level, const char* message) {
    auto& all = *static_cast<Seen*>(user);
    std::lock_guard<std::mutex> lock(all.mutex);
    all.log.push_back(message);
  };
  attnjit::EngineOptions options = Options();
  options.callbacks = callbacks;
  ASSERT_TRUE(Make(options).Prepare(kSpec, 0).ok());
  EXPECT_EQ(seen.kinds, (std::vector<int>{ATTNJIT_EVENT_MISS, ATTNJIT_EVENT_COMPILE_BEGIN,
                                          ATTNJIT_EVENT_COMPILE_END, ATTNJIT_EVENT_LOAD}));
  EXPECT_TRUE(seen.log.empty());
  seen.kinds.clear();
  ASSERT_TRUE(Make(options).Prepare(kSpec, 0).ok());
  EXPECT_EQ(seen.kinds, (std::vector<int>{ATTNJIT_EVENT_HIT, ATTNJIT_EVENT_LOAD}));
  options.cache_dir = "/proc/nowhere";
  ASSERT_TRUE(Make(options).Prepare(kSpec, 0).ok());
  EXPECT_EQ(seen.log.size(), 1u) << "A cache that cannot be used is one warning.";
}

TEST_F(CApiServing, CountsAcrossThreads) {
  attnjit::Engine engine = Make(Options());
  ASSERT_TRUE(engine.Prepare(kSpec, 0).ok());
  constexpr int kThreads = 8, kRounds = 50;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) EXPECT_TRUE(engine.Get(kSpec, 0).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const attnjit_statistics statistics = engine.Statistics();
  EXPECT_EQ(statistics.compilations, 1u);
  EXPECT_EQ(statistics.loads, 1u);
  EXPECT_GE(statistics.loaded_hits, uint64_t{kThreads * (kRounds - 1)});
}

TEST(CApiQuestions, AnswerWithoutAnEngine) {
  EXPECT_TRUE(attnjit::Supported(kSpec, "sm_80").ok());
  const attnjit::Status mixed = attnjit::Supported(
      R"({"head_dim": 64, "dtype": {"q": "bf16", "kv": "fp16", "o": "bf16"}})", "sm_90a");
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.error().code(), ErrorCode::kUnsupported);
  EXPECT_FALSE(Json::parse(mixed.error().details_json()).empty());
  EXPECT_EQ(attnjit::Supported(kSpec, "sm_1").error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(attnjit::Supported(kSpec).error().stage(), "argument");
  const std::string canonical = attnjit::CanonicalSpec(kSpec).value();
  EXPECT_EQ(attnjit::CanonicalSpec(canonical).value(), canonical);
  EXPECT_NE(attnjit::Source(kSpec, "sm_90a").value().find("__global__"), std::string::npos);
  EXPECT_TRUE(Json::parse(attnjit::ExplainJson(kSpec, "sm_90a").value()).is_object());
  EXPECT_FALSE(attnjit::CanonicalSpec("{").ok());
}

TEST_F(CApiServing, TheKeyIsThatOfTheKernel) {
  attnjit::Engine engine = Make(Options());
  const std::string key = engine.Key(kSpec, "sm_90a").value();
  EXPECT_EQ(engine.Statistics().compilations, 0u);
  EXPECT_EQ(engine.Build(kSpec, "sm_90a").value().key(), key);
}

namespace dl = attnjit::dlpack;

/// A tensor on device 0, contiguous.
struct Tensor : dl::Tensor {
  Tensor(int address, std::vector<int64_t> extents, uint8_t code, uint8_t bits)
      : dl::Tensor{}, extents_(std::move(extents)) {
    data = Address(address);
    device = {dl::kCuda, 0};
    ndim = static_cast<int32_t>(extents_.size());
    dtype = {code, bits, 1};
    shape = extents_.data();
  }
  const struct DLTensor* get() const { return reinterpret_cast<const struct DLTensor*>(this); }

 private:
  std::vector<int64_t> extents_;
};

TEST_F(CApiServing, LaunchesDlpackTensors) {
  attnjit::Engine engine = Make(Options());
  const attnjit::Kernel kernel = std::move(engine.Prepare(kSpec, 0)).value();
  const Tensor q(0, {2, 100, 4, 64}, dl::kBfloat, 16), k(1, {2, 100, 2, 64}, dl::kBfloat, 16),
      v(2, {2, 100, 2, 64}, dl::kBfloat, 16), o(3, {2, 100, 4, 64}, dl::kBfloat, 16),
      lse(4, {2, 4, 100}, dl::kFloat, 32);
  attnjit_dlpack_args args = {};
  args.q = q.get();
  args.k = k.get();
  args.v = v.get();
  args.o = o.get();
  args.lse = lse.get();
  const attnjit::Status launched = kernel.LaunchDlpack(args, nullptr);
  EXPECT_TRUE(launched.ok()) << launched.error().message();

  const auto problem = [&](attnjit_dlpack_args changed) {
    const attnjit::Status status = kernel.LaunchDlpack(changed, nullptr);
    return status.ok() ? "none" : Json::parse(status.error().details_json())[0]["argument"];
  };
  const Tensor half(0, {2, 100, 4, 64}, dl::kFloat, 16),
      narrow(1, {2, 100, 2, 32}, dl::kBfloat, 16), flat(1, {200, 2, 64}, dl::kBfloat, 16),
      shorter(2, {2, 99, 2, 64}, dl::kBfloat, 16);
  attnjit_dlpack_args changed = args;
  changed.q = half.get();
  EXPECT_EQ(problem(changed), "q.dtype");
  changed = args;
  changed.k = narrow.get();
  EXPECT_EQ(problem(changed), "k.shape: head_dim");
  changed.k = flat.get();
  EXPECT_EQ(problem(changed), "k");
  changed.k = nullptr;
  EXPECT_EQ(problem(changed), "k");
  changed = args;
  changed.v = shorter.get();
  EXPECT_EQ(problem(changed), "v.shape");
  Tensor host = q;
  host.device.type = 1;
  changed = args;
  changed.q = host.get();
  EXPECT_EQ(problem(changed), "q");
}

}  // namespace
