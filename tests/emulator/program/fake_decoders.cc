#include "tests/emulator/program/fake_decoders.h"

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator {
namespace {

llvm::Error Assign(llvm::Expected<Value> value, Value& place) {
  if (!value) return value.takeError();
  place = *value;
  return llvm::Error::success();
}

int BytesOf(const ptx::Instruction& instruction) {
  return instruction.Has("b64") ? 8 : instruction.Has("b16") ? 2 : 4;
}

llvm::Error DecodeMov(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  const int bytes = BytesOf(instruction);
  if (llvm::Error error = Assign(context.Destination(instruction.operands[0], bytes), inst.dst)) {
    return error;
  }
  return Assign(context.Source(instruction.operands[1], bytes), inst.a);
}

llvm::Error DecodeAdd(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (llvm::Error error = DecodeMov(instruction, context, inst)) return error;
  return Assign(context.Source(instruction.operands[2], 4), inst.b);
}

llvm::Error DecodeMemory(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  const bool load = instruction.opcode == "ld";
  llvm::Expected<Address> address = context.AddressOf(instruction.operands[load ? 1 : 0]);
  if (!address) return address.takeError();
  inst.address = *address;
  const ptx::Operand& data = instruction.operands[load ? 0 : 1];
  return load ? Assign(context.Destination(data, BytesOf(instruction), true), inst.dst)
              : Assign(context.Source(data, BytesOf(instruction), true), inst.a);
}

llvm::Error DecodeJump(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  llvm::Expected<int32_t> target =
      context.Label(instruction.operands[instruction.opcode == "call" ? 1 : 0]);
  if (!target) return target.takeError();
  inst.target = *target;
  return llvm::Error::success();
}

llvm::Error DecodeBrx(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  auto* targets = context.New<std::vector<int32_t>>();
  llvm::Expected<std::vector<int32_t>> found = context.BranchTargets(instruction.operands[1]);
  if (!found) return found.takeError();
  *targets = *found;
  inst.detail = targets;
  return llvm::Error::success();
}

llvm::Error DecodeNot(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (llvm::Error error = Assign(context.Predicate(instruction.operands[0], true), inst.dst)) {
    return error;
  }
  return Assign(context.Predicate(instruction.operands[1], false), inst.a);
}

llvm::Error DecodeNothing(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return llvm::Error::success();
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> FakeDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"mov", &DecodeMov},       {"add", &DecodeAdd},  {"ld", &DecodeMemory},
      {"st", &DecodeMemory},     {"bra", &DecodeJump}, {"call", &DecodeJump},
      {"brx", &DecodeBrx},       {"not", &DecodeNot},  {"ret", &DecodeNothing},
      {"wgmma", &DecodeNothing},
  };
  return kDecoders;
}

llvm::Expected<std::shared_ptr<const Program>> DecodeText(const std::string& rest) {
  auto module = std::make_shared<const ptx::Module>(ptx::ParseOrFail(ptx::ModuleText(rest)));
  return DecodeEntryWith(module, "k", FakeDecoders());
}

std::shared_ptr<const Program> DecodeOrFail(const std::string& rest) {
  llvm::Expected<std::shared_ptr<const Program>> program = DecodeText(rest);
  if (program) return *program;
  ADD_FAILURE() << llvm::toString(program.takeError());
  return std::make_shared<Program>();
}

}  // namespace attnjit::emulator
