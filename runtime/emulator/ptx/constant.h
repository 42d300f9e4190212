// Constant expressions (PTX ISA 4.5).
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_CONSTANT_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_CONSTANT_H_

#include <cstdint>

#include "runtime/emulator/ptx/cursor.h"

namespace attnjit::emulator::ptx {

/// A value: integers are 64 bits; kF32 is a lone 0f literal, its bits as they stand.
struct Constant {
  enum class Kind : uint8_t { kS64, kU64, kF32, kF64 };
  Kind kind = Kind::kS64;
  uint64_t bits = 0;

  bool IsInteger() const { return kind == Kind::kS64 || kind == Kind::kU64; }
  double AsDouble() const;  ///< Of a kF32 or kF64.
};

/// Parses and evaluates the longest expression at the cursor. Integers wrap; dividing by zero and
/// mixing integers with floats are errors. `depth` is the nesting around it.
bool ParseConstant(Cursor& cursor, uint32_t& depth, Constant& result);
/// The same, where only an integer will do; `what` names it in the error.
bool ParseIntegerConstant(Cursor& cursor, uint32_t& depth, const char* what, uint64_t& result);

/// Whether a constant can start with this token.
bool StartsConstant(const Token& token);

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_CONSTANT_H_
