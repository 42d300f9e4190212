// How many CTAs of a kernel one SM holds.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_OCCUPANCY_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_OCCUPANCY_H_

#include <cstdint>

#include "runtime/emulator/machine/device_model.h"

namespace attnjit::emulator {

struct CtaResources {
  int threads = 0;
  int registers_per_thread = 0;
  int64_t shared_bytes = 0;  ///< Static and dynamic.
};

/// 0 where one does not fit. Registers are given to a warp in units of 256 and to a CTA for a
/// multiple of 4 warps, shared memory in units of 128 bytes (the CUDA occupancy calculator's
/// figures for compute capability 8.0 and up).
int BlocksPerSm(const DeviceModel& device, const CtaResources& cta);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_OCCUPANCY_H_
