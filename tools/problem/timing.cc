#include "tools/problem/timing.h"

#include <algorithm>

namespace attnjit {
namespace {

constexpr int64_t kUnknownL2Bytes = int64_t{64} << 20;  // Where the driver names no size.

/// Events, destroyed at the end.
class Events {
 public:
  explicit Events(const DriverTable& driver) : driver_(driver) {}
  Events(const Events&) = delete;
  ~Events() {
    for (cu::Event event : events_) driver_.event_destroy(event);
  }
  llvm::Error Create(int count) {
    for (int n = 0; n < count; ++n) {
      cu::Event event = nullptr;
      if (llvm::Error error = CheckDriver(driver_, "cuEventCreate",
                                          driver_.event_create(&event, cu::kEventDefault))) {
        return error;
      }
      events_.push_back(event);
    }
    return llvm::Error::success();
  }
  llvm::Error Record(int index, cu::Stream stream) const {
    return CheckDriver(driver_, "cuEventRecord", driver_.event_record(events_[index], stream));
  }
  llvm::Expected<double> Milliseconds(int start, int end) const {
    float milliseconds = 0;
    if (llvm::Error error =
            CheckDriver(driver_, "cuEventElapsedTime",
                        driver_.event_elapsed_time(&milliseconds, events_[start], events_[end]))) {
      return error;
    }
    return milliseconds;
  }

 private:
  const DriverTable& driver_;
  std::vector<cu::Event> events_;
};

}  // namespace

llvm::Expected<L2Flush> L2Flush::Create(const DriverTable& driver, int64_t l2_bytes) {
  L2Flush flush(driver);
  llvm::Expected<DeviceBuffer> buffer =
      DeviceBuffer::Allocate(driver, 2 * (l2_bytes > 0 ? l2_bytes : kUnknownL2Bytes));
  if (!buffer) return buffer.takeError();
  flush.buffer_ = std::move(*buffer);
  return flush;
}

llvm::Error L2Flush::Run(cu::Stream stream) const {
  return CheckDriver(*driver_, "cuMemsetD32Async",
                     driver_->memset_d32_async(buffer_.pointer(), 1, buffer_.bytes() / 4, stream));
}

llvm::Expected<std::vector<double>> TimeLaunches(const DriverTable& driver, const Kernel& kernel,
                                                 const ForwardArgs& args, const L2Flush& flush,
                                                 cu::Stream stream, const TimingOptions& options) {
  Events events(driver);
  if (llvm::Error error = events.Create(2 * options.iterations)) return error;
  for (int n = -options.warmup; n < options.iterations; ++n) {
    if (llvm::Error error = flush.Run(stream)) return error;
    if (n >= 0) {
      if (llvm::Error error = events.Record(2 * n, stream)) return error;
    }
    if (llvm::Error error = kernel.Launch(args, stream)) return error;
    if (n >= 0) {
      if (llvm::Error error = events.Record(2 * n + 1, stream)) return error;
    }
  }
  if (llvm::Error error =
          CheckDriver(driver, "cuStreamSynchronize", driver.stream_synchronize(stream))) {
    return error;
  }
  std::vector<double> milliseconds;
  for (int n = 0; n < options.iterations; ++n) {
    llvm::Expected<double> time = events.Milliseconds(2 * n, 2 * n + 1);
    if (!time) return time.takeError();
    milliseconds.push_back(*time);
  }
  return milliseconds;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return (values[middle - 1] + values[middle]) / 2;
}

}  // namespace attnjit
