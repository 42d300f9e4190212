#include "runtime/emulator/ptx/body_parser.h"

#include <limits>

#include "runtime/emulator/ptx/declaration.h"

namespace attnjit::emulator::ptx {
namespace {

constexpr uint64_t kMaxPosition = std::numeric_limits<int32_t>::max();

// Three numbers: file, line, column.
bool ParsePosition(Cursor& cursor, std::array<int32_t, 3>& position) {
  for (int32_t& part : position) {
    uint64_t value = 0;
    if (!cursor.ExpectInteger(kMaxPosition, "a source position", value)) return false;
    part = static_cast<int32_t>(value);
  }
  return true;
}

}  // namespace

bool BodyParser::Parse() {
  const size_t outside = scopes_.depth();
  if (!cursor_.Peek().Is("{")) return cursor_.Fail("expected '{' or ';'");
  do {
    if (cursor_.AtEnd()) return cursor_.Fail("the function has no closing '}'");
    if (!Statement()) return false;
  } while (scopes_.depth() > outside);
  // The parameters' scope: what is unresolved there is unknown.
  return CloseScope();
}

bool BodyParser::Statement() {
  const Token& token = cursor_.Peek();
  if (token.Is("{")) return OpenScope();
  if (token.Is("}")) {
    cursor_.Take();
    return CloseScope();
  }
  if (cursor_.TakeIf(";")) return true;
  if (token.kind == TokenKind::kDotted) return Directive();
  if (token.kind == TokenKind::kIdentifier && cursor_.PeekSecond().Is(":")) {
    return LabelStatement();
  }
  if (token.kind == TokenKind::kIdentifier || token.Is("@")) return InstructionStatement();
  return cursor_.Fail("expected a statement");
}

bool BodyParser::OpenScope() {
  if (scopes_.depth() > ParseLimits::kNesting) return cursor_.Fail("scopes nested too deeply");
  cursor_.Take();
  scopes_.Open();
  return true;
}

bool BodyParser::CloseScope() {
  std::vector<ScopeStack::ResolvedUse> resolved;
  std::vector<LabelUse> unresolved;
  scopes_.Close(resolved, unresolved);
  return BindLabels(resolved) && ReportUnresolved(unresolved);
}

bool BodyParser::BindLabels(const std::vector<ScopeStack::ResolvedUse>& uses) {
  for (const auto& [use, meaning] : uses) {
    if (!use.in_table) {
      Operand& operand = function_.instructions[use.owner].operands[use.entry];
      operand.symbol = meaning.symbol;
      operand.index = meaning.index;
      continue;
    }
    if (meaning.symbol != SymbolKind::kLabel) {
      return cursor_.FailAt(use.token, "not a label: " + use.token.text);
    }
    function_.branch_tables[use.owner].labels[use.entry] = static_cast<uint32_t>(meaning.index);
  }
  return true;
}

bool BodyParser::ReportUnresolved(const std::vector<LabelUse>& uses) {
  if (uses.empty()) return true;
  return cursor_.FailAt(uses.front().token, "unknown name " + uses.front().token.text);
}

bool BodyParser::LabelStatement() {
  const Token name = cursor_.Take();
  cursor_.Take();
  if (cursor_.Peek().IsDotted("branchtargets")) return Targets(name);
  if (cursor_.Peek().IsDotted("callprototype") || cursor_.Peek().IsDotted("calltargets")) {
    return cursor_.Fail("unsupported: calls through a function's address");
  }
  const auto index = static_cast<int32_t>(function_.labels.size());
  if (!scopes_.DeclareLabel(name.text, {SymbolKind::kLabel, index})) {
    return cursor_.FailAt(name, "label declared twice: " + name.text);
  }
  function_.labels.push_back(
      {name.text, static_cast<uint32_t>(function_.instructions.size()), name.line});
  return true;
}

bool BodyParser::Targets(const Token& name) {
  cursor_.Take();
  const auto index = static_cast<uint32_t>(function_.branch_tables.size());
  if (!scopes_.DeclareLabel(name.text, {SymbolKind::kBranchTable, static_cast<int32_t>(index)})) {
    return cursor_.FailAt(name, "label declared twice: " + name.text);
  }
  BranchTable table{name.text, {}, name.line};
  do {
    Token target;
    if (!cursor_.ExpectIdentifier(target, "a label")) return false;
    if (cursor_.Peek().Is("<")) return cursor_.Fail("unsupported: numbered branch targets");
    scopes_.UseLabel({target, true, index, static_cast<uint32_t>(table.labels.size())});
    table.labels.push_back(0);
  } while (cursor_.TakeIf(","));
  function_.branch_tables.push_back(std::move(table));
  return cursor_.Expect(";");
}

bool BodyParser::Guard(Instruction& instruction) {
  if (!cursor_.TakeIf("@")) return true;
  instruction.guard_negated = cursor_.TakeIf("!");
  return operands_.ParseGuardRegister(function_, instruction.guard);
}

bool BodyParser::InstructionStatement() {
  if (++state_.instructions > ParseLimits::kInstructions)
    return cursor_.Fail("too many instructions");
  const char* begin = cursor_.Peek().begin;
  const auto number = static_cast<uint32_t>(function_.instructions.size());
  Instruction instruction;
  Token opcode;
  if (!Guard(instruction) || !cursor_.ExpectIdentifier(opcode, "an instruction")) return false;
  instruction.opcode = opcode.text;
  instruction.line = opcode.line;
  instruction.column = opcode.column;
  instruction.source = location_;
  while (cursor_.Peek().kind == TokenKind::kDotted) {
    if (instruction.modifiers.size() == ParseLimits::kModifiers) {
      return cursor_.Fail("too many modifiers");
    }
    instruction.modifiers.push_back(cursor_.Take().text);
  }
  if (!operands_.ParseOperands(number, instruction)) return false;
  instruction.text = llvm::StringRef(begin, cursor_.Peek().begin - begin);
  function_.instructions.push_back(std::move(instruction));
  return cursor_.Expect(";");
}

bool BodyParser::Directive() {
  const Token token = cursor_.Take();
  if (token.text == "loc") return Location();
  if (token.text == "pragma") return ParsePragma(cursor_);
  if (token.text == "file") return ParseFile(state_);
  if (token.text == "section") return ParseSection(cursor_);
  const std::optional<Space> space = ParseSpace(token.text);
  if (!space) return cursor_.FailAt(token, "unknown directive ." + token.text);
  return VariableStatement(*space);
}

bool BodyParser::VariableStatement(Space space) {
  Variable type;
  type.space = space;
  if (!ParseTypeOf(state_, type)) return false;
  if (space == Space::kReg) {
    return ParseRegisters(state_, scopes_, type, function_) && cursor_.Expect(";");
  }
  do {
    const Token name = cursor_.Peek();
    Variable variable = type;
    if (!ParseDeclarator(state_, true, variable) || !AddVariable(std::move(variable), name)) {
      return false;
    }
  } while (cursor_.TakeIf(","));
  return cursor_.Expect(";");
}

bool BodyParser::AddVariable(Variable variable, const Token& name) {
  if (variable.unsized) return cursor_.FailAt(name, "the array has no size");
  const bool of_module = variable.space == Space::kGlobal || variable.space == Space::kConst;
  std::vector<Variable>& list = of_module ? state_.module.variables : function_.variables;
  const SymbolKind kind = of_module ? SymbolKind::kModuleVariable : SymbolKind::kFunctionVariable;
  if (!scopes_.Declare(name.text, {kind, static_cast<int32_t>(list.size())})) {
    return cursor_.FailAt(name, "declared twice: " + name.text);
  }
  list.push_back(std::move(variable));
  return true;
}

bool BodyParser::Location() {
  Position position;
  if (!ParsePosition(cursor_, position)) return false;
  location_ = {position[0], position[1], position[2], position[0], position[1]};
  if (!cursor_.TakeIf(",")) return true;
  if (!InlinedAt(location_)) return false;
  outer_[position] = {location_.outer_file, location_.outer_line};
  return true;
}

// `function_name label [+ n], inlined_at file line column`. The caller's own position, if it was
// inlined itself, has been given by a .loc before (PTX ISA 11.5.4).
bool BodyParser::InlinedAt(SourceLocation& location) {
  Token word;
  if (!cursor_.ExpectIdentifier(word, "function_name")) return false;
  if (word.text != "function_name") return cursor_.FailAt(word, "expected function_name");
  if (cursor_.Peek().kind != TokenKind::kIdentifier && cursor_.Peek().kind != TokenKind::kDotted) {
    return cursor_.Fail("expected a label of .debug_str");
  }
  cursor_.Take();
  uint64_t offset = 0;
  if (cursor_.TakeIf("+") && !cursor_.ExpectInteger(kMaxPosition, "an offset", offset))
    return false;
  if (!cursor_.Expect(",") || !cursor_.ExpectIdentifier(word, "inlined_at")) return false;
  if (word.text != "inlined_at") return cursor_.FailAt(word, "expected inlined_at");
  Position caller;
  if (!ParsePosition(cursor_, caller)) return false;
  const auto known = outer_.find(caller);
  location.outer_file = known != outer_.end() ? known->second.first : caller[0];
  location.outer_line = known != outer_.end() ? known->second.second : caller[1];
  return true;
}

bool AddRegisters(ParseState& state, ScopeStack& scopes, const Variable& type, const Token& name,
                  uint32_t count, bool numbered, Function& function) {
  const auto first = static_cast<uint32_t>(function.registers.size());
  const uint64_t registers = uint64_t{count} * type.vector_width;
  if (registers > ParseLimits::kRegisters - first) {
    return state.cursor.FailAt(name, "too many registers");
  }
  const Meaning meaning{SymbolKind::kNone, static_cast<int32_t>(first), type.vector_width};
  const bool fresh = numbered ? scopes.DeclareNumbered(name.text, count, meaning)
                              : scopes.Declare(name.text, meaning);
  if (!fresh) return state.cursor.FailAt(name, "declared twice: " + name.text);
  function.register_groups.push_back(
      {name.text, first, count, type.vector_width, numbered, ClassOf(type.type)});
  function.registers.insert(function.registers.end(), registers, ClassOf(type.type));
  return true;
}

bool ParseRegisters(ParseState& state, ScopeStack& scopes, const Variable& type,
                    Function& function) {
  Cursor& cursor = state.cursor;
  do {
    Token name;
    uint64_t count = 1;
    if (!cursor.ExpectIdentifier(name, "a register's name")) return false;
    const bool numbered = cursor.TakeIf("<");
    if (numbered) {
      if (!cursor.ExpectInteger(ParseLimits::kRegisters, "a number of registers", count) ||
          !cursor.Expect(">")) {
        return false;
      }
    }
    if (name.text == "_") return cursor.FailAt(name, "'_' is no name");
    if (!AddRegisters(state, scopes, type, name, static_cast<uint32_t>(count), numbered,
                      function)) {
      return false;
    }
  } while (cursor.TakeIf(","));
  return true;
}

}  // namespace attnjit::emulator::ptx
