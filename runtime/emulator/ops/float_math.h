// What PTX says of floating-point results beyond IEEE 754 (PTX ISA 9.7.3): flushing, saturation,
// canonical NaNs, minimum and maximum, and the narrow formats' single rounding.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_MATH_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_MATH_H_

#include <bit>
#include <cmath>
#include <cstdint>

#include "runtime/emulator/ops/float_format.h"

namespace attnjit::emulator {

inline constexpr uint32_t kCanonicalNan32 = 0x7fffffff;

/// .ftz: a subnormal becomes zero of its sign.
inline float Flush(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits & 0x7f800000) == 0 ? bits & 0x80000000 : bits);
}
template <bool kFtz>
inline float FlushIf(float x) {
  return kFtz ? Flush(x) : x;
}

/// Every NaN result of an fp32 operation is 0x7fffffff.
inline float Canonical(float x) {
  return std::bit_cast<float>(x != x ? kCanonicalNan32 : std::bit_cast<uint32_t>(x));
}

/// .sat: into [0, 1]; NaN gives +0.
inline float SaturateUnit(float x) {
  const float low = x > 0.0f ? x : 0.0f;  // NaN fails the comparison.
  return low < 1.0f ? low : 1.0f;
}

/// An fp32 result as the modifiers say.
template <bool kFtz, bool kSat>
inline float Finish(float x) {
  const float flushed = FlushIf<kFtz>(x);
  return kSat ? SaturateUnit(flushed) : Canonical(flushed);
}

inline float FlipSign(float x, uint32_t sign) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(x) ^ sign);
}

/// -0 orders below +0; one NaN gives the other operand, or NaN with kNan (.NaN).
template <bool kMax, bool kNan>
inline float Extremum(float a, float b) {
  // As integers that order as the numbers do, -0 below +0.
  const auto key = [](float x) {
    const int32_t bits = std::bit_cast<int32_t>(x);
    return bits ^ static_cast<int32_t>(static_cast<uint32_t>(bits >> 31) >> 1);
  };
  const float chosen = (kMax ? key(a) > key(b) : key(a) < key(b)) ? a : b;
  const float nan = std::bit_cast<float>(kCanonicalNan32);
  if (kNan) return a != a || b != b ? nan : chosen;
  const float other = a != a ? (b != b ? nan : b) : a;
  return a != a || b != b ? other : chosen;
}

/// A 16-bit format's arithmetic: operands exact in double, one rounding of the result.
template <const FloatFormat& kFormat>
struct Narrow {
  static double Decode(uint16_t bits) {
    if constexpr (kFormat.exponent_bits == 8) {
      return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    } else {
      return DecodeFloat(kFormat, bits);
    }
  }
  static uint16_t Encode(double value, Rounding rounding = Rounding::kNearest) {
    return static_cast<uint16_t>(EncodeFloat(kFormat, value, rounding, false));
  }
  static uint16_t Flush(uint16_t bits) {
    return (bits & kFormat.infinity_bits()) == 0 ? bits & 0x8000 : bits;
  }
  static bool IsNan(uint16_t bits) { return (bits & 0x7fff) > kFormat.infinity_bits(); }
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_MATH_H_
