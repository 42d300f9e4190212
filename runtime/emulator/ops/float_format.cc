#include "runtime/emulator/ops/float_format.h"

#include <bit>
#include <cmath>
#include <limits>

namespace attnjit::emulator {
namespace {

constexpr uint64_t kHidden = uint64_t{1} << 52;

/// `kept` is the magnitude without the `dropped` low bits of `mantissa`: whether it goes up by one.
bool RoundsUp(uint64_t mantissa, int dropped, bool negative, Rounding rounding) {
  const uint64_t rest = mantissa & ((uint64_t{1} << dropped) - 1);
  if (rest == 0) return false;
  const uint64_t half = uint64_t{1} << (dropped - 1);
  switch (rounding) {
    case Rounding::kNearest:
      return rest > half || (rest == half && (mantissa >> dropped & 1) != 0);
    case Rounding::kAway:
      return rest >= half;
    case Rounding::kZero:
      return false;
    case Rounding::kDown:
      return negative;
    case Rounding::kUp:
      return !negative;
  }
  return false;
}

/// What stands for a magnitude beyond the largest finite one.
uint32_t Overflow(const FloatFormat& format, bool negative, Rounding rounding, bool saturate) {
  const bool towards_zero = rounding == Rounding::kZero ||
                            (rounding == Rounding::kDown && !negative) ||
                            (rounding == Rounding::kUp && negative);
  if (saturate || !format.infinity || towards_zero) return format.max_finite();
  return format.infinity_bits();
}

}  // namespace

double DecodeFloat(const FloatFormat& format, uint32_t bits) {
  const uint32_t magnitude = bits & (format.sign_bit() - 1);
  const double sign = (bits & format.sign_bit()) != 0 ? -1.0 : 1.0;
  const uint32_t fraction = magnitude & ((1u << format.mantissa_bits) - 1);
  const int exponent = static_cast<int>(magnitude >> format.mantissa_bits);
  if (format.infinity && exponent == (1 << format.exponent_bits) - 1) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::quiet_NaN();
  }
  if (!format.infinity && format.nan && magnitude == format.sign_bit() - 1) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const int unit = 1 - format.bias() - format.mantissa_bits;  // Of subnormals.
  if (exponent == 0) return sign * std::ldexp(static_cast<double>(fraction), unit);
  return sign * std::ldexp(static_cast<double>(fraction | 1u << format.mantissa_bits),
                           unit + exponent - 1);
}

uint32_t EncodeFloat(const FloatFormat& format, double value, Rounding rounding, bool saturate) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const bool negative = bits >> 63 != 0;
  const uint32_t sign = negative ? format.sign_bit() : 0;
  if (std::isnan(value)) return format.canonical_nan;
  if (std::isinf(value)) {
    if (saturate || !format.infinity) return sign | format.max_finite();
    return sign | format.infinity_bits();
  }
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  if (exponent == 0) {  // Zero; a subnormal double is below half of every format's least value.
    const bool up = (bits << 1) != 0 && ((rounding == Rounding::kDown && negative) ||
                                         (rounding == Rounding::kUp && !negative));
    return sign | (up ? 1 : 0);
  }
  const uint64_t mantissa = (bits & (kHidden - 1)) | kHidden;
  const int biased = exponent - 1023 + format.bias();
  int dropped = 52 - format.mantissa_bits + (biased < 1 ? 1 - biased : 0);
  if (dropped > 54) dropped = 54;  // Less than half of the least value, whatever it is.
  uint64_t kept = mantissa >> dropped;
  if (biased > 0) kept += static_cast<uint64_t>(biased - 1) << format.mantissa_bits;
  if (RoundsUp(mantissa, dropped, negative, rounding)) ++kept;
  if (kept > format.max_finite()) return sign | Overflow(format, negative, rounding, saturate);
  return sign | static_cast<uint32_t>(kept);
}

double AddRoundedToOdd(double a, double b) {
  const double sum = a + b;
  if (!std::isfinite(sum)) return sum;
  const double virtual_b = sum - a;  // Knuth's TwoSum: error is exact.
  const double error = (a - (sum - virtual_b)) + (b - virtual_b);
  if (error == 0 || (std::bit_cast<uint64_t>(sum) & 1) != 0) return sum;
  const bool away = (error > 0) == (sum > 0);
  const uint64_t bits = std::bit_cast<uint64_t>(sum);
  return std::bit_cast<double>(away ? bits + 1 : bits - 1);
}

}  // namespace attnjit::emulator
