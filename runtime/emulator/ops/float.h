// fp32, fp64 and 16-bit floating-point arithmetic.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_H_

#include "runtime/emulator/ops/form_table.h"

namespace attnjit::emulator {

/// Adds the forms of add, sub, mul, fma, mad, div, abs, neg, min, max, copysign for f32, f32x2 and
/// f64.
void AddFloatForms(FormTable& table);
/// The same for f16, f16x2, bf16 and bf16x2.
void AddHalfForms(FormTable& table);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_H_
