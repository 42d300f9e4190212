// Parses functions: header, directives, body (PTX ISA 11.2 to 11.4, 11.7).
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_FUNCTION_PARSER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_FUNCTION_PARSER_H_

#include "runtime/emulator/ptx/parse_state.h"

namespace attnjit::emulator::ptx {

/// Parses what follows ".entry" or ".func" into the module: a prototype or a definition. A function
/// has one place in Module::functions, prototypes included.
bool ParseFunction(ParseState& state, bool entry, Linkage linkage);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_FUNCTION_PARSER_H_
