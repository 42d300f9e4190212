// What a GPU can do at most, to put a measured speed beside.
#ifndef ATTNJIT_TOOLS_PROBLEM_DEVICE_LIMITS_H_
#define ATTNJIT_TOOLS_PROBLEM_DEVICE_LIMITS_H_

#include <cstdint>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/device.h"

namespace attnjit {

struct DeviceLimits {
  double tflops = 0;  ///< Dense 16-bit matrix products with fp32 sums; 0: not known.
  double gbytes = 0;  ///< Device memory, GB/s; 0: not known.
  int64_t l2_bytes = 0;
  std::string source;  ///< "datasheet", or "clocks": computed from the device's attributes.
};

/// What the driver says of a device.
struct DeviceRates {
  int major = 0;
  int minor = 0;
  int sm_count = 0;
  int clock_khz = 0;
  int memory_clock_khz = 0;
  int bus_width_bits = 0;
};

/// From the datasheets of the GPUs in generator/model/gpu.h, else from the rates.
DeviceLimits LimitsOf(llvm::StringRef name, const DeviceRates& rates);

/// Errors: DriverError.
llvm::Expected<DeviceLimits> ReadDeviceLimits(const Device& device);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_DEVICE_LIMITS_H_
