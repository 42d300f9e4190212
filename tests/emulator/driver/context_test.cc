// Contexts: stacks of threads, life, what a fault leaves behind.
#include <thread>

#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

TEST(EmulatedContext, EachThreadHasItsOwnStack) {
  EmulatedDevices devices;
  cu::Context other = devices.context();
  cu::Result allocated = cu::kSuccess;
  std::thread thread([&] {
    devices->ctx_get_current(&other);
    cu::DevicePtr pointer = 0;
    allocated = devices->mem_alloc(&pointer, 4);
  });
  thread.join();
  EXPECT_EQ(other, nullptr);
  EXPECT_EQ(allocated, cu::kErrorInvalidContext);
}

TEST(EmulatedContext, PushAndPopNest) {
  EmulatedDevices devices({"sm_80", "sm_90a"});
  cu::Context second = nullptr, current = nullptr;
  ASSERT_EQ(devices->device_primary_ctx_retain(&second, 1), cu::kSuccess);
  EXPECT_EQ(devices->ctx_push_current(second), cu::kSuccess);
  cu::Device device = -1;
  EXPECT_EQ(devices->ctx_get_device(&device), cu::kSuccess);
  EXPECT_EQ(device, 1);
  EXPECT_EQ(devices->ctx_pop_current(&current), cu::kSuccess);
  EXPECT_EQ(current, second);
  EXPECT_EQ(devices->ctx_get_current(&current), cu::kSuccess);
  EXPECT_EQ(current, devices.context());
}

TEST(EmulatedContext, IsOneForADeviceUntilItsLastRelease) {
  EmulatedDevices devices;
  cu::Context again = nullptr;
  ASSERT_EQ(devices->device_primary_ctx_retain(&again, 0), cu::kSuccess);
  EXPECT_EQ(again, devices.context());
  EXPECT_EQ(devices->device_primary_ctx_release(0), cu::kSuccess);
  EXPECT_EQ(devices->ctx_synchronize(), cu::kSuccess);
}

TEST(EmulatedContext, HandlesEndWithIt) {
  EmulatedDevices devices({"sm_80", "sm_90a"});
  cu::Context second = nullptr, popped = nullptr;
  ASSERT_EQ(devices->device_primary_ctx_retain(&second, 1), cu::kSuccess);
  ASSERT_EQ(devices->ctx_push_current(second), cu::kSuccess);
  cu::Stream stream = nullptr;
  ASSERT_EQ(devices->stream_create(&stream, 0), cu::kSuccess);
  ASSERT_EQ(devices->device_primary_ctx_release(1), cu::kSuccess);
  EXPECT_EQ(devices->ctx_synchronize(), cu::kErrorInvalidContext);
  EXPECT_EQ(devices->ctx_pop_current(&popped), cu::kSuccess);
  EXPECT_EQ(devices->stream_destroy(stream), cu::kErrorInvalidHandle);
  EXPECT_EQ(devices->ctx_push_current(second), cu::kErrorInvalidContext);
  EXPECT_EQ(devices->device_primary_ctx_release(1), cu::kErrorInvalidContext);
}

TEST(EmulatedContext, AStreamOfAnotherDeviceIsRefused) {
  EmulatedDevices devices({"sm_80", "sm_90a"});
  cu::Context second = nullptr, popped = nullptr;
  ASSERT_EQ(devices->device_primary_ctx_retain(&second, 1), cu::kSuccess);
  ASSERT_EQ(devices->ctx_push_current(second), cu::kSuccess);
  cu::Stream stream = nullptr;
  ASSERT_EQ(devices->stream_create(&stream, 0), cu::kSuccess);
  ASSERT_EQ(devices->ctx_pop_current(&popped), cu::kSuccess);
  EXPECT_EQ(devices->memset_d8_async(devices.Allocate(4), 0, 4, stream), cu::kErrorInvalidHandle);
  cu::Context owner = nullptr;
  EXPECT_EQ(devices->stream_get_ctx(stream, &owner), cu::kSuccess);
  EXPECT_EQ(owner, second);
  EXPECT_EQ(devices->device_primary_ctx_release(1), cu::kSuccess);
}

