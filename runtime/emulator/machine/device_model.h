// What an emulated GPU can do at most.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_DEVICE_MODEL_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_DEVICE_MODEL_H_

#include <cstdint>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator {

/// Limits of one GPU: what generator/arch.h and generator/model/gpu.h say of it, and of CTAs,
/// clusters and tensor memory the CUDA Programming Guide 13.0, "Compute Capabilities".
struct DeviceModel {
  std::string arch;  ///< "sm_90a": also the target of the PTX it takes, besides older plain ones.
  std::string name;  ///< "emulated H100 (sm_90a)"
  int major = 0;
  int minor = 0;
  int sm_count = 0;
  int clock_khz = 0;
  int memory_clock_khz = 0;
  int bus_width_bits = 0;
  int64_t l2_bytes = 0;
  int64_t memory_bytes = 0;  ///< Of an emulated device: what the host may spend on it.
  int max_threads_per_block = 1024;
  int max_threads_per_sm = 0;
  int max_blocks_per_sm = 0;
  int shared_bytes_per_sm = 0;
  int shared_bytes_per_block = 48 << 10;
  int shared_bytes_per_block_optin = 0;  ///< Without the reserved KiB.
  int shared_reserved_bytes = 0;
  int registers_per_sm = 0;
  int registers_per_thread = 255;
  int max_cluster = 1;     ///< CTAs; 8 is portable, 16 by attribute.
  int tensor_columns = 0;  ///< Tensor memory: 128 lanes x columns of 32 bits; 0: none.
};

/// sm_80, sm_86, sm_89, sm_90a, sm_100a, sm_103a, sm_120a.
llvm::ArrayRef<DeviceModel> DeviceModels();
/// "sm_90a", "90a", "sm_90": null if there is none.
const DeviceModel* FindDeviceModel(llvm::StringRef arch);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_DEVICE_MODEL_H_
