// What the families of barriers and asynchronous copies share: operands, addresses, lanes.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_ASYNC_SUPPORT_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_ASYNC_SUPPORT_H_

#include <cstdint>
#include <optional>

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

// Decoding.

/// A PtxError unless the target is sm_`sm` or later.
llvm::Error RequireSm(DecodeContext& context, int sm, const llvm::Twine& what);
/// .shared, .shared::cta, .shared::cluster (where allowed) or nothing (generic).
Space TakeSharedSpace(ptx::ModifierReader& modifiers, bool cluster_allowed);
/// The operand's unsigned integer literal, at most `most`.
llvm::Expected<uint32_t> TakeInteger(const ptx::Instruction& instruction, size_t operand,
                                     uint64_t most);
// Execution.

/// Calls f(lane) for each lane, lowest first, as long as it returns true; false where one did not.
template <class F>
inline bool AllLanes(uint32_t lanes, F&& f) {
  for (; lanes != 0; lanes &= lanes - 1) {
    if (!f(__builtin_ctz(lanes))) return false;
  }
  return true;
}

/// Of `lanes`, those whose key equals that of the lowest one.
template <class Key>
inline uint32_t SameAsFirst(uint32_t lanes, const Key& key) {
  const auto first = key(__builtin_ctz(lanes));
  uint32_t same = 0;
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const int lane = __builtin_ctz(rest);
    if (key(lane) == first) same |= 1u << lane;
  }
  return same;
}

/// The shared::cluster address of `address` in kGeneric, kShared or kSharedCluster space; kShared
/// must be the executing CTA's. nullopt after a fault. Bounds and alignment are not checked.
std::optional<uint32_t> SharedAddress(const Origin& origin, Space space, uint64_t address);

/// Checks `bytes` at a shared::cluster address: alignment, bounds, its CTA's life. Null after a
/// fault.
uint8_t* SharedPlace(const Origin& origin, uint32_t address, uint32_t bytes, uint32_t align);

/// Checks `bytes` of global memory (a global or generic address). Null after a fault.
uint8_t* GlobalPlace(const Origin& origin, uint64_t address, uint32_t bytes, uint32_t align,
                     AccessKind kind);

inline uint32_t RankOf(uint32_t shared_address) { return shared_address >> kSharedRankShift; }

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_ASYNC_SUPPORT_H_
