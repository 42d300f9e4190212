// One value's conversion between PTX's scalar types: the whole of cvt's arithmetic, lane by lane.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_CONVERT_VALUE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_CONVERT_VALUE_H_

#include <cstdint>
#include <optional>

#include "llvm/ADT/StringRef.h"
#include "runtime/emulator/ops/float_format.h"

namespace attnjit::emulator {

/// A type of cvt. Pairs such as bf16x2 are two conversions of their element.
struct ScalarType {
  enum class Kind : uint8_t { kUnsigned, kSigned, kNarrowFloat, kF64 };
  Kind kind = Kind::kUnsigned;
  int bits = 32;
  const FloatFormat* format = nullptr;  ///< kNarrowFloat.

  bool is_float() const { return kind == Kind::kNarrowFloat || kind == Kind::kF64; }
  bool operator==(const ScalarType&) const = default;
};

/// "u8" .. "s64", "f16", "bf16", "tf32", "f32", "f64", "e4m3", "e5m2", "e2m3", "e3m2", "e2m1".
std::optional<ScalarType> ParseScalarType(llvm::StringRef name);

struct ConvertFlags {
  Rounding rounding = Rounding::kNearest;
  bool to_integral = false;  ///< An integer rounding (.rni, .rzi, ..): `rounding` says how.
  bool ftz = false;          ///< Subnormal fp32 inputs and results become zero.
  bool sat = false;          ///< Integers: clamp. Floats: into [0, 1], NaN to +0.
  bool satfinite = false;    ///< Overflow gives the largest finite value.
  bool relu = false;         ///< Negative results become +0.
};

/// `bits` of type `from` as the bits of type `to`. tf32 results are in the upper 19 bits of an f32.
uint64_t ConvertValue(const ScalarType& from, const ScalarType& to, const ConvertFlags& flags,
                      uint64_t bits);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_CONVERT_VALUE_H_
