// Parses the statements of a function's body.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_BODY_PARSER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_BODY_PARSER_H_

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "runtime/emulator/ptx/operand_parser.h"
#include "runtime/emulator/ptx/parse_state.h"

namespace attnjit::emulator::ptx {

class BodyParser {
 public:
  /// `function` has its header; `scopes` has one scope, with its parameters.
  BodyParser(ParseState& state, ScopeStack& scopes, Function& function)
      : state_(state),
        cursor_(state.cursor),
        scopes_(scopes),
        function_(function),
        operands_(state, scopes) {}

  /// From the opening brace to its closing one, and resolves labels.
  bool Parse();

 private:
  bool Statement();
  bool OpenScope();
  bool CloseScope();
  bool BindLabels(const std::vector<ScopeStack::ResolvedUse>& uses);
  bool ReportUnresolved(const std::vector<LabelUse>& uses);
  bool LabelStatement();
  bool Targets(const Token& name);
  bool InstructionStatement();
  bool Guard(Instruction& instruction);
  bool Directive();
  bool VariableStatement(Space space);
  bool AddVariable(Variable variable, const Token& name);
  bool Location();
  bool InlinedAt(SourceLocation& location);

  using Position = std::array<int32_t, 3>;

  ParseState& state_;
  Cursor& cursor_;
  ScopeStack& scopes_;
  Function& function_;
  OperandParser operands_;
  SourceLocation location_;
  /// The outermost file and line of positions that were given as inlined.
  std::map<Position, std::pair<int32_t, int32_t>> outer_;
};

/// Declares registers of one declaration, "%r<10>, a", in the innermost scope; after ".reg .b32".
/// `type` has their type and vector width.
bool ParseRegisters(ParseState& state, ScopeStack& scopes, const Variable& type,
                    Function& function);
/// Adds `count` names' registers to the function, named `name`.
bool AddRegisters(ParseState& state, ScopeStack& scopes, const Variable& type, const Token& name,
                  uint32_t count, bool numbered, Function& function);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_BODY_PARSER_H_
