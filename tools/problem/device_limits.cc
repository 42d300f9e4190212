#include "tools/problem/device_limits.h"

#include <utility>

#include "generator/model/gpu.h"

namespace attnjit {
DeviceLimits LimitsOf(llvm::StringRef name, const DeviceRates& rates) {
  if (const GpuInfo* gpu = FindGpu(name)) return {gpu->tflops, gpu->gbytes, 0, "datasheet"};
  DeviceLimits limits;
  limits.source = "clocks";
  double clock_hz = rates.clock_khz * 1e3;
  // Consumer parts, so that a peak is rather named too low than too high.
  if (const SmRates* sm = FindSmRates(rates.major, rates.minor)) {
    limits.tflops = rates.sm_count * clock_hz * sm->geforce_matrix_share *
                    sm->matrix_flops[static_cast<size_t>(MatrixKind::kF16)] / 1e12;
  }
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
