// Initial values of variables (PTX ISA 5.4.4).
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_INITIALISER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_INITIALISER_H_

#include <vector>

#include "runtime/emulator/ptx/parse_state.h"

namespace attnjit::emulator::ptx {

/// Parses what follows '='. `dimensions` are in elements, a vector type's width the last of them; a
/// first one of 0 is set to what the text gives. Fills `initial` and `relocations`.
bool ParseInitialiser(ParseState& state, std::vector<uint64_t>& dimensions, Variable& variable);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_INITIALISER_H_
