#include "tools/attnjit/device_choice.h"

#include "tools/attnjit/cli.h"
#include "tools/attnjit/emulation.h"

namespace attnjit {

llvm::Expected<DeviceChoice> ParseDevice(llvm::StringRef text) {
  DeviceChoice choice;
  if (text == "auto") return choice;
  auto [kind, rest] = text.split(':');
  const bool bare = kind.size() == text.size();
  if (kind == "emulator") {
    choice.kind = DeviceChoice::Kind::kEmulator;
    if (bare) return choice;
    llvm::Expected<std::string> device = ParseEmulatedDevice(rest);
    if (!device) return device.takeError();
    choice.emulated = std::move(*device);
    return choice;
  }
  choice.kind = DeviceChoice::Kind::kCuda;
  if (kind == "cuda" && bare) return choice;
  if (kind == "cuda" && !rest.getAsInteger(10, choice.ordinal) && choice.ordinal >= 0) {
    return choice;
  }
  return llvm::make_error<UsageError>("--device " + text.str() +
                                      ": there are auto, cuda, cuda:N, emulator and emulator:ARCH");
}

}  // namespace attnjit
