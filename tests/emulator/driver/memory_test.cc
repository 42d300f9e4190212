// Memory through the table.
#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

TEST(EmulatedMemory, CopiesAndFillsAreWhatTheySay) {
  EmulatedDevices devices;
  const cu::DevicePtr a = devices.Allocate(16), b = devices.Allocate(16);
  EXPECT_EQ(devices->memset_d32_async(a, 0x01020304, 4, nullptr), cu::kSuccess);
  EXPECT_EQ(devices->memset_d16_async(a + 4, 0xabcd, 1, nullptr), cu::kSuccess);
  EXPECT_EQ(devices->memset_d8_async(a + 15, 0xff, 1, nullptr), cu::kSuccess);
  EXPECT_EQ(devices->memcpy_dtod_async(b, a, 16, nullptr), cu::kSuccess);
  EXPECT_EQ(devices.Download(b, 4),
            (std::vector<uint32_t>{0x01020304, 0x0102abcd, 0x01020304, 0xff020304}));
}

TEST(EmulatedMemory, WhatLeavesAnAllocationIsRefused) {
  EmulatedDevices devices;
  const cu::DevicePtr a = devices.Allocate(100);
  char host[200] = {};
  EXPECT_EQ(devices->memcpy_htod_async(a, host, 101, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memcpy_dtoh_async(host, a + 100, 1, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memcpy_dtod_async(a, a + 50, 51, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memset_d32_async(a, 0, 26, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memset_d32_async(a + 2, 0, 1, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memset_d8_async(a, 0, ~size_t{0}, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memcpy_htod_async(a, nullptr, 4, nullptr), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->memcpy_htod_async(a, nullptr, 0, nullptr), cu::kSuccess);
}

TEST(EmulatedMemory, RunsOutAtTheDevicesSize) {
  EmulatedDevices devices;
  size_t free = 0, total = 0, device_total = 0;
  ASSERT_EQ(devices->mem_get_info(&free, &total), cu::kSuccess);
  ASSERT_EQ(devices->device_total_mem(&device_total, 0), cu::kSuccess);
  EXPECT_EQ(total, device_total);
  cu::DevicePtr pointer = 0;
  EXPECT_EQ(devices->mem_alloc(&pointer, total + 1), cu::kErrorOutOfMemory);
  EXPECT_EQ(devices->mem_alloc(&pointer, ~size_t{0}), cu::kErrorOutOfMemory);
  EXPECT_EQ(devices->mem_alloc(&pointer, 0), cu::kErrorInvalidValue);
  const cu::DevicePtr some = devices.Allocate(1 << 20);
  size_t left = 0;
  ASSERT_EQ(devices->mem_get_info(&left, &total), cu::kSuccess);
  EXPECT_EQ(free - left, size_t{1} << 20);
  EXPECT_EQ(devices->mem_free(some + 512), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->mem_free(some), cu::kSuccess);
  EXPECT_EQ(devices->mem_free(some), cu::kErrorInvalidValue);
  EXPECT_EQ(devices->mem_free(0), cu::kSuccess);
}

TEST(EmulatedMemory, PointersTellTheirDevice) {
  EmulatedDevices devices({"sm_80", "sm_90a"});
  cu::PointerAttribute attributes[] = {cu::kPointerMemoryType, cu::kPointerIsManaged,
                                       cu::kPointerDeviceOrdinal};
  unsigned type = 99, managed = 99;
  int ordinal = 99;
  void* values[] = {&type, &managed, &ordinal};
  const cu::DevicePtr mine = devices.Allocate(8);
  ASSERT_EQ(devices->pointer_get_attributes(3, attributes, values, mine + 7), cu::kSuccess);
  EXPECT_EQ(type, unsigned{cu::kMemoryTypeDevice});
  EXPECT_EQ(managed, 0u);
  EXPECT_EQ(ordinal, 0);
  ASSERT_EQ(devices->pointer_get_attributes(3, attributes, values,
                                            reinterpret_cast<cu::DevicePtr>(&type)),
            cu::kSuccess);
  EXPECT_EQ(type, 0u) << "ordinary host memory";
}

}  // namespace
}  // namespace attnjit::emulator
