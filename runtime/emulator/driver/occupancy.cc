#include "runtime/emulator/driver/occupancy.h"

#include <algorithm>

#include "llvm/Support/MathExtras.h"

namespace attnjit::emulator {

int BlocksPerSm(const DeviceModel& device, const CtaResources& cta) {
  constexpr uint64_t kWarp = 32, kRegisterUnit = 256, kWarpUnit = 4, kSharedUnit = 128;
  if (cta.threads < 1 || cta.threads > device.max_threads_per_block) return 0;
  const uint64_t warps = llvm::divideCeil(static_cast<uint64_t>(cta.threads), kWarp);
  uint64_t blocks =
      std::min<uint64_t>(device.max_blocks_per_sm, device.max_threads_per_sm / (warps * kWarp));
  if (cta.registers_per_thread > 0) {
    const uint64_t per_warp =
        llvm::alignTo(static_cast<uint64_t>(cta.registers_per_thread) * kWarp, kRegisterUnit);
    const uint64_t warps_that_fit =
        static_cast<uint64_t>(device.registers_per_sm) / per_warp / kWarpUnit * kWarpUnit;
    blocks = std::min(blocks, warps_that_fit / llvm::alignTo(warps, kWarpUnit));
  }
  const uint64_t shared = llvm::alignTo(
      static_cast<uint64_t>(cta.shared_bytes) + device.shared_reserved_bytes, kSharedUnit);
  return static_cast<int>(std::min(blocks, device.shared_bytes_per_sm / shared));
}

}  // namespace attnjit::emulator
