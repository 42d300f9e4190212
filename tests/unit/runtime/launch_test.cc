// LaunchForward on a driver that records what it is asked.
#include "runtime/launch.h"

#include <algorithm>
#include <set>
#include <thread>

#include "fake_driver.h"
#include "gtest/gtest.h"
#include "launch_problem.h"
#include "runtime/module.h"

namespace attnjit {
namespace {

using Dims = std::vector<uint64_t>;

/// A kernel on device 1 of two.
class LaunchTest : public testing::Test {
 protected:
  static constexpr int kDevice = 1;

  void Prepare(const char* json, Arch arch, std::shared_ptr<const DriverTable> table = nullptr) {
    if (table == nullptr) table = FakeDriver::SharedTable();
    for (int i = 0; i < 8; ++i) fake_.pointers[FakeAddress(i)] = {cu::kMemoryTypeDevice, 1, false};
    spec_ = MustParse(json);
    plan_ = MustPlan(json, arch);
    fake_.maps_per_launch = plan_.family == Family::kSm90    ? 3
                            : plan_.family == Family::kSm100 ? 4
                                                             : 0;
    device_ = llvm::cantFail(Device::Open(table, kDevice));
    module_ = llvm::cantFail(Module::Load(table, "a cubin", plan_.name));
    target_ = {&plan_, device_.get(),
               llvm::cantFail(module_->FunctionOn(device_, plan_.threads, plan_.smem_bytes)), true};
    fake_.ForgetCalls();
  }

  std::string Launch(const ForwardArgs& args, cu::Stream stream = nullptr) {
    llvm::Error error = LaunchForward(target_, LaunchDefaultsOf(spec_), args, stream);
    return error ? llvm::toString(std::move(error)) : "";
  }

