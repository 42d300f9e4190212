// Decoding that the matrix families share: vectors of registers, element types.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_OPERANDS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_OPERANDS_H_

#include <optional>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/matrix/warp_product.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/ast.h"
#include "runtime/emulator/sanitizer/counters.h"

namespace attnjit::emulator {

/// {a, b, ..} of exactly `count` 32-bit registers; one register may stand without braces.
llvm::Error BindRegisters(const ptx::Instruction& instruction, DecodeContext& context,
                          const ptx::Operand& operand, int count, bool destination,
                          std::vector<Value>& values);

/// "bf16" and its like; nullopt for others.
std::optional<ElementType> ParseElementType(llvm::StringRef name);
/// "f32", "f16", "s32".
std::optional<AccumulatorType> ParseAccumulatorType(llvm::StringRef name);

/// "m64n128k16": false where the text is not of this form.
struct MatrixShape {
  int m = 0;
  int n = 0;
  int k = 0;
};
bool ParseMatrixShape(llvm::StringRef text, MatrixShape& shape);

/// The counter that products of this type go to.
MatrixKind CounterKind(ElementType type);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_OPERANDS_H_
