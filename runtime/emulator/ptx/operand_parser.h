// Parses operands (PTX ISA 6) and resolves their names.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_OPERAND_PARSER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_OPERAND_PARSER_H_

#include "runtime/emulator/ptx/parse_state.h"

namespace attnjit::emulator::ptx {

class OperandParser {
 public:
  OperandParser(ParseState& state, ScopeStack& scopes) : state_(state), scopes_(scopes) {}

  /// A register that can be a guard: its index.
  bool ParseGuardRegister(const Function& function, int32_t& index);
  /// Operands up to the semicolon, which it leaves. `number` is the instruction's index.
  bool ParseOperands(uint32_t number, Instruction& instruction);

 private:
  bool ParseCall(uint32_t number, Instruction& instruction);
  bool ParseOne(Operand& operand);
  bool ParseList(OperandKind kind, const char* close, Operand& operand);
  bool ParseAddress(Operand& operand);
  bool ParseAddressBase(Operand& operand);
  bool ParseNegated(Operand& operand);
  bool ParseConstantOperand(Operand& operand);
  bool ParseName(Operand& operand);
  bool ParsePair(Operand& operand);
  bool ParseOffset(Operand& operand);
  bool ResolveName(const Token& name, Operand& operand);
  bool ResolveRegister(const Token& name, const Meaning& meaning, Operand& operand);
  bool ResolveSpecial(const Token& name, Special special, Operand& operand);
  bool TakeComponent(uint32_t width, uint32_t& component);
  bool Count();

  ParseState& state_;
  ScopeStack& scopes_;
  bool labels_ = false;       ///< Whether a name other than a register is a label,
  bool found_label_ = false;  ///< and whether there was one:
  Token label_;
};

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_OPERAND_PARSER_H_
