#include "runtime/emulator/machine/device_model.h"

#include <vector>

#include "generator/model/gpu.h"

namespace attnjit::emulator {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
/// What the tests and checks of one process may come to; the host commits what is used.
constexpr int64_t kMemory = int64_t{8} << 30;

/// What is of no account to a generator.
struct Device {
  Arch arch;
  const char* name;
  int max_blocks_per_sm;
  int max_cluster;
  int tensor_columns;
};

constexpr Device kDevices[] = {
    {Arch::kSm80, "A100", 32, 1, 0},       {Arch::kSm86, "RTX 3090", 16, 1, 0},
    {Arch::kSm89, "RTX 4090", 24, 1, 0},   {Arch::kSm90a, "H100", 32, 16, 0},
    {Arch::kSm100a, "B200", 32, 16, 512},  {Arch::kSm103a, "B300", 32, 16, 512},
    {Arch::kSm120a, "RTX 5090", 24, 8, 0},
};

DeviceModel Model(const Device& device) {
  const ArchInfo& limits = GetArchInfo(device.arch);
  const GpuInfo& gpu = *TypicalGpu(device.arch);
  DeviceModel model;
  model.arch = limits.name;
  model.name = std::string("emulated ") + device.name + " (" + limits.name + ")";
  model.major = limits.major;
  model.minor = limits.minor;
  model.sm_count = gpu.sm_count;
  model.clock_khz = gpu.clock_mhz * 1000;
  model.memory_clock_khz = gpu.memory_clock_mhz * 1000;
  model.bus_width_bits = gpu.bus_bits;
  model.l2_bytes = gpu.l2_mib * kMiB;
  model.memory_bytes = kMemory;
  model.max_threads_per_sm = limits.max_threads_per_sm;
  model.max_blocks_per_sm = device.max_blocks_per_sm;
  model.shared_bytes_per_sm = limits.smem_per_sm;
  model.shared_bytes_per_block_optin = limits.smem_per_block;
  model.shared_reserved_bytes = kSmemReservedPerBlock;
  model.registers_per_sm = limits.registers_per_sm;
  model.max_cluster = device.max_cluster;
  model.tensor_columns = device.tensor_columns;
  return model;
}

std::vector<DeviceModel> MakeModels() {
  std::vector<DeviceModel> models;
  for (const Device& device : kDevices) models.push_back(Model(device));
  return models;
}

}  // namespace

llvm::ArrayRef<DeviceModel> DeviceModels() {
  static const std::vector<DeviceModel> models = MakeModels();
  return models;
}

const DeviceModel* FindDeviceModel(llvm::StringRef arch) {
  arch.consume_front("sm_");
  for (const DeviceModel& model : DeviceModels()) {
    llvm::StringRef known = model.arch;
    known.consume_front("sm_");
    if (arch == known) return &model;
    if (known.consume_back("a") && arch == known) return &model;
  }
  return nullptr;
}

}  // namespace attnjit::emulator
