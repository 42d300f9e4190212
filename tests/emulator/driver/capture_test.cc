// Stream capture and graphs.
#include <thread>

#include "tests/emulator/driver/driver_fixture.h"

namespace attnjit::emulator {
namespace {

class CaptureTest : public testing::Test {
 protected:
  CaptureTest() {
    EXPECT_EQ(devices_->stream_create(&stream_, 0), cu::kSuccess);
    data_ = devices_.Allocate(8);
    devices_.Upload(data_, {1, 1});
  }
  cu::Result Begin(cu::StreamCaptureMode mode = cu::kCaptureThreadLocal) {
    return devices_->stream_begin_capture(stream_, mode);
  }
  cu::Result End() { return devices_->stream_end_capture(stream_, &graph_); }
  cu::StreamCaptureStatus Status() {
    cu::StreamCaptureStatus status = cu::kCaptureNone;
    EXPECT_EQ(devices_->stream_is_capturing(stream_, &status), cu::kSuccess);
    return status;
  }

  EmulatedDevices devices_;
  cu::Stream stream_ = nullptr;
  cu::Graph graph_ = nullptr;
  cu::DevicePtr data_ = 0;
};

TEST_F(CaptureTest, WhatIsCapturedRunsWhenTheGraphDoes) {
  const cu::Function scale = devices_.Load(ScalePtx(), "scale");
  unsigned factor = 3;
  const std::vector<uint32_t> host = {5, 5};
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(Status(), cu::kCaptureActive);
  EXPECT_EQ(devices_->memcpy_htod_async(data_, host.data(), 8, stream_), cu::kSuccess);
  EXPECT_EQ(devices_->memset_d32_async(data_ + 4, 7, 1, stream_), cu::kSuccess);
  EXPECT_EQ(devices_.Launch(scale, 2, {&data_, &factor}, stream_), cu::kSuccess);
  factor = 100;  // Parameters are those of the time of the capture.
  ASSERT_EQ(End(), cu::kSuccess);
  EXPECT_EQ(Status(), cu::kCaptureNone);
  EXPECT_EQ(devices_.Download(data_, 2), (std::vector<uint32_t>{1, 1})) << "nothing ran yet";

  cu::GraphExec exec = nullptr;
  ASSERT_EQ(devices_->graph_instantiate(&exec, graph_, 0), cu::kSuccess);
  EXPECT_EQ(devices_->graph_destroy(graph_), cu::kSuccess);
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(devices_->graph_launch(exec, stream_), cu::kSuccess);
    EXPECT_EQ(devices_.Download(data_, 2), (std::vector<uint32_t>{15, 21}));
    devices_.Upload(data_, {0, 0});
  }
  EXPECT_EQ(devices_->graph_exec_destroy(exec), cu::kSuccess);
  EXPECT_EQ(devices_->graph_launch(exec, stream_), cu::kErrorInvalidValue);
}

TEST_F(CaptureTest, WaitingForTheStreamInvalidates) {
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->stream_synchronize(stream_), cu::kErrorStreamCaptureUnsupported);
  EXPECT_EQ(Status(), cu::kCaptureInvalidated);
  EXPECT_EQ(devices_->memset_d8_async(data_, 0, 1, stream_), cu::kErrorStreamCaptureInvalidated);
  EXPECT_EQ(End(), cu::kErrorStreamCaptureInvalidated);
  EXPECT_EQ(graph_, nullptr);
  EXPECT_EQ(devices_->stream_synchronize(stream_), cu::kSuccess) << "ended";
}

TEST_F(CaptureTest, WaitingForTheContextInvalidates) {
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->ctx_synchronize(), cu::kErrorStreamCaptureUnsupported);
  EXPECT_EQ(End(), cu::kErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, TheDefaultStreamMayNotBeUsedBeside) {
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->memset_d8_async(data_, 0, 1, nullptr), cu::kErrorStreamCaptureImplicit);
  EXPECT_EQ(End(), cu::kErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, AllocatingIsForbiddenUnlessRelaxed) {
  cu::DevicePtr pointer = 0;
  ASSERT_EQ(Begin(cu::kCaptureRelaxed), cu::kSuccess);
  EXPECT_EQ(devices_->mem_alloc(&pointer, 4), cu::kSuccess);
  EXPECT_EQ(End(), cu::kSuccess);
  ASSERT_EQ(Begin(cu::kCaptureThreadLocal), cu::kSuccess);
  EXPECT_EQ(devices_->mem_alloc(&pointer, 4), cu::kErrorStreamCaptureUnsupported);
  EXPECT_EQ(End(), cu::kErrorStreamCaptureInvalidated);
}

