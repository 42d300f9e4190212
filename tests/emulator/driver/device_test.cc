// Devices by name, their limits, several emulators in one process.
#include "runtime/device.h"

#include <gmock/gmock.h>

#include <cstring>

#include "generator/arch.h"
#include "runtime/emulator/machine/device_model.h"
#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

using testing::HasSubstr;

TEST(EmulatedDriverTable, HasEveryFunction) {
  EmulatedDevices devices;
#define ATTNJIT_CHECK(need, field, symbol, parameters) \
  EXPECT_NE(devices.table().field, nullptr) << #symbol;
  ATTNJIT_DRIVER_FUNCTIONS(ATTNJIT_CHECK)
#undef ATTNJIT_CHECK
  EXPECT_EQ(devices->image_format, ImageFormat::kPtx);
}

TEST(EmulatedDevices, AnUnknownNameIsRefusedWithThoseThereAre) {
  EmulatorOptions options;
  options.devices = {"sm_90a", "sm_75"};
  llvm::Expected<std::shared_ptr<Emulator>> made = MakeDriver(options);
  ASSERT_FALSE(static_cast<bool>(made));
  const std::string message = llvm::toString(made.takeError());
  EXPECT_THAT(message, HasSubstr("sm_75"));
  EXPECT_THAT(message, HasSubstr("sm_100a"));
}

TEST(EmulatedDevices, NoDeviceIsRefused) {
  EmulatorOptions options;
  options.devices.clear();
  EXPECT_FALSE(static_cast<bool>(llvm::expectedToOptional(MakeDriver(options))));
}

/// The planner plans for limits, the emulator enforces them: they must be the same.
TEST(EmulatedDevices, HaveTheLimitsThatKernelsArePlannedFor) {
  for (const DeviceModel& model : DeviceModels()) {
    const std::optional<Arch> arch = ArchForComputeCapability(model.major, model.minor);
    ASSERT_TRUE(arch) << model.arch;
    const ArchInfo& info = GetArchInfo(*arch);
    EXPECT_EQ(model.shared_bytes_per_block_optin, info.smem_per_block) << model.arch;
    EXPECT_EQ(model.shared_bytes_per_sm, info.smem_per_sm) << model.arch;
    EXPECT_EQ(model.registers_per_sm, info.registers_per_sm) << model.arch;
    EXPECT_EQ(model.max_threads_per_sm, info.max_threads_per_sm) << model.arch;
    EXPECT_EQ(model.shared_reserved_bytes, kSmemReservedPerBlock) << model.arch;
  }
}

TEST(EmulatedDevices, AreOpenedByTheRuntimeLikeAnyOther) {
  EmulatedDevices devices({"sm_80", "90a", "sm_120"});
  const std::shared_ptr<const DriverTable> table = devices.emulator().table();
  const Arch expected[] = {Arch::kSm80, Arch::kSm90a, Arch::kSm120a};
  for (int i = 0; i < 3; ++i) {
    const auto device = llvm::cantFail(Device::Open(table, i));
    EXPECT_EQ(device->arch(), expected[i]);
    EXPECT_THAT(device->name(), HasSubstr("emulated"));
    EXPECT_GT(device->sm_count(), 0);
  }
  EXPECT_FALSE(static_cast<bool>(llvm::expectedToOptional(Device::Open(table, 3))));
}

TEST(EmulatedDevices, AttributesAndNamesAreChecked) {
  EmulatedDevices devices;
  int value = 0;
  EXPECT_EQ(devices->device_get_attribute(&value, cu::kMaxSharedMemoryPerBlockOptin, 0),
            cu::kSuccess);
  EXPECT_EQ(value, 227 << 10);
  EXPECT_EQ(devices->device_get_attribute(&value, cu::kClusterLaunch, 0), cu::kSuccess);
  EXPECT_EQ(value, 1);
  EXPECT_EQ(devices->device_get_attribute(&value, cu::kWarpSize, 1), cu::kErrorInvalidDevice);
  EXPECT_EQ(devices->device_get_attribute(&value, static_cast<cu::DeviceAttribute>(9999), 0),
            cu::kErrorInvalidValue);
  EXPECT_EQ(devices->device_get_attribute(nullptr, cu::kWarpSize, 0), cu::kErrorInvalidValue);
  char name[8] = {};
  EXPECT_EQ(devices->device_get_name(name, sizeof(name), 0), cu::kSuccess);
  EXPECT_EQ(std::strlen(name), sizeof(name) - 1) << "cut, and terminated";
  cu::Device device = -1;
  EXPECT_EQ(devices->device_get(&device, 1), cu::kErrorInvalidDevice);
}

TEST(EmulatedDevices, ErrorsHaveTheDriversNames) {
  EmulatedDevices devices;
  const char* text = nullptr;
  EXPECT_EQ(devices->get_error_name(cu::kErrorIllegalAddress, &text), cu::kSuccess);
  EXPECT_STREQ(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_EQ(devices->get_error_string(cu::kErrorInvalidValue, &text), cu::kSuccess);
  EXPECT_STREQ(text, "invalid argument");
  EXPECT_EQ(devices->get_error_name(static_cast<cu::Result>(12345), &text), cu::kErrorInvalidValue);
  EXPECT_EQ(text, nullptr);
}

TEST(SeveralEmulators, AreApart) {
  EmulatedDevices first({"sm_80"});
  EmulatedDevices second({"sm_90a"});
  int major = 0;
  EXPECT_EQ(first->device_get_attribute(&major, cu::kComputeCapabilityMajor, 0), cu::kSuccess);
  EXPECT_EQ(major, 8);
  EXPECT_EQ(second->device_get_attribute(&major, cu::kComputeCapabilityMajor, 0), cu::kSuccess);
  EXPECT_EQ(major, 9);
  // The same addresses, other memory.
  const cu::DevicePtr a = first.Allocate(4), b = second.Allocate(4);
  EXPECT_EQ(a, b);
  first.Upload(a, {1});
  second.Upload(b, {2});
  EXPECT_EQ(first.Download(a, 1), std::vector<uint32_t>{1});
  // A handle of one is none of the other's.
  cu::Stream stream = nullptr;
  EXPECT_EQ(first->stream_create(&stream, 0), cu::kSuccess);
  EXPECT_EQ(first->stream_create(&stream, 0), cu::kSuccess);
  EXPECT_EQ(second->stream_synchronize(stream), cu::kErrorInvalidHandle);
}

TEST(SeveralEmulators, AreLimitedAndTheirPlacesUsedAgain) {
  for (int round = 0; round < 2; ++round) {
    std::vector<std::shared_ptr<Emulator>> all;
    for (int i = 0; i < Emulator::kMaxEmulators; ++i) {
      all.push_back(llvm::cantFail(MakeDriver(EmulatorOptions())));
    }
    llvm::Expected<std::shared_ptr<Emulator>> more = MakeDriver(EmulatorOptions());
    ASSERT_FALSE(static_cast<bool>(more));
    EXPECT_THAT(llvm::toString(more.takeError()), HasSubstr("16 emulators"));
  }
}

TEST(SeveralEmulators, ATableKeepsItsEmulator) {
  std::shared_ptr<const DriverTable> table = llvm::cantFail(MakeDriver(EmulatorOptions()))->table();
  int count = 0;
  EXPECT_EQ(table->device_get_count(&count), cu::kSuccess);
  EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace attnjit::emulator
