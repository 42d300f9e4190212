// Streams and events.
#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

TEST(EmulatedStream, HandlesAreCheckedAndNeverComeBack) {
  EmulatedDevices devices;
  cu::Stream first = nullptr, second = nullptr;
  ASSERT_EQ(devices->stream_create(&first, 0), cu::kSuccess);
  EXPECT_EQ(devices->stream_synchronize(first), cu::kSuccess);
  EXPECT_EQ(devices->stream_destroy(first), cu::kSuccess);
  EXPECT_EQ(devices->stream_destroy(first), cu::kErrorInvalidHandle);
  EXPECT_EQ(devices->stream_synchronize(first), cu::kErrorInvalidHandle);
  ASSERT_EQ(devices->stream_create(&second, cu::kStreamNonBlocking), cu::kSuccess);
  EXPECT_NE(first, second);
  EXPECT_EQ(devices->stream_create(&second, 64), cu::kErrorInvalidValue);
  // A handle of another kind is none.
  EXPECT_EQ(devices->event_destroy(reinterpret_cast<cu::Event>(second)), cu::kErrorInvalidHandle);
}

TEST(EmulatedStream, TheDefaultStreamHasTwoNames) {
  EmulatedDevices devices;
  const auto legacy = reinterpret_cast<cu::Stream>(uintptr_t{1});
  const cu::DevicePtr a = devices.Allocate(4);
  EXPECT_EQ(devices->memset_d32_async(a, 5, 1, legacy), cu::kSuccess);
  EXPECT_EQ(devices->stream_synchronize(legacy), cu::kSuccess);
  EXPECT_EQ(devices.Download(a, 1), std::vector<uint32_t>{5});
  cu::Context context = nullptr;
  EXPECT_EQ(devices->stream_get_ctx(nullptr, &context), cu::kSuccess);
  EXPECT_EQ(context, devices.context());
}

TEST(EmulatedEvent, TimesWhatLiesBetween) {
  EmulatedDevices devices;
  cu::Event start = nullptr, end = nullptr;
  ASSERT_EQ(devices->event_create(&start, cu::kEventDefault), cu::kSuccess);
  ASSERT_EQ(devices->event_create(&end, cu::kEventDefault), cu::kSuccess);
  float milliseconds = -1;
  EXPECT_EQ(devices->event_elapsed_time(&milliseconds, start, end), cu::kErrorInvalidHandle)
      << "never recorded";
  EXPECT_EQ(devices->event_record(start, nullptr), cu::kSuccess);
  EXPECT_EQ(devices->event_record(end, nullptr), cu::kSuccess);
  EXPECT_EQ(devices->event_synchronize(end), cu::kSuccess);
  EXPECT_EQ(devices->event_elapsed_time(&milliseconds, start, end), cu::kSuccess);
  EXPECT_GE(milliseconds, 0);
  EXPECT_EQ(devices->event_destroy(end), cu::kSuccess);
  EXPECT_EQ(devices->event_record(end, nullptr), cu::kErrorInvalidHandle);
}

TEST(EmulatedEvent, WithoutTimingHasNoTime) {
  EmulatedDevices devices;
  cu::Event event = nullptr;
  ASSERT_EQ(devices->event_create(&event, 2), cu::kSuccess);
  EXPECT_EQ(devices->event_record(event, nullptr), cu::kSuccess);
  float milliseconds = 0;
  EXPECT_EQ(devices->event_elapsed_time(&milliseconds, event, event), cu::kErrorInvalidHandle);
}

}  // namespace
}  // namespace attnjit::emulator
