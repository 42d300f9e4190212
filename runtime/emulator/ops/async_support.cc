#include "runtime/emulator/ops/async_support.h"

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {

llvm::Error RequireSm(DecodeContext& context, int sm, const llvm::Twine& what) {
  if (context.target().sm >= sm) return llvm::Error::success();
  return context.Unsupported((what + " needs sm_" + llvm::Twine(sm)).str());
}

Space TakeSharedSpace(ptx::ModifierReader& modifiers, bool cluster_allowed) {
  if (cluster_allowed && modifiers.Take("shared::cluster")) return Space::kSharedCluster;
  return modifiers.TakeOneOf({"shared", "shared::cta"}) >= 0 ? Space::kShared : Space::kGeneric;
}

llvm::Expected<uint32_t> TakeInteger(const ptx::Instruction& instruction, size_t operand,
                                     uint64_t most) {
  const ptx::Operand& o = instruction.operands[operand];
  if (!o.IsInteger() || o.value > most) {
    return ptx::ErrorAt(instruction, llvm::formatv("operand {0} must be an integer from 0 to {1}",
                                                   operand + 1, most));
  }
  return static_cast<uint32_t>(o.value);
}

std::optional<uint32_t> SharedAddress(const Origin& origin, Space space, uint64_t address) {
  if (space == Space::kGeneric && (address & kGenericMask) != kGenericShared) {
    Fault(origin, Rule::kOutOfBounds,
          llvm::formatv("generic address {0:x} is not in shared memory", address));
    return std::nullopt;
  }
  const auto result = static_cast<uint32_t>(address);
  if (space == Space::kShared && RankOf(result) != origin.warp->cta().rank()) {
    Fault(origin, Rule::kOutOfBounds,
          llvm::formatv("address {0:x} is not in the executing CTA's shared memory", result),
          MemorySpace::kShared, result);
    return std::nullopt;
  }
  return result;
}

uint8_t* SharedPlace(const Origin& origin, uint32_t address, uint32_t bytes, uint32_t align) {
  if (address % align != 0) {
    Fault(origin, Rule::kMisaligned,
          llvm::formatv("shared address {0:x} is not a multiple of {1}", address, align),
          MemorySpace::kShared, address, bytes);
    return nullptr;
  }
  uint8_t* place =
      origin.cluster().SharedRange(address, bytes, origin.warp, origin.inst, origin.lane);
  if (place == nullptr) origin.cluster().SetTrapped();
  return place;
}

uint8_t* GlobalPlace(const Origin& origin, uint64_t address, uint32_t bytes, uint32_t align,
                     AccessKind kind) {
  const Resolved place = origin.warp->Resolve(*origin.inst, Space::kGlobal, address, bytes, align,
                                              kind, origin.lane, /*watched=*/false);
  return place.host;
}

}  // namespace attnjit::emulator
