// Special registers of PTX as the machine has them.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_SPECIAL_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_SPECIAL_H_

#include <optional>

#include "runtime/emulator/program/program.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// Of a kSpecial operand. nullopt: the machine does not have it.
std::optional<Special> ToSpecial(const ptx::Operand& operand);
std::string SpecialName(Special special);  ///< "%tid.x".
/// Whether it changes while a warp runs (ValueKind::kSpecial).
inline bool Changes(Special special) { return special >= Special::kClock; }

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_SPECIAL_H_
