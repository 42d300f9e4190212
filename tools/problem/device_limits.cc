#include "tools/problem/device_limits.h"

#include <utility>

namespace attnjit {
namespace {

struct Datasheet {
  llvm::StringRef name;  ///< Part of the driver's name for it; more special names first.
  double tflops;
  double gbytes;
};

constexpr Datasheet kDatasheets[] = {
    {"H200", 989.4, 4800},
    {"H100 80GB HBM3", 989.4, 3352},
    {"H100 PCIe", 756.4, 2039},
    {"H100 NVL", 835.5, 3938},
    {"A100-SXM4-80GB", 311.9, 2039},
    {"A100 80GB PCIe", 311.9, 1935},
    {"A100-SXM4-40GB", 311.9, 1555},
    {"A100-PCIE-40GB", 311.9, 1555},
    {"L40S", 362.1, 864},
};

}  // namespace

int MatrixFlopPerClock(int major, int minor) {
  switch (major * 10 + minor) {
    case 80:
      return 2048;
    case 86:
    case 89:
    case 120:
    case 121:
      return 512;
    case 87:
      return 1024;
    case 90:
      return 4096;
    case 100:
    case 103:
      return 8192;
    default:
      return 0;
  }
}

DeviceLimits LimitsOf(llvm::StringRef name, const DeviceRates& rates) {
  for (const Datasheet& sheet : kDatasheets) {
    if (name.contains(sheet.name)) return {sheet.tflops, sheet.gbytes, 0, "datasheet"};
  }
  DeviceLimits limits;
  limits.source = "clocks";
  double clock_hz = rates.clock_khz * 1e3;
  limits.tflops = rates.sm_count * clock_hz * MatrixFlopPerClock(rates.major, rates.minor) / 1e12;
  // Two transfers a clock on every pin.
  limits.gbytes = 2.0 * rates.memory_clock_khz * 1e3 * rates.bus_width_bits / 8 / 1e9;
  return limits;
}

llvm::Expected<DeviceLimits> ReadDeviceLimits(const Device& device) {
  DeviceRates rates;
  int l2_bytes = 0;
  const std::pair<cu::DeviceAttribute, int*> attributes[] = {
      {cu::kComputeCapabilityMajor, &rates.major},
      {cu::kComputeCapabilityMinor, &rates.minor},
      {cu::kMultiprocessorCount, &rates.sm_count},
      {cu::kClockRateKhz, &rates.clock_khz},
      {cu::kMemoryClockRateKhz, &rates.memory_clock_khz},
      {cu::kGlobalMemoryBusWidthBits, &rates.bus_width_bits},
      {cu::kL2CacheBytes, &l2_bytes},
  };
  for (const auto& [attribute, value] : attributes) {
    if (llvm::Error error =
            CheckDriver(device.driver(), "cuDeviceGetAttribute",
                        device.driver().device_get_attribute(value, attribute, device.handle()))) {
      return error;
    }
  }
  DeviceLimits limits = LimitsOf(device.name(), rates);
  limits.l2_bytes = l2_bytes;
  return limits;
}

}  // namespace attnjit
