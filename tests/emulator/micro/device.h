// Where micro-programs run: a GPU or an emulated one, by name.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_DEVICE_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_DEVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/driver.h"

namespace attnjit::micro {

struct DeviceOptions {
  std::string name = "cuda";    ///< "cuda", "emulator" (sm_90a) or "emulator:ARCH".
  std::string async = "eager";  ///< Of the emulator: "eager", "late", "seed=N".
  bool sanitize = false;        ///< Of the emulator: a finding fails the case.
};

struct Device {
  std::shared_ptr<const DriverTable> driver;
  /// What the emulator has to say on the calls since it was last asked: its log and the sanitizer's
  /// findings. Empty: nothing, and always of a GPU.
  std::function<std::string()> remarks;
};

/// Errors: no such driver or device, or it cannot be used.
llvm::Expected<Device> OpenDevice(const DeviceOptions& options);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_DEVICE_H_
