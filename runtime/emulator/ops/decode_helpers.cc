#include "runtime/emulator/ops/decode_helpers.h"

#include <array>
#include <utility>

namespace attnjit::emulator {

std::optional<OperandType> ParseOperandType(llvm::StringRef name) {
  static constexpr std::pair<const char*, OperandType> kTypes[] = {
      {"b8", {OperandTypeKind::kBits, 1}},          {"b16", {OperandTypeKind::kBits, 2}},
      {"b32", {OperandTypeKind::kBits, 4}},         {"b64", {OperandTypeKind::kBits, 8}},
      {"b128", {OperandTypeKind::kBits, 16}},       {"u8", {OperandTypeKind::kUnsigned, 1}},
      {"u16", {OperandTypeKind::kUnsigned, 2}},     {"u32", {OperandTypeKind::kUnsigned, 4}},
      {"u64", {OperandTypeKind::kUnsigned, 8}},     {"s8", {OperandTypeKind::kSigned, 1}},
      {"s16", {OperandTypeKind::kSigned, 2}},       {"s32", {OperandTypeKind::kSigned, 4}},
      {"s64", {OperandTypeKind::kSigned, 8}},       {"f16", {OperandTypeKind::kHalf, 2}},
      {"f16x2", {OperandTypeKind::kHalf, 4, 2}},    {"bf16", {OperandTypeKind::kBfloat, 2}},
      {"bf16x2", {OperandTypeKind::kBfloat, 4, 2}}, {"f32", {OperandTypeKind::kFloat, 4}},
      {"f32x2", {OperandTypeKind::kFloat, 8, 2}},   {"f64", {OperandTypeKind::kFloat, 8}},
      {"pred", {OperandTypeKind::kPredicate, 0}},
  };
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  return std::nullopt;
}

llvm::Expected<OperandType> TakeType(ptx::ModifierReader& modifiers,
                                     const ptx::Instruction& instruction) {
  const llvm::StringRef name = modifiers.TakeNext();
  if (name.empty()) return ptx::ErrorAt(instruction, instruction.opcode + " needs a type");
  const std::optional<OperandType> type = ParseOperandType(name);
  if (!type) {
    return ptx::ErrorAt(instruction, "unknown modifier ." + name + " of " + instruction.opcode);
  }
  return *type;
}

llvm::Error ExpectOperands(const ptx::Instruction& instruction, size_t least, size_t most) {
  const size_t count = instruction.operands.size();
  if (count >= least && count <= most) return llvm::Error::success();
  return ptx::ErrorAt(
      instruction, instruction.opcode + " has " + llvm::Twine(count) + " operands here; it takes " +
                       llvm::Twine(least) +
                       (least == most ? llvm::Twine("") : " to " + llvm::Twine(most)));
}

Space TakeSpace(ptx::ModifierReader& modifiers) {
  if (modifiers.Take("global")) return Space::kGlobal;
  if (modifiers.TakeOneOf({"shared", "shared::cta"}) >= 0) return Space::kShared;
  if (modifiers.Take("shared::cluster")) return Space::kSharedCluster;
  if (modifiers.Take("local")) return Space::kLocal;
  if (modifiers.TakeOneOf({"param", "param::entry", "param::func"}) >= 0) return Space::kParam;
  if (modifiers.Take("const")) return Space::kConst;
  return Space::kGeneric;
}

Semantics TakeSemantics(ptx::ModifierReader& modifiers) {
  Semantics result;
  modifiers.Take("weak");
  const int kind =
      modifiers.TakeOneOf({"relaxed", "volatile", "acquire", "release", "acq_rel", "mmio"});
  if (modifiers.Take("mmio")) result.strong = true;
  result.strong |= kind >= 0;
  result.acquire = kind == 2 || kind == 4;
  result.release = kind == 3 || kind == 4;
  result.scoped = modifiers.TakeOneOf({"cta", "cluster", "gpu", "sys"}) >= 0;
  return result;
}

bool TakeCacheModifiers(ptx::ModifierReader& modifiers) {
  modifiers.TakeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt"});
  modifiers.Take("nc");
  while (!modifiers.TakePrefixed("L1::").empty()) {
  }
  bool hint = modifiers.Take("L2::cache_hint");
  while (!modifiers.TakePrefixed("L2::").empty()) {
  }
  modifiers.Take("unified");
  return hint;
}

}  // namespace attnjit::emulator
