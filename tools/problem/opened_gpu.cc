#include "tools/problem/opened_gpu.h"

namespace attnjit {

llvm::Expected<OpenedGpu> OpenGpu(int ordinal) {
  OpenedGpu gpu;
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("");
  if (!driver) return driver.takeError();
  gpu.driver = std::move(*driver);
  llvm::Expected<std::shared_ptr<const Device>> device = Device::Open(gpu.driver, ordinal);
  if (!device) return device.takeError();
  gpu.device = std::move(*device);
  return gpu;
}

}  // namespace attnjit
