// --device: auto, cuda, cuda:N, emulator, emulator:ARCH.
#ifndef ATTNJIT_TOOLS_ATTNJIT_DEVICE_CHOICE_H_
#define ATTNJIT_TOOLS_ATTNJIT_DEVICE_CHOICE_H_

#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Where to run.
struct DeviceChoice {
  enum class Kind { kAuto, kCuda, kEmulator };
  Kind kind = Kind::kAuto;
  int ordinal = 0;
  std::string emulated;  ///< "sm_90a", or "": for the request.
};

/// Errors: UsageError.
llvm::Expected<DeviceChoice> ParseDevice(llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_DEVICE_CHOICE_H_