  FakeDriver fake_;
  AttentionSpec spec_;
  KernelPlan plan_;
  std::shared_ptr<const Device> device_;
  std::shared_ptr<Module> module_;
  LaunchTarget target_;
};

TEST_F(LaunchTest, PassesStreamBlockAndSharedMemory) {
  Prepare(kDenseSpec, Arch::kSm80);
  const auto stream = reinterpret_cast<cu::Stream>(0x5000);
  ASSERT_EQ(Launch(DenseArgs(), stream), "");
  ASSERT_EQ(fake_.launches().size(), 1u);
  const FakeDriver::Launch launch = fake_.launches()[0];
  EXPECT_EQ(launch.config.stream, stream);
  EXPECT_EQ(launch.config.block_x, static_cast<unsigned>(plan_.threads));
  EXPECT_EQ(launch.config.block_y * launch.config.block_z, 1u);
  EXPECT_EQ(launch.config.shared_bytes, static_cast<unsigned>(plan_.smem_bytes));
  EXPECT_EQ(launch.config.attribute_count, 0u);
  EXPECT_EQ(launch.params.q, FakeAddress(0));
  EXPECT_EQ(launch.params.seqlen_kv, 3000);
}

TEST_F(LaunchTest, GivesEachTileABlockWhereThePlanIsNotPersistent) {
  Prepare(kDenseSpec, Arch::kSm80);
  plan_.persistent = false;
  ASSERT_EQ(Launch(DenseArgs()), "");
  const FakeDriver::Launch launch = fake_.launches()[0];
  EXPECT_EQ(launch.config.grid_x, static_cast<unsigned>(launch.params.num_tiles));
  EXPECT_EQ(launch.config.grid_y * launch.config.grid_z, 1u);
}

TEST_F(LaunchTest, FillsTheDeviceWithAPersistentPlanAndLaunchesNoIdleBlock) {
  Prepare(kDenseSpec, Arch::kSm90a);
  plan_.persistent = true;
  plan_.blocks_per_sm = 2;
  ForwardArgs args = DenseArgs();
  args.batch = 1000;
  ASSERT_EQ(Launch(args), "");
  EXPECT_EQ(fake_.launches()[0].config.grid_x, 2u * 132u);
  args.batch = 1;
  ASSERT_EQ(Launch(args), "");
  const FakeDriver::Launch few = fake_.launches()[1];
  EXPECT_EQ(few.config.grid_x, static_cast<unsigned>(few.params.num_tiles));
}

TEST_F(LaunchTest, MakesTensorMapsOfTheCallersStridesAndThePlansBoxes) {
  Prepare(kDenseSpec, Arch::kSm90a);
  const auto& plan = std::get<Sm90Plan>(plan_.plan);
  ForwardArgs args = DenseArgs();
  args.k.stride = {128, 4096, 1 << 20};
  ASSERT_EQ(Launch(args), "");
  const std::vector<uint64_t> maps = fake_.launches()[0].maps;
  ASSERT_EQ(maps.size(), 3u);
  const auto encoded = fake_.encoded_maps();
  const auto expect = [&](int i, const TensorArg& tensor, Dims dims, Dims strides,
                          const TileLayout& tile) {
    SCOPED_TRACE(i);
    const FakeDriver::EncodedMap& map = encoded[maps[static_cast<size_t>(i)]];
    EXPECT_EQ(map.address, tensor.data);
    EXPECT_EQ(map.dims, dims);
    EXPECT_EQ(map.strides, strides);
    EXPECT_EQ(map.box, (std::vector<uint32_t>{static_cast<uint32_t>(tile.chunk),
                                              static_cast<uint32_t>(tile.rows), 1, 1}));
  };
  expect(0, args.q, {128, 1000, 8, 2}, {2048, 256, 2048000}, plan.q);
  expect(1, args.k, {128, 3000, 2, 2}, {8192, 2 << 20, 256}, plan.k);
  expect(2, args.v, {128, 3000, 2, 2}, {512, 256, 1536000}, plan.v);
}

TEST_F(LaunchTest, LaunchesWholeClustersThatStoreThroughAMapOfO) {
  Prepare(kPairSpec, Arch::kSm100a);
  const auto& plan = std::get<Sm100Plan>(plan_.plan);
  ForwardArgs args = DenseArgs();
  ASSERT_EQ(Launch(args), "");
  const FakeDriver::Launch launch = fake_.launches()[0];
  EXPECT_EQ(launch.config.grid_x,
            2u * std::min(132u / 2, static_cast<unsigned>(launch.params.num_tiles)));
  ASSERT_EQ(launch.maps.size(), 4u);
  const FakeDriver::EncodedMap map = fake_.encoded_maps()[launch.maps[3]];
  EXPECT_EQ(map.address, args.o.data);
  EXPECT_EQ(map.box, (std::vector<uint32_t>{static_cast<uint32_t>(plan.o.chunk), 128, 1, 1}));
}

TEST_F(LaunchTest, MakesOneBatchOfPackedTokens) {
  Prepare(kPackedSpec, Arch::kSm90a);
  ASSERT_EQ(Launch(PackedArgs()), "");
  const auto maps = fake_.encoded_maps();
  ASSERT_EQ(maps.size(), 3u);
  EXPECT_EQ(maps[0].dims, (Dims{64, 700, 4, 1}));
  EXPECT_EQ(maps[1].dims, (Dims{64, 900, 4, 1}));
}

TEST_F(LaunchTest, LaunchesWithoutKeysOnMapsThatHoldAnAddress) {
  Prepare(kDenseSpec, Arch::kSm90a);
  ForwardArgs args = DenseArgs();
  args.seqlen_kv = 0;
  args.k = args.v = {};
  ASSERT_EQ(Launch(args), "");
  for (const FakeDriver::EncodedMap& map : fake_.encoded_maps()) EXPECT_NE(map.address, nullptr);
  EXPECT_EQ(fake_.launches().size(), 1u);
}

TEST_F(LaunchTest, SucceedsWithoutALaunchWhereThereIsNothingToCompute) {
  Prepare(kDenseSpec, Arch::kSm90a);
  ForwardArgs args = DenseArgs();
  args.batch = 0;
  args.q.data = args.o.data = nullptr;
  EXPECT_EQ(Launch(args), "");
  EXPECT_TRUE(fake_.calls().empty());
}

TEST_F(LaunchTest, LaunchesNothingOnAWrongArgument) {
  Prepare(kDenseSpec, Arch::kSm90a);
  ForwardArgs args = DenseArgs();
  args.v.stride.seq = 12;
  const std::string message = Launch(args);
  EXPECT_NE(message.find("v.stride.seq"), std::string::npos) << message;
  EXPECT_NE(message.find("got 12"), std::string::npos) << message;
  EXPECT_TRUE(fake_.calls().empty()) << "The driver was not even asked.";
}

TEST_F(LaunchTest, LaunchesNothingWhereAMapCannotBeEncoded) {
  Prepare(kDenseSpec, Arch::kSm90a);
  fake_.failures["cuTensorMapEncodeTiled"] = cu::kErrorInvalidValue;
  EXPECT_NE(Launch(DenseArgs()), "");
  EXPECT_TRUE(fake_.launches().empty());
  EXPECT_EQ(FakeDriver::CurrentContext(), nullptr);
}

TEST_F(LaunchTest, ReportsARefusedLaunchWithTheKernel) {
  Prepare(kDenseSpec, Arch::kSm90a);
  fake_.failures["cuLaunchKernelEx"] = cu::kErrorInvalidHandle;
  const std::string message = Launch(DenseArgs());
  EXPECT_NE(message.find("cuLaunchKernelEx(" + plan_.name + ")"), std::string::npos) << message;
  EXPECT_NE(message.find("stream must belong to the device"), std::string::npos) << message;
  EXPECT_EQ(FakeDriver::CurrentContext(), nullptr);
}

TEST_F(LaunchTest, CallsNothingThatAllocatesWaitsOrIsForbiddenInACapture) {
  const std::set<std::string> allowed = {
      "cuCtxGetCurrent",  "cuCtxPushCurrent_v2",    "cuCtxPopCurrent_v2",    "cuCtxGetDevice",
      "cuLaunchKernelEx", "cuTensorMapEncodeTiled", "cuPointerGetAttributes"};
  for (const Arch arch : {Arch::kSm80, Arch::kSm90a}) {
    Prepare(kDenseSpec, arch);
    ASSERT_EQ(Launch(DenseArgs()), "");
    for (const std::string& call : fake_.calls()) EXPECT_TRUE(allowed.count(call)) << call;
  }
}

TEST_F(LaunchTest, PushesTheDevicesContextWhereAnotherDevicesIsCurrent) {
  Prepare(kDenseSpec, Arch::kSm80);
  ScopedContext other(device_->driver(), FakeDriver::PrimaryContext(0));
  ASSERT_EQ(Launch(DenseArgs()), "");
  EXPECT_EQ(fake_.launches()[0].context, FakeDriver::PrimaryContext(kDevice));
  EXPECT_EQ(fake_.launches()[0].function, target_.function.function);
  EXPECT_EQ(FakeDriver::CurrentContext(), FakeDriver::PrimaryContext(0));
}

TEST_F(LaunchTest, PushesNothingWhereTheDevicesContextIsCurrent) {
  Prepare(kDenseSpec, Arch::kSm80);
  ScopedContext own(device_->driver(), FakeDriver::PrimaryContext(kDevice));
  fake_.ForgetCalls();
  ASSERT_EQ(Launch(DenseArgs()), "");
  EXPECT_EQ(fake_.CountOf("cuCtxPushCurrent_v2"), 0);
  EXPECT_EQ(fake_.CountOf("cuCtxPopCurrent_v2"), 0);
}

TEST_F(LaunchTest, LaunchesInAContextOfTheCallersOwnOnTheDevice) {
  Prepare(kDenseSpec, Arch::kSm80);
  ScopedContext own(device_->driver(), FakeDriver::OtherContext(kDevice));
  ASSERT_EQ(Launch(DenseArgs()), "");
  EXPECT_EQ(fake_.launches()[0].context, FakeDriver::OtherContext(kDevice));
  EXPECT_EQ(fake_.launches()[0].function, reinterpret_cast<cu::Function>(target_.function.kernel));
}

TEST_F(LaunchTest, LaunchesInThePrimaryContextWhereTheDriverHasNoLibraries) {
  auto table = std::make_shared<DriverTable>(FakeDriver::Table());
  table->library_load_data = nullptr;
  Prepare(kDenseSpec, Arch::kSm80, table);
  ScopedContext own(device_->driver(), FakeDriver::OtherContext(kDevice));
  ASSERT_EQ(Launch(DenseArgs()), "");
  EXPECT_EQ(fake_.launches()[0].context, FakeDriver::PrimaryContext(kDevice));
}

TEST_F(LaunchTest, RefusesTensorsOfAnotherDevice) {
  Prepare(kDenseSpec, Arch::kSm80);
  fake_.pointers[FakeAddress(2)] = {cu::kMemoryTypeDevice, 0, false};
  const std::string message = Launch(DenseArgs());
  EXPECT_NE(message.find("v.data"), std::string::npos) << message;
  EXPECT_NE(message.find("must be on device 1"), std::string::npos) << message;
  EXPECT_TRUE(fake_.launches().empty());
}

TEST_F(LaunchTest, RefusesOrdinaryHostMemoryUnlessTheGpuReadsIt) {
  Prepare(kDenseSpec, Arch::kSm80);
  fake_.pointers[FakeAddress(4)] = {0, 0, false};
  EXPECT_NE(Launch(DenseArgs()).find("lse.data"), std::string::npos);
  EXPECT_TRUE(fake_.launches().empty());
  fake_.devices[kDevice].pageable = true;
  Prepare(kDenseSpec, Arch::kSm80);
  fake_.pointers[FakeAddress(4)] = {0, 0, false};
  EXPECT_EQ(Launch(DenseArgs()), "");
}

TEST_F(LaunchTest, TakesManagedAndPinnedMemory) {
  Prepare(kDenseSpec, Arch::kSm80);
  fake_.pointers[FakeAddress(0)] = {cu::kMemoryTypeDevice, 0, true};
  fake_.pointers[FakeAddress(1)] = {cu::kMemoryTypeHost, 0, false};
  EXPECT_EQ(Launch(DenseArgs()), "");
}

TEST_F(LaunchTest, DoesNotFailForWantOfAPointerCheck) {
  Prepare(kDenseSpec, Arch::kSm80);
  fake_.failures["cuPointerGetAttributes"] = cu::kErrorInvalidContext;
  EXPECT_EQ(Launch(DenseArgs()), "");
  target_.check_pointers = false;
  fake_.ForgetCalls();
  EXPECT_EQ(Launch(DenseArgs()), "");
  EXPECT_EQ(fake_.CountOf("cuPointerGetAttributes"), 0);
}

TEST_F(LaunchTest, TakesLaunchesFromManyThreads) {
  Prepare(kDenseSpec, Arch::kSm90a);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      ForwardArgs args = DenseArgs();
      args.seqlen_kv = 1 + t;
      for (int i = 0; i < 50; ++i) EXPECT_EQ(Launch(args), "");
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto launches = fake_.launches();
  const auto maps = fake_.encoded_maps();
  ASSERT_EQ(launches.size(), 400u);
  for (const FakeDriver::Launch& launch : launches) {
    EXPECT_EQ(maps[launch.maps[1]].dims[1], static_cast<uint64_t>(launch.params.seqlen_kv));
  }
}

}  // namespace
}  // namespace attnjit
