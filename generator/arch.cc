#include "generator/arch.h"

#include <iterator>

namespace attnjit {
namespace {

constexpr int kKiB = 1024;

// Ascending; the "a" target of a compute capability follows its plain target.
constexpr ArchInfo kArchs[] = {
    // arch, name, major, minor, specific, smem/block, smem/SM, registers/SM, threads/SM, wgmma,
    // tcgen05
    {Arch::kSm80, "sm_80", 8, 0, false, 163 * kKiB, 164 * kKiB, 65536, 2048, false, false},
    {Arch::kSm86, "sm_86", 8, 6, false, 99 * kKiB, 100 * kKiB, 65536, 1536, false, false},
    {Arch::kSm87, "sm_87", 8, 7, false, 163 * kKiB, 164 * kKiB, 65536, 1536, false, false},
    {Arch::kSm89, "sm_89", 8, 9, false, 99 * kKiB, 100 * kKiB, 65536, 1536, false, false},
    {Arch::kSm90, "sm_90", 9, 0, false, 227 * kKiB, 228 * kKiB, 65536, 2048, false, false},
    {Arch::kSm90a, "sm_90a", 9, 0, true, 227 * kKiB, 228 * kKiB, 65536, 2048, true, false},
    {Arch::kSm100, "sm_100", 10, 0, false, 227 * kKiB, 228 * kKiB, 65536, 2048, false, false},
    {Arch::kSm100a, "sm_100a", 10, 0, true, 227 * kKiB, 228 * kKiB, 65536, 2048, false, true},
    {Arch::kSm103, "sm_103", 10, 3, false, 227 * kKiB, 228 * kKiB, 65536, 2048, false, false},
    {Arch::kSm103a, "sm_103a", 10, 3, true, 227 * kKiB, 228 * kKiB, 65536, 2048, false, true},
    {Arch::kSm120, "sm_120", 12, 0, false, 99 * kKiB, 100 * kKiB, 65536, 1536, false, false},
    {Arch::kSm120a, "sm_120a", 12, 0, true, 99 * kKiB, 100 * kKiB, 65536, 1536, false, false},
    {Arch::kSm121, "sm_121", 12, 1, false, 99 * kKiB, 100 * kKiB, 65536, 1536, false, false},
    {Arch::kSm121a, "sm_121a", 12, 1, true, 99 * kKiB, 100 * kKiB, 65536, 1536, false, false},
};

}  // namespace

llvm::ArrayRef<ArchInfo> AllArchs() { return kArchs; }

const ArchInfo& GetArchInfo(Arch arch) { return kArchs[static_cast<int>(arch)]; }

std::optional<Arch> ParseArch(llvm::StringRef name) {
  for (const ArchInfo& info : kArchs) {
    if (name == info.name) return info.arch;
  }
  return std::nullopt;
}

std::optional<Arch> ArchForComputeCapability(int major, int minor) {
  for (auto it = std::rbegin(kArchs); it != std::rend(kArchs); ++it) {
    if (it->major == major && it->minor == minor) return it->arch;
  }
  return std::nullopt;
}

}  // namespace attnjit
