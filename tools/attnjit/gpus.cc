#include "tools/attnjit/gpus.h"

namespace attnjit {
namespace {

llvm::Expected<Gpu> DescribeGpu(const DriverTable& driver, int ordinal) {
  cu::Device device = 0;
  if (llvm::Error e = CheckDriver(driver, "cuDeviceGet", driver.device_get(&device, ordinal))) {
    return e;
  }
  Gpu gpu;
  char name[256] = {};
  if (llvm::Error e = CheckDriver(driver, "cuDeviceGetName",
                                  driver.device_get_name(name, sizeof(name) - 1, device))) {
    return e;
  }
  gpu.name = name;
  if (llvm::Error e = CheckDriver(driver, "cuDeviceTotalMem",
                                  driver.device_total_mem(&gpu.memory_bytes, device))) {
    return e;
  }
  const std::pair<cu::DeviceAttribute, int*> attributes[] = {
      {cu::kComputeCapabilityMajor, &gpu.major},
      {cu::kComputeCapabilityMinor, &gpu.minor},
      {cu::kMultiprocessorCount, &gpu.sm_count},
  };
  for (const auto& [attribute, value] : attributes) {
    if (llvm::Error e = CheckDriver(driver, "cuDeviceGetAttribute",
                                    driver.device_get_attribute(value, attribute, device))) {
      return e;
    }
  }
  return gpu;
}

}  // namespace

llvm::Expected<std::vector<Gpu>> ListGpus(const DriverTable& driver) {
  int count = 0;
  if (llvm::Error e = CheckDriver(driver, "cuDeviceGetCount", driver.device_get_count(&count))) {
    return e;
  }
  std::vector<Gpu> gpus;
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    llvm::Expected<Gpu> gpu = DescribeGpu(driver, ordinal);
    if (!gpu) return gpu.takeError();
    gpus.push_back(std::move(*gpu));
  }
  return gpus;
}

}  // namespace attnjit
