// Integer arithmetic.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_INTEGER_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_INTEGER_H_

#include "runtime/emulator/ops/form_table.h"

namespace attnjit::emulator {

/// Adds the integer forms of the arithmetic opcodes.
void AddIntegerForms(FormTable& table);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_INTEGER_H_
