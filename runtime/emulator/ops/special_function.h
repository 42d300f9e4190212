// Exponential, logarithm, reciprocals, roots and trigonometry.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_SPECIAL_FUNCTION_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_SPECIAL_FUNCTION_H_

#include "runtime/emulator/ops/form_table.h"

namespace attnjit::emulator {

void AddSpecialFunctionForms(FormTable& table);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_SPECIAL_FUNCTION_H_
