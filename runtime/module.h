// One image (a cubin, or PTX) in the driver: loaded once for the process where the driver can (CUDA
// 12's libraries), else once for each device.
#ifndef ATTNJIT_RUNTIME_MODULE_H_
#define ATTNJIT_RUNTIME_MODULE_H_

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/device.h"

namespace attnjit {

/// A kernel that is ready on one device.
struct DeviceFunction {
  cu::Function function = nullptr;  ///< Of the device's primary context.
  cu::Kernel kernel = nullptr;      ///< Of any context; null where the driver has no libraries.
  int registers = 0;
  int local_bytes = 0;
  int blocks_per_sm = 0;  ///< Resident, as the driver computes it for the plan's block.
};

/// Thread safe. Unloads when it ends, which at process exit does nothing once the driver is gone.
class Module {
 public:
  /// `image` is in the driver's format, NUL-terminated behind its end where that is PTX, and is
  /// copied. `name` is the entry symbol. Errors: DriverError, with what is wrong with the PTX.
  static llvm::Expected<std::shared_ptr<Module>> Load(std::shared_ptr<const DriverTable> driver,
                                                      llvm::StringRef image, std::string name);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The kernel on `device`, loaded there to the end so that a first launch inside a stream capture
  /// loads nothing, and allowed `smem_bytes` of dynamic shared memory. The module keeps the device.
  /// Errors: DriverError.
  llvm::Expected<DeviceFunction> FunctionOn(const std::shared_ptr<const Device>& device,
                                            int threads, int smem_bytes);

 private:
  Module(std::shared_ptr<const DriverTable> driver, std::string name)
      : driver_(std::move(driver)), name_(std::move(name)) {}
  llvm::Error Check(const char* call, cu::Result result, llvm::StringRef log = "") const;
  llvm::Error LoadLibrary(llvm::StringRef image);
  llvm::Error Find(const std::shared_ptr<const Device>& device, DeviceFunction& found);
  llvm::Error FindInModule(DeviceFunction& found, const std::shared_ptr<const Device>& device);

  std::shared_ptr<const DriverTable> driver_;
  std::string name_;
  cu::Library library_ = nullptr;
  cu::Kernel kernel_ = nullptr;
  // Only without libraries: what to load on a further device, and what is loaded.
  std::string image_;
  std::mutex mutex_;
  std::vector<std::pair<std::shared_ptr<const Device>, cu::Module>> modules_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_MODULE_H_
