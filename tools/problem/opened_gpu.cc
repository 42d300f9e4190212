#include "tools/problem/opened_gpu.h"

namespace attnjit {

llvm::Expected<OpenedGpu> OpenGpu(int ordinal) {
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("");
  if (!driver) return driver.takeError();
  return OpenGpuOf(std::move(*driver), ordinal);
}

llvm::Expected<OpenedGpu> OpenGpuOf(std::shared_ptr<const DriverTable> driver, int ordinal) {
  OpenedGpu gpu;
  gpu.driver = std::move(driver);
  llvm::Expected<std::shared_ptr<const Device>> device = Device::Open(gpu.driver, ordinal);
  if (!device) return device.takeError();
  gpu.device = std::move(*device);
  return gpu;
}

}  // namespace attnjit
