// Every opcode whose operands are lane-wise values, apart from conversions and comparisons.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_ARITHMETIC_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_ARITHMETIC_H_

#include <string>
#include <vector>

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// Integer, floating-point, logic and special-function opcodes.
llvm::ArrayRef<OpcodeDecoder> ArithmeticDecoders();
/// Every form they take, sorted: "add ftz f32 2", modifiers and number of sources.
std::vector<std::string> ArithmeticSpellings();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_ARITHMETIC_H_