TEST_F(CaptureTest, AGlobalCaptureForbidsItToOtherThreadsToo) {
  for (auto [mode, expected] :
       {std::pair{cu::kCaptureThreadLocal, cu::kSuccess},
        std::pair{cu::kCaptureGlobal, cu::kErrorStreamCaptureUnsupported}}) {
    ASSERT_EQ(Begin(mode), cu::kSuccess);
    cu::Result result = cu::kErrorUnknown, ended = cu::kErrorUnknown;
    std::thread thread([&] {
      devices_->ctx_push_current(devices_.context());
      cu::Graph graph = nullptr;
      ended = devices_->stream_end_capture(stream_, &graph);
      cu::DevicePtr pointer = 0;
      result = devices_->mem_alloc(&pointer, 4);
      cu::Context popped = nullptr;
      devices_->ctx_pop_current(&popped);
    });
    thread.join();
    EXPECT_EQ(result, expected);
    EXPECT_EQ(ended, cu::kErrorStreamCaptureWrongThread);
    End();
  }
}

TEST_F(CaptureTest, EventsOfACaptureCannotBeWaitedFor) {
  cu::Event event = nullptr;
  ASSERT_EQ(devices_->event_create(&event, 0), cu::kSuccess);
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->event_record(event, stream_), cu::kSuccess);
  EXPECT_EQ(devices_->event_synchronize(event), cu::kErrorCapturedEvent);
  EXPECT_EQ(End(), cu::kSuccess);
}

TEST_F(CaptureTest, BeginAndEndMustMatch) {
  EXPECT_EQ(End(), cu::kErrorIllegalState);
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(Begin(), cu::kErrorIllegalState);
  EXPECT_EQ(End(), cu::kSuccess);
  EXPECT_EQ(devices_->stream_begin_capture(nullptr, cu::kCaptureRelaxed),
            cu::kErrorStreamCaptureUnsupported);
  EXPECT_EQ(devices_->stream_begin_capture(stream_, static_cast<cu::StreamCaptureMode>(3)),
            cu::kErrorInvalidValue);
}

TEST_F(CaptureTest, AGraphWhoseMemoryHasGoneFaults) {
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->memset_d8_async(data_, 0, 8, stream_), cu::kSuccess);
  ASSERT_EQ(End(), cu::kSuccess);
  cu::GraphExec exec = nullptr;
  ASSERT_EQ(devices_->graph_instantiate(&exec, graph_, 0), cu::kSuccess);
  ASSERT_EQ(devices_->mem_free(data_), cu::kSuccess);
  EXPECT_EQ(devices_->graph_launch(exec, stream_), cu::kSuccess);
  EXPECT_EQ(devices_->stream_synchronize(stream_), cu::kErrorIllegalAddress);
}

TEST_F(CaptureTest, AGraphMayBeCapturedIntoAnother) {
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->memset_d8_async(data_, 9, 1, stream_), cu::kSuccess);
  ASSERT_EQ(End(), cu::kSuccess);
  cu::GraphExec inner = nullptr, outer = nullptr;
  ASSERT_EQ(devices_->graph_instantiate(&inner, graph_, 0), cu::kSuccess);
  ASSERT_EQ(Begin(), cu::kSuccess);
  EXPECT_EQ(devices_->graph_launch(inner, stream_), cu::kSuccess);
  ASSERT_EQ(End(), cu::kSuccess);
  ASSERT_EQ(devices_->graph_instantiate(&outer, graph_, 0), cu::kSuccess);
  EXPECT_EQ(devices_->graph_launch(outer, stream_), cu::kSuccess);
  EXPECT_EQ(devices_.Download(data_, 1), std::vector<uint32_t>{9});
}

}  // namespace
}  // namespace attnjit::emulator
