// Launches: parameters, limits, attributes, reports.
#include <gmock/gmock.h>

#include <thread>

#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

using testing::HasSubstr;

/// Entry `rank(ptr to)`: to[ctaid] = the CTA's rank in its cluster.
std::string RankPtx(const std::string& directives) {
  return Ptx("sm_90", ".visible .entry rank(.param .u64 to)" + directives + R"(
{
  .reg .b32 %r<3>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [to];
  mov.u32 %r1, %ctaid.x;
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd3, %rd1, %rd2;
  mov.u32 %r2, %cluster_ctarank;
  st.global.u32 [%rd3], %r2;
  ret;
}
)");
}

TEST(EmulatedLaunch, TakesParametersByPointerOrPacked) {
  EmulatedDevices devices;
  const cu::Function scale = devices.Load(ScalePtx(), "scale");
  cu::DevicePtr data = devices.Allocate(12);
  devices.Upload(data, {1, 2, 3});
  unsigned factor = 10;
  EXPECT_EQ(devices.Launch(scale, 2, {&data, &factor}), cu::kSuccess);
  EXPECT_EQ(devices.Download(data, 3), (std::vector<uint32_t>{10, 20, 3}));

  struct {
    cu::DevicePtr data;
    unsigned factor;
  } packed = {data, 2};
  size_t bytes = 12;
  const auto name = [](uintptr_t value) { return reinterpret_cast<void*>(value); };
  void* extra[] = {name(1), &packed, name(2), &bytes, name(0)};
  cu::LaunchConfig config;
  config.block_x = 3;
  EXPECT_EQ(devices->launch_kernel(&config, scale, nullptr, extra), cu::kSuccess);
  EXPECT_EQ(devices.Download(data, 3), (std::vector<uint32_t>{20, 40, 6}));
  bytes = 8;
  EXPECT_EQ(devices->launch_kernel(&config, scale, nullptr, extra), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->launch_kernel(&config, scale, nullptr, nullptr), cu::kErrorInvalidValue);
}

TEST(EmulatedLaunch, BeyondALimitIsRefusedWithTheLimit) {
  struct Case {
    cu::LaunchConfig config;
    const char* reason;
  };
  std::vector<Case> cases(5);
  cases[0] = {{}, "1024"};
  cases[0].config.block_x = 1025;
  cases[1] = {{}, "block"};
  cases[1].config.block_y = 0;
  cases[2] = {{}, "grid"};
  cases[2].config.grid_z = 65536;
  cases[3] = {{}, "shared"};
  cases[3].config.shared_bytes = (48 << 10) + 1;
  cases[4] = {{}, "1024"};
  cases[4].config.block_x = 64;
  cases[4].config.block_y = 64;
  for (const Case& c : cases) {
    EmulatedDevices devices;
    const cu::Function scale = devices.Load(ScalePtx(), "scale");
    cu::DevicePtr data = devices.Allocate(8);
    unsigned factor = 1;
    void* parameters[] = {&data, &factor};
    EXPECT_EQ(devices->launch_kernel(&c.config, scale, parameters, nullptr),
              cu::kErrorInvalidValue);
    const std::vector<std::string> log = devices.emulator().TakeLog();
    ASSERT_EQ(log.size(), 1u);
    EXPECT_THAT(log[0], HasSubstr(c.reason));
    EXPECT_EQ(devices->ctx_synchronize(), cu::kSuccess);
  }
}

TEST(EmulatedLaunch, DynamicSharedMemoryIsAllowedUpToTheDevicesLimit) {
  EmulatedDevices devices;
  const cu::Function scale = devices.Load(ScalePtx(), "scale");
  const int limit = 227 << 10;
  const auto attribute = cu::kFunctionMaxDynamicSharedBytes;
  int value = 0;
  EXPECT_EQ(devices->func_get_attribute(&value, attribute, scale), cu::kSuccess);
  EXPECT_EQ(value, 48 << 10);
  EXPECT_EQ(devices->func_set_attribute(scale, attribute, limit + 1), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->func_set_attribute(scale, attribute, -1), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->func_set_attribute(scale, attribute, limit), cu::kSuccess);
  cu::DevicePtr data = devices.Allocate(8);
  unsigned factor = 1;
  void* parameters[] = {&data, &factor};
  cu::LaunchConfig config;
  config.shared_bytes = limit;
  EXPECT_EQ(devices->launch_kernel(&config, scale, parameters, nullptr), cu::kSuccess);
}

TEST(EmulatedLaunch, ClustersComeFromTheAttributeOrTheKernel) {
  EmulatedDevices devices;
  const auto launch = [&](const std::string& directives, unsigned size) {
    const cu::Function rank = devices.Load(RankPtx(directives), "rank");
    cu::DevicePtr to = devices.Allocate(16);
    void* parameters[] = {&to};
    cu::LaunchAttribute attribute;
    attribute.id = cu::kLaunchClusterDimension;
    attribute.cluster = {size, 1, 1};
    cu::LaunchConfig config;
    config.grid_x = 4;
    config.attributes = &attribute;
    config.attribute_count = size > 0 ? 1 : 0;
    const cu::Result result = devices->launch_kernel(&config, rank, parameters, nullptr);
    return std::pair(result, devices.Download(to, 4));
  };
  using Ranks = std::vector<uint32_t>;
  EXPECT_EQ(launch("", 2), std::pair(cu::kSuccess, Ranks{0, 1, 0, 1}));
  EXPECT_EQ(launch("", 0), std::pair(cu::kSuccess, Ranks{0, 0, 0, 0}));
  EXPECT_EQ(launch(" .reqnctapercluster 4", 0), std::pair(cu::kSuccess, Ranks{0, 1, 2, 3}));
  EXPECT_EQ(launch(" .reqnctapercluster 4", 2).first, cu::kErrorInvalidValue);
  EXPECT_EQ(launch("", 3).first, cu::kErrorInvalidValue) << "4 CTAs are no whole clusters of 3";
  EXPECT_EQ(launch("", 16).first, cu::kErrorInvalidValue) << "must be allowed first";
}

