// Declarations of variables, parameters and registers (PTX ISA 5.4).
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_DECLARATION_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_DECLARATION_H_

#include <optional>

#include "runtime/emulator/ptx/parse_state.h"

namespace attnjit::emulator::ptx {

/// The space that a declaration starts with: ".shared".
std::optional<Space> ParseSpace(llvm::StringRef dotted);

/// What stands between the space and the name: alignment, vector width, type, attributes, .ptr.
/// Fills `variable` but for its name, sizes and value; its `space` is given.
bool ParseTypeOf(ParseState& state, Variable& variable);

/// The name, the array's dimensions, and the initial value if `may_initialise`.
bool ParseDeclarator(ParseState& state, bool may_initialise, Variable& variable);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_DECLARATION_H_
