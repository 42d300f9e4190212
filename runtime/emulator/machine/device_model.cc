#include "runtime/emulator/machine/device_model.h"

#include <vector>

namespace attnjit::emulator {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int kKiB = 1 << 10;
/// What the tests and checks of one process may come to; the host commits what is used.
constexpr int64_t kMemory = int64_t{8} << 30;

DeviceModel Model(const char* arch, const char* name, int major, int minor) {
  DeviceModel model;
  model.arch = arch;
  model.name = std::string("emulated ") + name + " (" + arch + ")";
  model.major = major;
  model.minor = minor;
  model.memory_bytes = kMemory;
  return model;
}

void SetClocks(DeviceModel& model, int sms, int mhz, int memory_mhz, int bus_bits, int l2_mib) {
  model.sm_count = sms;
  model.clock_khz = mhz * 1000;
  model.memory_clock_khz = memory_mhz * 1000;
  model.bus_width_bits = bus_bits;
  model.l2_bytes = l2_mib * kMiB;
}

void SetLimits(DeviceModel& model, int threads_per_sm, int blocks_per_sm, int shared_kib) {
  model.max_threads_per_sm = threads_per_sm;
  model.max_blocks_per_sm = blocks_per_sm;
  model.shared_bytes_per_sm = shared_kib * kKiB;
  model.shared_bytes_per_block_optin = (shared_kib - 1) * kKiB;
}

std::vector<DeviceModel> MakeModels() {
  DeviceModel a100 = Model("sm_80", "A100", 8, 0);
  SetClocks(a100, 108, 1410, 1215, 5120, 40);
  SetLimits(a100, 2048, 32, 164);
  DeviceModel rtx3090 = Model("sm_86", "RTX 3090", 8, 6);
  SetClocks(rtx3090, 82, 1695, 9751, 384, 6);
  SetLimits(rtx3090, 1536, 16, 100);
  DeviceModel rtx4090 = Model("sm_89", "RTX 4090", 8, 9);
  SetClocks(rtx4090, 128, 2520, 10501, 384, 72);
  SetLimits(rtx4090, 1536, 24, 100);
  DeviceModel h100 = Model("sm_90a", "H100", 9, 0);
  SetClocks(h100, 132, 1980, 2619, 5120, 50);
  SetLimits(h100, 2048, 32, 228);
  h100.max_cluster = 16;
  DeviceModel b200 = Model("sm_100a", "B200", 10, 0);
  SetClocks(b200, 148, 1965, 3996, 8192, 126);
  SetLimits(b200, 2048, 32, 228);
  b200.max_cluster = 16;
  b200.tensor_columns = 512;
  DeviceModel b300 = Model("sm_103a", "B300", 10, 3);
  SetClocks(b300, 148, 1920, 3996, 8192, 126);
  SetLimits(b300, 2048, 32, 228);
  b300.max_cluster = 16;
  b300.tensor_columns = 512;
  DeviceModel rtx5090 = Model("sm_120a", "RTX 5090", 12, 0);
  SetClocks(rtx5090, 170, 2407, 14001, 512, 96);
  SetLimits(rtx5090, 1536, 24, 100);
  rtx5090.max_cluster = 8;
  return {a100, rtx3090, rtx4090, h100, b200, b300, rtx5090};
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
