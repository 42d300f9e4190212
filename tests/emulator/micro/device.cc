#include "tests/emulator/micro/device.h"

#include "runtime/emulator/driver/emulator.h"

namespace attnjit::micro {
namespace {

std::string Remarks(emulator::Emulator& emulator) {
  std::string text;
  for (const std::string& line : emulator.TakeLog()) text += line + "; ";
  for (const emulator::Report& report : emulator.TakeFindings().reports) {
    text += emulator::ToText(report);
  }
  return text;
}

llvm::Expected<Device> OpenEmulator(llvm::StringRef arch, const DeviceOptions& options) {
  llvm::Expected<emulator::AsyncPolicy> policy = emulator::ParseAsyncPolicy(options.async);
  if (!policy) return policy.takeError();
  emulator::EmulatorOptions settings;
  settings.devices = {arch.empty() ? "sm_90a" : arch.str()};
  settings.policy = *policy;
  settings.sanitize = options.sanitize;
  llvm::Expected<std::shared_ptr<emulator::Emulator>> opened = emulator::MakeDriver(settings);
  if (!opened) return opened.takeError();
  std::shared_ptr<emulator::Emulator> emulator = *opened;
  return Device{emulator->table(), [emulator] { return Remarks(*emulator); }};
}

}  // namespace

llvm::Expected<Device> OpenDevice(const DeviceOptions& options) {
  auto [kind, arch] = llvm::StringRef(options.name).split(':');
  if (kind == "emulator") return OpenEmulator(arch, options);
  if (options.name != "cuda") {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "no driver \"%s\": cuda, emulator or emulator:ARCH",
                                   options.name.c_str());
  }
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("");
  if (!driver) return driver.takeError();
  return Device{*driver, [] { return std::string(); }};
}

}  // namespace attnjit::micro
