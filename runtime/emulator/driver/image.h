// A PTX text as the driver loads it: parsed, every entry decoded, and what may run it.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_IMAGE_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_IMAGE_H_

#include <map>
#include <memory>
#include <string>

#include "runtime/cuda_types.h"
#include "runtime/emulator/machine/device_model.h"
#include "runtime/emulator/program/program.h"

namespace attnjit::emulator {

/// Immutable.
struct Image {
  std::string target;  ///< "sm_90a"
  std::map<std::string, std::shared_ptr<const Program>> entries;
};

/// Loads a NUL-terminated PTX text. Errors, with the reason in `log` ("ptx:12:5: .."):
/// kErrorNoBinaryForGpu for machine code, kErrorInvalidImage for what is no PTX at all,
/// kErrorUnsupportedPtxVersion, kErrorInvalidPtx.
cu::Result LoadImage(const void* data, std::shared_ptr<const Image>& image, std::string& log);

/// Whether PTX for `target` runs on the device (PTX ISA 11.1, .target): an "a" target on that very
/// device, an "f" target on its family from there on, a plain one on it and everything later.
bool RunsOn(llvm::StringRef target, const DeviceModel& device);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_IMAGE_H_
