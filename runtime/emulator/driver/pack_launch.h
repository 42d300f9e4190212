// cuLaunchKernelEx's arguments, checked and packed for the machine.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_PACK_LAUNCH_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_PACK_LAUNCH_H_

#include <string>

#include "runtime/cuda_types.h"
#include "runtime/emulator/driver/objects.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {

/// Parameters are copied: each from its pointer, or the packed buffer of `extra`. Errors, with the
/// reason in `log`: kErrorInvalidValue, kErrorLaunchOutOfResources (registers), kErrorNotSupported
/// (a launch attribute that the emulator does not know).
cu::Result PackLaunch(const cu::LaunchConfig& config, const Function& function,
                      const Context& context, void** parameters, void** extra, Launch& launch,
                      std::string& log);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_PACK_LAUNCH_H_
