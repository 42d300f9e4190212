#include "runtime/emulator/ops/arithmetic.h"

#include <algorithm>

#include "runtime/emulator/ops/carry.h"
#include "runtime/emulator/ops/float.h"
#include "runtime/emulator/ops/form_table.h"
#include "runtime/emulator/ops/integer.h"
#include "runtime/emulator/ops/logic.h"
#include "runtime/emulator/ops/predicate.h"
#include "runtime/emulator/ops/special_function.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {
namespace {

FormTable MakeTable() {
  FormTable table;
  AddIntegerForms(table);
  AddFloatForms(table);
  AddHalfForms(table);
  AddLogicForms(table);
  AddSpecialFunctionForms(table);
  AddPropertyForms(table);
  return table;
}

/// Made once, then read by any thread.
const FormTable& Table() {
  static const FormTable table = MakeTable();
  return table;
}

llvm::Error Decode(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  return Table().Decode(instruction, context, inst);
}

bool Has(const ptx::Instruction& instruction, llvm::StringRef modifier) {
  const auto& all = instruction.modifiers;
  return std::find(all.begin(), all.end(), modifier) != all.end();
}

/// add, sub and mad: with .cc they write the carry flag.
llvm::Error DecodeSum(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (Has(instruction, "cc")) return DecodeCarry(instruction, context, inst);
  return Decode(instruction, context, inst);
}

llvm::Error DecodeLop3(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (Has(instruction, "and") || Has(instruction, "or")) {
    return DecodeLop3Predicate(instruction, context, inst);
  }
  return Decode(instruction, context, inst);
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> ArithmeticDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {
      {"abs", &Decode},   {"add", &DecodeSum}, {"and", &Decode},      {"bfe", &Decode},
      {"bfi", &Decode},   {"bfind", &Decode},  {"bmsk", &Decode},     {"brev", &Decode},
      {"clz", &Decode},   {"cnot", &Decode},   {"copysign", &Decode}, {"cos", &Decode},
      {"div", &Decode},   {"dp2a", &Decode},   {"dp4a", &Decode},     {"ex2", &Decode},
      {"fma", &Decode},   {"lg2", &Decode},    {"lop3", &DecodeLop3}, {"mad", &DecodeSum},
      {"mad24", &Decode}, {"max", &Decode},    {"min", &Decode},      {"mul", &Decode},
      {"mul24", &Decode}, {"neg", &Decode},    {"not", &Decode},      {"or", &Decode},
      {"popc", &Decode},  {"prmt", &Decode},   {"rcp", &Decode},      {"rem", &Decode},
      {"rsqrt", &Decode}, {"sad", &Decode},    {"shf", &Decode},      {"shl", &Decode},
      {"shr", &Decode},   {"sin", &Decode},    {"sqrt", &Decode},     {"sub", &DecodeSum},
      {"szext", &Decode}, {"tanh", &Decode},   {"testp", &Decode},    {"xor", &Decode},
  };
  return kDecoders;
}

std::vector<std::string> ArithmeticSpellings() { return Table().Spellings(); }

}  // namespace attnjit::emulator
