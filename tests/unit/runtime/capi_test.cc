// The C interface and the C++ header over it, through the shared library, as a program uses them.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "attnjit/attnjit.h"
#include "attnjit/attnjit.hpp"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

extern "C" uint32_t AbiVersionSeenFromC(void);

namespace {

constexpr char kSpec[] =
    R"({"head_dim": 64, "dtype": "bf16", "heads": {"q": 4, "kv": 2}, "lse": true})";

using Json = nlohmann::json;

void* Address(int i) { return reinterpret_cast<void*>(0x10000000L * (i + 1)); }

attnjit::ForwardArgs Args() {
  constexpr auto kBf16 = attnjit::DType::kBf16;
  attnjit::ForwardArgs args;
  args.q = attnjit::Bshd(Address(0), kBf16, 100, 4, 64);
  args.k = attnjit::Bshd(Address(1), kBf16, 300, 2, 64);
  args.v = attnjit::Bshd(Address(2), kBf16, 300, 2, 64);
  args.o = attnjit::Bshd(Address(3), kBf16, 100, 4, 64);
  args.lse = attnjit::Lse(static_cast<float*>(Address(4)), 4, 100);
  args.batch = 2;
  args.heads_q = 4;
  args.heads_kv = 2;
  args.seqlen_q = 100;
  args.seqlen_kv = 300;
  return args;
}

/// Everything goes through a driver that computes nothing; kernels are compiled once for all tests.
class CApiTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    cache_dir_ = testing::TempDir() + "attnjit_capi_" + std::to_string(::getpid());
    std::filesystem::remove_all(cache_dir_);
    attnjit::EngineOptions options;
    options.cache_dir = cache_dir_;
    options.driver_path = FAKE_LIBCUDA;
    engine_ = new attnjit::Engine(std::move(attnjit::Engine::Create(options)).value());
    attnjit::Result<attnjit::Kernel> kernel = engine_->Prepare(kSpec, 0);
    if (kernel) {
      kernel_ = new attnjit::Kernel(std::move(kernel).value());
    } else {
      no_nvrtc_ = kernel.error().stage() == "toolchain";
      problem_ = kernel.error().message();
    }
  }
  static void TearDownTestSuite() {
    delete kernel_;
    delete engine_;
    std::filesystem::remove_all(cache_dir_);
  }
  void SetUp() override {
    if (no_nvrtc_) GTEST_SKIP() << "no NVRTC to build a kernel with: " << problem_;
    ASSERT_NE(kernel_, nullptr) << problem_;
  }

  static attnjit::Engine& engine() { return *engine_; }
  static attnjit::Kernel& kernel() { return *kernel_; }
  /// The failure of a launch, as its only detail.
  static Json LaunchFailure(const attnjit::ForwardArgs& args) {
    const attnjit::Status status = kernel().Launch(args, nullptr);
    if (status.ok()) return "no error";
    EXPECT_EQ(status.error().code(), attnjit::ErrorCode::kInvalid);
    EXPECT_EQ(status.error().stage(), "launch");
    return Json::parse(status.error().details_json())[0];
  }

  static inline std::string cache_dir_;

 private:
  static inline attnjit::Engine* engine_ = nullptr;
  static inline attnjit::Kernel* kernel_ = nullptr;
  static inline bool no_nvrtc_ = false;
  static inline std::string problem_;
};

TEST_F(CApiTest, PreparesAndLaunches) {
  const attnjit::Status status = kernel().Launch(Args(), nullptr);
  EXPECT_TRUE(status.ok()) << status.error().message();
}

TEST_F(CApiTest, DescribesAKernel) {
  EXPECT_EQ(kernel().name(), "fwd_sm90a_bf16_d64_gqa2_lse");
  EXPECT_EQ(kernel().key().size(), 64u + 1 + 64);
  EXPECT_NE(kernel().source().find(kernel().name()), std::string_view::npos);
  EXPECT_NE(kernel().ptx().find(".target sm_90a"), std::string_view::npos);
  EXPECT_EQ(kernel().cubin().substr(1, 3), "ELF");
  EXPECT_NE(kernel().compile_log(), "");
  const Json info = Json::parse(kernel().info_json());
  EXPECT_EQ(info["name"], kernel().name());
  EXPECT_EQ(info["arch"], "sm_90a");
  EXPECT_EQ(info["spec"]["head_dim"], 64);
  EXPECT_TRUE(info["plan"].is_object());
  EXPECT_GT(info["registers"], 0);
  EXPECT_EQ(info["cubin_bytes"], kernel().cubin().size());
}

TEST_F(CApiTest, BuildsWithoutADevice) {
  attnjit::Result<attnjit::Kernel> built = engine().Build(kSpec, "sm_90a");
  ASSERT_TRUE(built.ok()) << built.error().message();
  EXPECT_EQ(built->key(), kernel().key());
  const attnjit::Status status = built->Launch(Args(), nullptr);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().stage(), "argument");
}

