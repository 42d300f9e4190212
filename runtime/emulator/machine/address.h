// The emulated address spaces.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_ADDRESS_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_ADDRESS_H_

#include <cstdint>

namespace attnjit::emulator {

enum class Space : uint8_t {
  kGeneric,
  kGlobal,
  kShared,         ///< shared::cta
  kSharedCluster,  ///< shared::cluster
  kLocal,
  kParam,
  kConst,
  kTensor,  ///< Tensor memory, lane << 16 | column.
};

/// Device allocations and module variables.
inline constexpr uint64_t kGlobalBase = 0x7f00'0000'0000;
/// Generic addresses of the other spaces: base | the space's own address.
inline constexpr uint64_t kGenericShared = 0x0100'0000'0000'0000;
inline constexpr uint64_t kGenericLocal = 0x0200'0000'0000'0000;
inline constexpr uint64_t kGenericParam = 0x0300'0000'0000'0000;
inline constexpr uint64_t kGenericMask = 0xff00'0000'0000'0000;

/// A shared address is rank << 24 | offset (CUTLASS clears bit 24 to name a pair's even CTA).
inline constexpr uint32_t kSharedRankShift = 24;
inline constexpr uint32_t kSharedOffsetMask = 0x00ff'ffff;
/// Addresses in .param space: an entry's parameters are offsets in Launch::params; the parameters
/// of device functions and the arguments of calls live in the thread's local frame, at
/// kParamInFrame | their offset in local memory.
inline constexpr uint64_t kParamInFrame = 0x8000'0000;
/// Bytes at the start of every CTA's window that the system keeps (CUDA 12+, sm_80 and up).
inline constexpr uint32_t kSharedReserved = 1024;

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_ADDRESS_H_
