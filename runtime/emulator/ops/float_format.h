// Binary floating-point formats narrower than double: exact decoding and one rounding on encoding.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_FORMAT_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_FORMAT_H_

#include <cstdint>

namespace attnjit::emulator {

enum class Rounding : uint8_t {
  kNearest,  ///< .rn: ties to even.
  kAway,     ///< .rna: nearest, ties away from zero.
  kZero,     ///< .rz
  kDown,     ///< .rm
  kUp,       ///< .rp
};

/// Sign, exponent and mantissa fields, IEEE 754's subnormals.
struct FloatFormat {
  int exponent_bits;
  int mantissa_bits;  ///< Stored ones.
  bool infinity;      ///< The top exponent means infinity and NaN, as in IEEE 754.
  bool nan;           ///< Without infinity: the all-ones pattern is NaN (OCP e4m3).
  uint32_t canonical_nan;

  constexpr int bias() const { return (1 << (exponent_bits - 1)) - 1; }
  constexpr uint32_t sign_bit() const { return 1u << (exponent_bits + mantissa_bits); }
  constexpr uint32_t infinity_bits() const { return ((1u << exponent_bits) - 1) << mantissa_bits; }
  /// The largest finite magnitude.
  constexpr uint32_t max_finite() const {
    if (infinity) return infinity_bits() - 1;
    return sign_bit() - 1 - (nan ? 1 : 0);
  }
};

inline constexpr FloatFormat kF16 = {5, 10, true, true, 0x7fff};
inline constexpr FloatFormat kBf16 = {8, 7, true, true, 0x7fff};
inline constexpr FloatFormat kF32 = {8, 23, true, true, 0x7fffffff};
inline constexpr FloatFormat kTf32 = {8, 10, true, true, 0x3ffff};
inline constexpr FloatFormat kE4m3 = {4, 3, false, true, 0x7f};
inline constexpr FloatFormat kE5m2 = {5, 2, true, true, 0x7f};
inline constexpr FloatFormat kE2m3 = {2, 3, false, false, 0x1f};
inline constexpr FloatFormat kE3m2 = {3, 2, false, false, 0x1f};
inline constexpr FloatFormat kE2m1 = {2, 1, false, false, 0x7};

/// The value of `bits`, exactly; NaN for every NaN.
double DecodeFloat(const FloatFormat& format, uint32_t bits);

/// `value` rounded once. NaN gives the canonical NaN (the largest finite value where the format has
/// none). Overflow gives infinity or the largest finite value as the rounding says; with `saturate`
/// (.satfinite), or where the format has no infinity, always the largest finite value.
uint32_t EncodeFloat(const FloatFormat& format, double value, Rounding rounding, bool saturate);

/// a + b rounded to odd at double's precision: rounding that once more to at most 50 bits gives the
/// correctly rounded sum (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums:
/// proved algorithms using rounding to odd", 2008).
double AddRoundedToOdd(double a, double b);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_FLOAT_FORMAT_H_