TEST(EmulatedContext, AFaultComesWithLaterCallsAndStays) {
  EmulatedDevices devices;
  const cu::Function store = devices.Load(StorePtx(), "store");
  cu::DevicePtr nowhere = 0x123400;
  EXPECT_EQ(devices.Launch(store, 1, {&nowhere}), cu::kSuccess) << "launches are asynchronous";
  EXPECT_EQ(devices->ctx_synchronize(), cu::kErrorIllegalAddress);
  cu::DevicePtr pointer = 0;
  EXPECT_EQ(devices->mem_alloc(&pointer, 4), cu::kErrorIllegalAddress);
  EXPECT_EQ(devices->stream_synchronize(nullptr), cu::kErrorIllegalAddress);
  const Findings findings = devices.emulator().TakeFindings();
  ASSERT_EQ(findings.reports.size(), 1u);
  EXPECT_EQ(findings.reports[0].rule, Rule::kOutOfBounds);
  EXPECT_EQ(findings.reports[0].kernel, "store");
}

TEST(EmulatedContext, AMisalignedAccessHasACodeOfItsOwn) {
  EmulatedDevices devices;
  const cu::Function store = devices.Load(StorePtx(), "store");
  cu::DevicePtr odd = devices.Allocate(16) + 2;
  EXPECT_EQ(devices.Launch(store, 1, {&odd}), cu::kSuccess);
  EXPECT_EQ(devices->ctx_synchronize(), cu::kErrorMisalignedAddress);
}

TEST(EmulatedContext, AnEndlessLoopTimesOut) {
  EmulatorOptions options;
  options.max_instructions = 1000;
  EmulatedDevices devices(options);
  const cu::Function loop =
      devices.Load(Ptx("sm_80", ".visible .entry loop()\n{\n again:\n bra again;\n}\n"), "loop");
  EXPECT_EQ(devices.Launch(loop, 32, {}), cu::kSuccess);
  EXPECT_EQ(devices->ctx_synchronize(), cu::kErrorLaunchTimeout);
}

TEST(EmulatedContext, ADeadlockTimesOutAndIsReported) {
  EmulatedDevices devices;
  const cu::Function wait = devices.Load(Ptx("sm_80", R"(
.visible .entry wait()
{
  .reg .pred %p<2>;
  .reg .b32 %r<2>;
  mov.u32 %r1, %tid.x;
  setp.ge.u32 %p1, %r1, 32;
  @%p1 ret;
  barrier.sync 1, 64;
  ret;
}
)"),
                                         "wait");
  EXPECT_EQ(devices.Launch(wait, 64, {}), cu::kSuccess);
  EXPECT_EQ(devices->ctx_synchronize(), cu::kErrorLaunchTimeout);
  const Findings findings = devices.emulator().TakeFindings();
  ASSERT_FALSE(findings.reports.empty());
  EXPECT_EQ(findings.reports[0].rule, Rule::kDeadlock);
}

TEST(EmulatedContext, IsWholeAgainAfterItsLastRelease) {
  EmulatedDevices devices({"sm_80", "sm_90a"});
  for (int round = 0; round < 2; ++round) {
    cu::Context context = nullptr, popped = nullptr;
    ASSERT_EQ(devices->device_primary_ctx_retain(&context, 1), cu::kSuccess);
    ASSERT_EQ(devices->ctx_push_current(context), cu::kSuccess);
    EXPECT_EQ(devices->ctx_synchronize(), cu::kSuccess);
    cu::DevicePtr nowhere = 8;
    EXPECT_EQ(devices.Launch(devices.Load(StorePtx(), "store"), 1, {&nowhere}), cu::kSuccess);
    EXPECT_EQ(devices->ctx_synchronize(), cu::kErrorIllegalAddress);
    ASSERT_EQ(devices->ctx_pop_current(&popped), cu::kSuccess);
    ASSERT_EQ(devices->device_primary_ctx_release(1), cu::kSuccess);
  }
  EXPECT_EQ(devices->ctx_synchronize(), cu::kSuccess) << "device 0 has not failed";
}

}  // namespace
}  // namespace attnjit::emulator
