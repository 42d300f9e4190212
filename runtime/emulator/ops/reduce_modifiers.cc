#include "runtime/emulator/ops/reduce_modifiers.h"

namespace attnjit::emulator {
namespace {

struct TypeName {
  const char* name;
  ReduceType type;
  bool bits;  ///< For .and, .or, .xor only.
};

constexpr TypeName kTypes[] = {
    {"b32", ReduceType::kU32, true},  {"b64", ReduceType::kU64, true},
    {"u32", ReduceType::kU32, false}, {"s32", ReduceType::kS32, false},
    {"u64", ReduceType::kU64, false}, {"s64", ReduceType::kS64, false},
    {"f16", ReduceType::kF16, false}, {"bf16", ReduceType::kBf16, false},
    {"f32", ReduceType::kF32, false}, {"f64", ReduceType::kF64, false},
};

bool IsBitwise(ReduceOp op) {
  return op == ReduceOp::kAnd || op == ReduceOp::kOr || op == ReduceOp::kXor;
}

}  // namespace

std::optional<ReduceOp> TakeReduceOp(ptx::ModifierReader& modifiers) {
  const int op = modifiers.TakeOneOf({"add", "min", "max", "inc", "dec", "and", "or", "xor"});
  if (op < 0) return std::nullopt;
  return static_cast<ReduceOp>(op);
}

llvm::Error TakeReduction(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                          bool global, StoreMode& mode) {
  const std::optional<ReduceOp> op = TakeReduceOp(modifiers);
  if (!op) return ptx::ErrorAt(instruction, "a reduction is due");
  mode.op = *op;
  const TypeName* type = nullptr;
  for (const TypeName& candidate : kTypes) {
    if (modifiers.Take(candidate.name)) {
      type = &candidate;
      break;
    }
  }
  if (type == nullptr) return ptx::ErrorAt(instruction, "a type is due");
  mode.type = type->type;
  if (!IsReduction(mode.op, mode.type, global) || type->bits != IsBitwise(mode.op)) {
    return ptx::ErrorAt(instruction, "the reduction does not exist for this type");
  }
  const bool half = mode.type == ReduceType::kF16 || mode.type == ReduceType::kBf16;
  if (modifiers.Take("noftz") != (half && mode.op == ReduceOp::kAdd)) {
    return ptx::ErrorAt(instruction, ".noftz goes with .add of .f16 and .bf16, and must");
  }
  return llvm::Error::success();
}

}  // namespace attnjit::emulator