TEST_F(CApiTest, ReportsEveryMistakeOfASpecWithItsPointer) {
  attnjit::Result<attnjit::Kernel> kernel =
      engine().Prepare(R"({"head_dim": 7, "dtype": "bf61", "maks": 1})", 0);
  ASSERT_FALSE(kernel.ok());
  EXPECT_EQ(kernel.error().code(), attnjit::ErrorCode::kInvalid);
  EXPECT_EQ(kernel.error().stage(), "spec");
  std::vector<std::string> pointers;
  for (const Json& d : Json::parse(kernel.error().details_json())) {
    pointers.push_back(d["pointer"]);
    if (d["pointer"] == "/maks") EXPECT_EQ(d["nearest"], "mask");
  }
  EXPECT_EQ(pointers, (std::vector<std::string>{"/head_dim", "/dtype", "/maks"}));
}

TEST_F(CApiTest, TakesSpecsThatAreNoText) {
  for (const std::string& spec : {std::string(), std::string("\0\xff\xfe", 3), std::string("[")}) {
    attnjit::Result<attnjit::Kernel> kernel = engine().Prepare(spec, 0);
    ASSERT_FALSE(kernel.ok());
    EXPECT_EQ(kernel.error().code(), attnjit::ErrorCode::kInvalid);
    EXPECT_TRUE(Json::accept(kernel.error().details_json()));
  }
}

TEST_F(CApiTest, ReportsWhatTheGpuCannotRun) {
  attnjit::Result<attnjit::Kernel> kernel =
      engine().Prepare(R"({"head_dim": 64, "dtype": "bf16", "arch": "sm_80"})", 0);
  ASSERT_FALSE(kernel.ok());
  EXPECT_EQ(kernel.error().code(), attnjit::ErrorCode::kUnsupported);
  EXPECT_EQ(kernel.error().stage(), "plan");
}

TEST_F(CApiTest, ReportsADeviceThatIsNotThere) {
  attnjit::Result<attnjit::Kernel> kernel = engine().Prepare(kSpec, 5);
  ASSERT_FALSE(kernel.ok());
  EXPECT_EQ(kernel.error().code(), attnjit::ErrorCode::kFailed);
  EXPECT_EQ(kernel.error().stage(), "driver");
}

TEST_F(CApiTest, AsksForAnArchToBuildFor) {
  EXPECT_EQ(engine().Build(kSpec).error().stage(), "argument");
  EXPECT_EQ(engine().Build(kSpec, "sm_42").error().stage(), "argument");
}

TEST_F(CApiTest, ReportsADriverThatIsMissing) {
  attnjit::EngineOptions options;
  options.driver_path = "/nowhere/libcuda.so.1";
  options.disk_cache = false;
  attnjit::Result<attnjit::Engine> engine = attnjit::Engine::Create(options);
  ASSERT_TRUE(engine.ok());
  attnjit::Result<attnjit::Kernel> kernel = engine->Prepare(kSpec, 0);
  ASSERT_FALSE(kernel.ok());
  EXPECT_EQ(kernel.error().stage(), "driver");
  EXPECT_NE(kernel.error().message().find("/nowhere/libcuda.so.1"), std::string_view::npos);
}

TEST_F(CApiTest, RefusesTheWrongDType) {
  attnjit::ForwardArgs args = Args();
  args.v.dtype = ATTNJIT_DTYPE_FP16;
  Json failure = LaunchFailure(args);
  EXPECT_EQ(failure["argument"], "v.dtype");
  EXPECT_EQ(failure["value"], "fp16");
  args = Args();
  args.lse.dtype = 77;
  failure = LaunchFailure(args);
  EXPECT_EQ(failure["argument"], "lse.dtype");
  EXPECT_EQ(failure["value"], "77");
}

TEST_F(CApiTest, RefusesWhatTmaCannotTake) {
  attnjit::ForwardArgs args = Args();
  args.k.stride_seq = 130;
  const Json failure = LaunchFailure(args);
  EXPECT_EQ(failure["argument"], "k.stride.seq");
  EXPECT_EQ(failure["value"], "130");
}

TEST_F(CApiTest, TakesOverridesOfTheRequestsValues) {
  attnjit::ForwardArgs args = Args();
  args.softmax_scale = 0.25;
  EXPECT_TRUE(kernel().Launch(args, nullptr).ok());
  args.softmax_scale = -1;
  EXPECT_EQ(LaunchFailure(args)["argument"], "softmax_scale");
  args = Args();
  args.window_left = 3;
  EXPECT_EQ(LaunchFailure(args)["argument"], "window_left");
}

