#include "runtime/emulator/ptx/operand_parser.h"

#include "runtime/emulator/ptx/constant.h"

namespace attnjit::emulator::ptx {
namespace {

bool IsBranch(llvm::StringRef opcode) { return opcode == "bra" || opcode == "brx"; }

// .x to .w or .r to .a: 0 to 3, or -1.
int ComponentIndex(llvm::StringRef name) {
  if (name.size() != 1) return -1;
  const size_t xyzw = llvm::StringRef("xyzw").find(name[0]);
  const size_t rgba = llvm::StringRef("rgba").find(name[0]);
  const size_t found = std::min(xyzw, rgba);
  return found == llvm::StringRef::npos ? -1 : static_cast<int>(found);
}

}  // namespace

bool OperandParser::Count() {
  if (++state_.operands <= ParseLimits::kOperands) return true;
  return state_.cursor.Fail("too many operands");
}

bool OperandParser::ParseGuardRegister(const Function& function, int32_t& index) {
  Token name;
  Operand guard;
  labels_ = false;
  if (!state_.cursor.ExpectIdentifier(name, "a predicate register")) return false;
  if (!ResolveName(name, guard)) return false;
  if (!guard.IsRegister() || function.registers[guard.index] != RegisterClass::kPred) {
    return state_.cursor.FailAt(name, "a guard is a predicate register");
  }
  index = guard.index;
  return true;
}

bool OperandParser::ParseOperands(uint32_t number, Instruction& instruction) {
  Cursor& cursor = state_.cursor;
  if (instruction.opcode == "call") return ParseCall(number, instruction);
  if (cursor.Peek().Is(";")) return true;
  do {
    labels_ = IsBranch(instruction.opcode);
    found_label_ = false;
    instruction.operands.emplace_back();
    if (!ParseOne(instruction.operands.back())) return false;
    if (found_label_) {
      const auto entry = static_cast<uint32_t>(instruction.operands.size() - 1);
      scopes_.UseLabel({label_, false, number, entry});
    }
  } while (cursor.TakeIf(","));
  return cursor.Peek().Is(";") || cursor.Fail("expected ',' or ';'");
}

bool OperandParser::ParseCall(uint32_t number, Instruction& instruction) {
  Cursor& cursor = state_.cursor;
  labels_ = found_label_ = false;
  std::vector<Operand>& operands = instruction.operands;
  operands.resize(3);
  operands[0].kind = operands[2].kind = OperandKind::kArguments;
  if (cursor.TakeIf("(")) {
    if (!ParseList(OperandKind::kArguments, ")", operands[0]) || !cursor.Expect(",")) return false;
  }
  if (!ParseOne(operands[1])) return false;
  if (cursor.TakeIf(",") && cursor.TakeIf("(")) {
    if (!ParseList(OperandKind::kArguments, ")", operands[2])) return false;
    cursor.TakeIf(",");
  }
  if (cursor.Peek().Is(";")) return true;
  return cursor.Fail("unsupported: a call through a prototype or a list of targets");
}

bool OperandParser::ParseOne(Operand& operand) {
  NestingGuard nesting(state_.depth);
  Cursor& cursor = state_.cursor;
  if (state_.depth > ParseLimits::kNesting) return cursor.Fail("operand nested too deeply");
  if (!Count()) return false;
  const Token& token = cursor.Peek();
  if (cursor.TakeIf("[")) return ParseAddress(operand);
  if (cursor.TakeIf("{")) return ParseList(OperandKind::kVector, "}", operand);
  if (token.Is("!") && cursor.PeekSecond().kind == TokenKind::kIdentifier) {
    return ParseNegated(operand);
  }
  if (StartsConstant(token)) return ParseConstantOperand(operand);
  if (token.kind == TokenKind::kIdentifier) return ParseName(operand);
  return cursor.Fail("expected an operand");
}

bool OperandParser::ParseList(OperandKind kind, const char* close, Operand& operand) {
  Cursor& cursor = state_.cursor;
  labels_ = false;
  operand.kind = kind;
  if (cursor.TakeIf(close)) return true;
  do {
    operand.list.emplace_back();
    if (!ParseOne(operand.list.back())) return false;
  } while (cursor.TakeIf(","));
  return cursor.Expect(close);
}

bool OperandParser::ParseAddress(Operand& operand) {
  Cursor& cursor = state_.cursor;
  labels_ = false;
  operand.kind = OperandKind::kAddress;
  operand.list.emplace_back();
  if (!ParseAddressBase(operand)) return false;
  while (cursor.TakeIf(",")) {
    operand.list.emplace_back();
    if (!ParseOne(operand.list.back())) return false;
  }
  return cursor.Expect("]");
}

bool OperandParser::ParseAddressBase(Operand& operand) {
  Operand base;
  if (!ParseOne(base)) return false;
  const bool fits = base.kind == OperandKind::kRegister || base.kind == OperandKind::kSymbol ||
                    base.kind == OperandKind::kInteger;
  if (!fits || base.negated) return state_.cursor.Fail("not the base of an address");
  operand.offset = base.offset;
  base.offset = 0;
  operand.name = base.name;
  operand.list[0] = std::move(base);
  return ParseOffset(operand);
}

bool OperandParser::ParseOffset(Operand& operand) {
  Cursor& cursor = state_.cursor;
  if (!cursor.Peek().Is("+") && !cursor.Peek().Is("-")) return true;
  uint64_t offset = 0;
  if (!ParseIntegerConstant(cursor, state_.depth, "an offset", offset)) return false;
  operand.offset = static_cast<int64_t>(static_cast<uint64_t>(operand.offset) + offset);
  return true;
}

bool OperandParser::ParseNegated(Operand& operand) {
  Cursor& cursor = state_.cursor;
  if (cursor.PeekSecond().text == "WARP_SZ") return ParseConstantOperand(operand);
  cursor.Take();
  const Token name = cursor.Take();
  if (!ResolveName(name, operand)) return false;
  if (!operand.IsRegister()) return cursor.FailAt(name, "'!' takes a predicate register");
  operand.negated = true;
  return true;
}

bool OperandParser::ParseConstantOperand(Operand& operand) {
  Constant value;
  if (!ParseConstant(state_.cursor, state_.depth, value)) return false;
  operand.kind = value.IsInteger()                    ? OperandKind::kInteger
                 : value.kind == Constant::Kind::kF32 ? OperandKind::kFloat32
                                                      : OperandKind::kFloat64;
  operand.value = value.bits;
  return true;
}

bool OperandParser::ParseName(Operand& operand) {
  const Token name = state_.cursor.Take();
  if (!ResolveName(name, operand)) return false;
  if (state_.cursor.Peek().Is("|")) return ParsePair(operand);
  if (operand.kind == OperandKind::kSymbol && !found_label_) return ParseOffset(operand);
  return true;
}

bool OperandParser::ParsePair(Operand& operand) {
  Cursor& cursor = state_.cursor;
  const Token bar = cursor.Take();
  Operand pair;
  pair.kind = OperandKind::kPair;
  pair.list.resize(2);
  pair.list[0] = std::move(operand);
  Token name;
  if (!Count() || !cursor.ExpectIdentifier(name, "a register")) return false;
  labels_ = false;
  if (!ResolveName(name, pair.list[1])) return false;
  for (const Operand& half : pair.list) {
    if (half.kind != OperandKind::kRegister && half.kind != OperandKind::kSink) {
      return cursor.FailAt(bar, "'|' stands between two registers");
    }
  }
  operand = std::move(pair);
  return true;
}

bool OperandParser::ResolveName(const Token& name, Operand& operand) {
  operand.name = name.text;
  if (name.text == "_") {
    operand.kind = OperandKind::kSink;
    return true;
  }
  Meaning meaning;
  const bool local = scopes_.Find(name.text, meaning);
  if (local && meaning.symbol == SymbolKind::kNone) return ResolveRegister(name, meaning, operand);
  if (!local) {
    if (const std::optional<Special> special = ParseSpecial(name.text)) {
      return ResolveSpecial(name, *special, operand);
    }
  }
  operand.kind = OperandKind::kSymbol;
  if (labels_) {
    found_label_ = true;
    label_ = name;
    return true;
  }
  if (!local) {
    const auto global = state_.symbols.find(name.text);
    if (global == state_.symbols.end()) {
      return state_.cursor.FailAt(name, "unknown name " + name.text);
    }
    meaning = global->second;
  }
  operand.symbol = meaning.symbol;
  operand.index = meaning.index;
  return true;
}

bool OperandParser::TakeComponent(uint32_t width, uint32_t& component) {
  Cursor& cursor = state_.cursor;
  const int index = ComponentIndex(cursor.Peek().text);
  if (index < 0 || index >= static_cast<int>(width)) return cursor.Fail("unknown component");
  component = static_cast<uint32_t>(index);
  cursor.Take();
  return true;
}

bool OperandParser::ResolveRegister(const Token& name, const Meaning& meaning, Operand& operand) {
  operand.kind = OperandKind::kRegister;
  operand.index = meaning.index;
  uint32_t component = 0;
  if (state_.cursor.Peek().kind == TokenKind::kDotted) {
    if (!TakeComponent(meaning.width > 1 ? meaning.width : 0, component)) return false;
    operand.index += static_cast<int32_t>(component);
    return true;
  }
  if (meaning.width == 1) return true;
  Operand element = operand;
  operand.kind = OperandKind::kVector;
  for (uint32_t i = 0; i < meaning.width; ++i) {
    if (!Count()) return false;
    element.index = meaning.index + static_cast<int32_t>(i);
    operand.list.push_back(element);
  }
  return true;
}

bool OperandParser::ResolveSpecial(const Token& name, Special special, Operand& operand) {
  operand.kind = OperandKind::kSpecial;
  operand.special = special;
  uint32_t component = 0;
  if (state_.cursor.Peek().kind != TokenKind::kDotted) return true;
  if (!TakeComponent(HasComponents(special) ? 4 : 0, component)) return false;
  operand.component = static_cast<int8_t>(component);
  return true;
}

}  // namespace attnjit::emulator::ptx
