// The driver and one device of it, opened.
#ifndef ATTNJIT_TOOLS_PROBLEM_OPENED_GPU_H_
#define ATTNJIT_TOOLS_PROBLEM_OPENED_GPU_H_

#include <memory>

#include "llvm/Support/Error.h"
#include "runtime/device.h"

namespace attnjit {

struct OpenedGpu {
  std::shared_ptr<const DriverTable> driver;
  std::shared_ptr<const Device> device;
};

/// Of the machine's own driver. Errors: DriverError (no driver, no such device).
llvm::Expected<OpenedGpu> OpenGpu(int ordinal);

/// Of a driver that is open, an emulator's too. Errors: DriverError (no such device).
llvm::Expected<OpenedGpu> OpenGpuOf(std::shared_ptr<const DriverTable> driver, int ordinal);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_OPENED_GPU_H_
