#include "runtime/emulator/ops/control.h"

#include <bit>
#include <vector>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/lanes.h"

namespace attnjit::emulator {
namespace {

Step RunBra(Warp& warp, const Inst& inst, uint32_t lanes) {
  warp.Jump(inst, lanes, static_cast<uint32_t>(inst.target));
  return Step::kJump;
}

Step RunBrx(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& targets = *static_cast<const std::vector<int32_t>*>(inst.detail);
  const uint32_t* index = warp.Read32(inst.a, lanes);
  uint32_t pcs[32] = {};
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const int l = std::countr_zero(rest);
    if (index[l] >= targets.size()) {
      return warp.Trap(Rule::kOutOfBounds, inst, l,
                       "branch index " + std::to_string(index[l]) + " of " +
                           std::to_string(targets.size()) + " targets");
    }
    pcs[l] = static_cast<uint32_t>(targets[index[l]]);
  }
  warp.Scatter(inst, lanes, pcs);
  return Step::kJump;
}

Step RunCall(Warp& warp, const Inst& inst, uint32_t lanes) {
  warp.Call(inst, lanes, static_cast<uint32_t>(inst.target));
  return Step::kJump;
}

Step RunSystemCall(Warp& warp, const Inst& inst, uint32_t lanes) {
  return warp.Trap(Rule::kIllegalInstruction, inst, std::countr_zero(lanes),
                   "the program calls a function of the driver's (printf, assert, malloc), which "
                   "the emulator does not have");
}

Step RunRet(Warp& warp, const Inst& inst, uint32_t lanes) {
  warp.Return(inst, lanes);
  return Step::kJump;
}

Step RunExit(Warp& warp, const Inst& inst, uint32_t lanes) {
  warp.Exit(inst, lanes);
  return Step::kJump;
}

Step RunTrap(Warp& warp, const Inst& inst, uint32_t lanes) {
  return warp.Trap(Rule::kOutOfBounds, inst, std::countr_zero(lanes),
                   "the program executed a trap");
}

Step RunYield(Warp&, const Inst&, uint32_t) { return Step::kYield; }
Step RunNothing(Warp&, const Inst&, uint32_t) { return Step::kNext; }

llvm::Error Decode(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst,
                   size_t operands, Execute execute) {
  ptx::ModifierReader modifiers(instruction);
  modifiers.Take("uni");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, operands, operands)) return error;
  inst.inst_class = InstClass::kControl;
  inst.execute = execute;
  return llvm::Error::success();
}

llvm::Error DecodeBra(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (llvm::Error error = Decode(instruction, context, inst, 1, &RunBra)) return error;
  return Bind(inst.target, context.Label(instruction.operands[0]));
}

llvm::Error DecodeBrx(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  modifiers.Take("uni");
  if (!modifiers.Take("idx")) return context.Unsupported("brx needs .idx");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  auto* targets = context.New<std::vector<int32_t>>();
  if (llvm::Error error = Bind(*targets, context.BranchTargets(instruction.operands[1]))) {
    return error;
  }
  inst.detail = targets;
  inst.inst_class = InstClass::kControl;
  inst.execute = &RunBrx;
  return Bind(inst.a, context.Source(instruction.operands[0], 4));
}

/// Arguments and results are in .param variables that the caller and the callee share.
llvm::Error DecodeCall(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  modifiers.Take("uni");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 3, 4)) return error;
  inst.inst_class = InstClass::kControl;
  if (llvm::Error error = Bind(inst.target, context.Label(instruction.operands[1]))) return error;
  inst.execute = inst.target < 0 ? &RunSystemCall : &RunCall;
  return llvm::Error::success();
}

llvm::Error DecodeRet(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return Decode(instruction, context, inst, 0, &RunRet);
}
llvm::Error DecodeExit(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return Decode(instruction, context, inst, 0, &RunExit);
}
llvm::Error DecodeTrap(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return Decode(instruction, context, inst, 0, &RunTrap);
}

llvm::Error DecodeNanosleep(const ptx::Instruction& instruction, DecodeContext& context,
                            Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (!modifiers.Take("u32")) return context.Unsupported("nanosleep needs .u32");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  inst.inst_class = InstClass::kControl;
  inst.execute = &RunYield;
  return Bind(inst.a, context.Source(instruction.operands[0], 4));
}

llvm::Error DecodePmevent(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  modifiers.Take("mask");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  inst.inst_class = InstClass::kOther;
  inst.execute = &RunNothing;
  return llvm::Error::success();
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> ControlDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"bra", &DecodeBra},         {"brkpt", &DecodeTrap}, {"brx", &DecodeBrx},
      {"call", &DecodeCall},       {"exit", &DecodeExit},  {"nanosleep", &DecodeNanosleep},
      {"pmevent", &DecodePmevent}, {"ret", &DecodeRet},    {"trap", &DecodeTrap},
  };
  return kDecoders;
}

}  // namespace attnjit::emulator
