// Timing launches on a device by events, with a cold L2 cache.
#ifndef ATTNJIT_TOOLS_PROBLEM_TIMING_H_
#define ATTNJIT_TOOLS_PROBLEM_TIMING_H_

#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/driver.h"
#include "runtime/engine.h"
#include "tools/problem/device_image.h"

namespace attnjit {

/// Writes twice the L2 cache's size, so that nothing of before is left in it.
class L2Flush {
 public:
  /// Errors: DriverError. The device's context must be current, here and in Run.
  static llvm::Expected<L2Flush> Create(const DriverTable& driver, int64_t l2_bytes);
  llvm::Error Run(cu::Stream stream) const;

 private:
  explicit L2Flush(const DriverTable& driver) : driver_(&driver) {}
  const DriverTable* driver_;
  DeviceBuffer buffer_;
};

struct TimingOptions {
  int warmup = 5;
  int iterations = 30;
};

/// Milliseconds of each iteration, the flush before it not counted. Errors: LaunchError,
/// DriverError.
llvm::Expected<std::vector<double>> TimeLaunches(const DriverTable& driver, const Kernel& kernel,
                                                 const ForwardArgs& args, const L2Flush& flush,
                                                 cu::Stream stream, const TimingOptions& options);

/// The middle value (the mean of the two middle ones); 0 of none.
double Median(std::vector<double> values);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_TIMING_H_