TEST_F(CApiTest, ServesManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) {
        attnjit::Result<attnjit::Kernel> kernel = engine().Prepare(kSpec, 0);
        ASSERT_TRUE(kernel.ok());
        EXPECT_TRUE(kernel->Launch(Args(), nullptr).ok());
        EXPECT_NE(kernel->info_json(), "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// A struct of a version to come.
struct NewerArgs {
  attnjit_forward_args known;
  int64_t added;
};

class CApiStructs : public CApiTest {
 protected:
  void SetUp() override {
    CApiTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    const attnjit_engine_options options = {
        sizeof(options), cache_dir_.c_str(), nullptr, FAKE_LIBCUDA, 0, 0, nullptr, nullptr, 0,
        0,               0,                  0,       0};
    ASSERT_EQ(attnjit_engine_create(&options, &engine_, nullptr), ATTNJIT_OK);
    ASSERT_EQ(attnjit_prepare(engine_, kSpec, sizeof(kSpec) - 1, 0, &kernel_, nullptr), ATTNJIT_OK);
  }
  void TearDown() override {
    attnjit_kernel_destroy(kernel_);
    attnjit_engine_destroy(engine_);
  }
  attnjit_engine* engine_ = nullptr;
  attnjit_kernel* kernel_ = nullptr;
};

TEST_F(CApiStructs, RefusesASizeThatIsTooSmall) {
  attnjit_forward_args args = Args().ToC();
  args.struct_size = 8;
  attnjit_error* error = nullptr;
  EXPECT_EQ(attnjit_launch_forward(kernel_, &args, nullptr, &error), ATTNJIT_INVALID);
  EXPECT_STREQ(attnjit_error_stage(error), "argument");
  attnjit_error_destroy(error);
}

TEST_F(CApiStructs, TakesTheFirstVersionsSize) {
  attnjit_forward_args args = Args().ToC();
  args.struct_size = offsetof(attnjit_forward_args, workspace);
  args.workspace = &args;  // Behind the end of what the caller has: not looked at.
  size_t bytes = 1;
  EXPECT_EQ(attnjit_workspace_bytes(kernel_, &args, &bytes, nullptr), ATTNJIT_OK);
  EXPECT_EQ(bytes, 0u);
  EXPECT_EQ(attnjit_launch_forward(kernel_, &args, nullptr, nullptr), ATTNJIT_OK);
}

TEST_F(CApiStructs, TakesALargerStructIfWhatItAddsIsZero) {
  NewerArgs args = {Args().ToC(), 0};
  args.known.struct_size = sizeof(args);
  EXPECT_EQ(attnjit_launch_forward(kernel_, &args.known, nullptr, nullptr), ATTNJIT_OK);
  args.added = 1;
  EXPECT_EQ(attnjit_launch_forward(kernel_, &args.known, nullptr, nullptr), ATTNJIT_INVALID);
}

TEST_F(CApiStructs, ClearsTheErrorOnSuccess) {
  const attnjit_forward_args args = Args().ToC();
  attnjit_error* error = nullptr;
  ASSERT_EQ(attnjit_launch_forward(kernel_, nullptr, nullptr, &error), ATTNJIT_INVALID);
  attnjit_error* const old = error;
  EXPECT_EQ(attnjit_launch_forward(kernel_, &args, nullptr, &error), ATTNJIT_OK);
  EXPECT_EQ(error, nullptr);
  attnjit_error_destroy(old);
}

TEST(CApi, HasTheVersionOfItsHeader) {
  EXPECT_EQ(attnjit_abi_version(), static_cast<uint32_t>(ATTNJIT_ABI_VERSION));
  EXPECT_EQ(AbiVersionSeenFromC(), static_cast<uint32_t>(ATTNJIT_ABI_VERSION));
  EXPECT_STREQ(attnjit_version(), PROJECT_VERSION);
}

TEST(CApi, TakesNullWhereItSaysSo) {
  attnjit_engine_destroy(nullptr);
  attnjit_kernel_destroy(nullptr);
  attnjit_error_destroy(nullptr);
  EXPECT_EQ(attnjit_error_status(nullptr), ATTNJIT_OK);
  EXPECT_STREQ(attnjit_error_message(nullptr), "");
  attnjit_engine* engine = nullptr;
  ASSERT_EQ(attnjit_engine_create(nullptr, &engine, nullptr), ATTNJIT_OK);
  attnjit_engine_destroy(engine);
}

TEST(CApi, RefusesNullWhereItCannotBe) {
  attnjit_error* error = nullptr;
  EXPECT_EQ(attnjit_engine_create(nullptr, nullptr, &error), ATTNJIT_INVALID);
  EXPECT_STREQ(attnjit_error_stage(error), "argument");
  attnjit_error_destroy(error);
  attnjit_kernel* kernel = nullptr;
  EXPECT_EQ(attnjit_prepare(nullptr, "{}", 2, 0, &kernel, nullptr), ATTNJIT_INVALID);
  EXPECT_EQ(attnjit_launch_forward(nullptr, nullptr, nullptr, nullptr), ATTNJIT_INVALID);
}

}  // namespace
