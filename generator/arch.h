// The GPUs attnjit generates for, and the limits of each. To add one, add a row in arch.cc.
#ifndef ATTNJIT_GENERATOR_ARCH_H_
#define ATTNJIT_GENERATOR_ARCH_H_

#include <optional>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

enum class Arch {
  kSm80,
  kSm86,
  kSm87,
  kSm89,
  kSm90,
  kSm90a,
  kSm100,
  kSm100a,
  kSm103,
  kSm103a,
  kSm120,
  kSm120a,
  kSm121,
  kSm121a
};

/// Source: CUDA C++ Programming Guide 13.0, "Technical Specifications per Compute Capability".
struct ArchInfo {
  Arch arch;
  const char* name;  ///< As in a request and to NVRTC: "sm_90a".
  int major;         ///< Compute capability.
  int minor;
  bool arch_specific;    ///< The "a" targets: run on exactly that compute capability.
  int smem_per_block;    ///< Largest dynamic shared memory of a block, bytes (opt-in).
  int smem_per_sm;       ///< Bytes; a block also takes kSmemReservedPerBlock of them.
  int registers_per_sm;  ///< 32-bit registers.
  int max_threads_per_sm;
  bool has_wgmma;    ///< TMA, wgmma, setmaxnreg: the sm90 family.
  bool has_tcgen05;  ///< TMA, tcgen05, tensor memory: the sm100 family.
};

inline constexpr int kSmemReservedPerBlock = 1024;

/// Every GPU, in ascending order.
llvm::ArrayRef<ArchInfo> AllArchs();
const ArchInfo& GetArchInfo(Arch arch);
std::optional<Arch> ParseArch(llvm::StringRef name);
/// The arch to generate for on a device of this compute capability: the most specific one known,
/// else nullopt.
std::optional<Arch> ArchForComputeCapability(int major, int minor);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_ARCH_H_