TEST(EmulatedLaunch, AClusterIsRefusedWhereThereAreNone) {
  EmulatedDevices devices({"sm_80"});
  const cu::Function scale = devices.Load(ScalePtx(), "scale");
  cu::DevicePtr data = devices.Allocate(8);
  unsigned factor = 1;
  void* parameters[] = {&data, &factor};
  cu::LaunchAttribute attribute;
  attribute.id = cu::kLaunchClusterDimension;
  attribute.cluster = {2, 1, 1};
  cu::LaunchConfig config;
  config.grid_x = 2;
  config.attributes = &attribute;
  config.attribute_count = 1;
  EXPECT_EQ(devices->launch_kernel(&config, scale, parameters, nullptr), cu::kErrorInvalidValue);
}

TEST(EmulatedLaunch, AnAttributeThatIsNotEmulatedIsRefused) {
  EmulatedDevices devices;
  const cu::Function scale = devices.Load(ScalePtx(), "scale");
  cu::LaunchAttribute attribute;
  attribute.id = static_cast<cu::LaunchAttributeId>(2);  // Cooperative.
  cu::LaunchConfig config;
  config.attributes = &attribute;
  config.attribute_count = 1;
  EXPECT_EQ(devices->launch_kernel(&config, scale, nullptr, nullptr), cu::kErrorNotSupported);
}

TEST(EmulatedLaunch, AFunctionOfNoModuleIsRefused) {
  EmulatedDevices devices;
  EXPECT_EQ(devices.Launch(reinterpret_cast<cu::Function>(uintptr_t{64}), 1, {}),
            cu::kErrorInvalidHandle);
}

TEST(EmulatedLaunch, CountsWhatItDid) {
  EmulatedDevices devices;
  const cu::Function scale = devices.Load(ScalePtx(), "scale");
  cu::DevicePtr data = devices.Allocate(256);
  devices.Upload(data, std::vector<uint32_t>(64, 1));
  unsigned factor = 2;
  EXPECT_EQ(devices.Launch(scale, 64, {&data, &factor}), cu::kSuccess);
  const Counters counters = devices.emulator().TakeCounters();
  EXPECT_EQ(counters.ctas, 1u);
  EXPECT_EQ(counters[Traffic::kGlobalLoad], 256u);
  EXPECT_EQ(counters[Traffic::kGlobalStore], 256u);
  EXPECT_EQ(devices.emulator().TakeCounters().ctas, 0u) << "taken";
}

TEST(EmulatedLaunch, ThreadsMayLaunchAtOnceOnTheirStreams) {
  EmulatedDevices devices;
  const cu::Function scale = devices.Load(ScalePtx(), "scale");
  constexpr int kThreads = 4, kLaunches = 20;
  std::vector<cu::DevicePtr> data;
  for (int i = 0; i < kThreads; ++i) {
    data.push_back(devices.Allocate(4));
    devices.Upload(data.back(), {1});
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_EQ(devices->ctx_push_current(devices.context()), cu::kSuccess);
      cu::Stream stream = nullptr;
      EXPECT_EQ(devices->stream_create(&stream, cu::kStreamNonBlocking), cu::kSuccess);
      unsigned factor = 2;
      for (int n = 0; n < kLaunches; ++n) {
        EXPECT_EQ(devices.Launch(scale, 1, {&data[i], &factor}, stream), cu::kSuccess);
      }
      EXPECT_EQ(devices->stream_synchronize(stream), cu::kSuccess);
      EXPECT_EQ(devices->stream_destroy(stream), cu::kSuccess);
      cu::Context popped = nullptr;
      EXPECT_EQ(devices->ctx_pop_current(&popped), cu::kSuccess);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (cu::DevicePtr pointer : data) {
    EXPECT_EQ(devices.Download(pointer, 1), std::vector<uint32_t>{1u << kLaunches});
  }
}

TEST(EmulatedLaunch, EqualFindingsOfSeveralLaunchesAreOne) {
  EmulatedDevices devices;
  const cu::Function uninitialised = devices.Load(Ptx("sm_80", R"(
.visible .entry k(.param .u64 to)
{
  .reg .b32 %r<2>;
  .reg .b64 %rd<2>;
  ld.param.u64 %rd1, [to];
  st.global.u32 [%rd1], %r1;
  ret;
}
)"),
                                                  "k");
  cu::DevicePtr to = devices.Allocate(4);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(devices.Launch(uninitialised, 1, {&to}), cu::kSuccess);
  const Findings findings = devices.emulator().TakeFindings();
  ASSERT_EQ(findings.reports.size(), 1u);
  EXPECT_EQ(findings.reports[0].rule, Rule::kUninitRegister);
  EXPECT_EQ(findings.reports[0].count, 3u);
  EXPECT_EQ(findings.total, 3u);
  EXPECT_EQ(devices.emulator().TakeFindings().total, 0u) << "taken";
}

TEST(EmulatedLaunch, ASilencedRuleIsListedAndNotReported) {
  EmulatorOptions options;
  options.silences = {llvm::cantFail(ParseSilence("out-of-bounds kernel=store: a test"))};
  const std::shared_ptr<Emulator> emulator = llvm::cantFail(MakeDriver(options));
  const Findings findings = emulator->TakeFindings();
  ASSERT_EQ(findings.silences.size(), 1u);
  EXPECT_EQ(findings.silences[0].reason, "a test");
}

}  // namespace
}  // namespace attnjit::emulator
