#include "runtime/emulator/ops/convert_value.h"

#include <algorithm>
#include <bit>
#include <cfenv>
#include <cmath>

#include "llvm/ADT/StringSwitch.h"
#include "runtime/emulator/ops/float_math.h"

namespace attnjit::emulator {
namespace {

using Kind = ScalarType::Kind;

uint64_t MaskOf(int bits) { return bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1; }

int64_t SignExtend(uint64_t bits, int width) {
  return static_cast<int64_t>(bits << (64 - width)) >> (64 - width);
}

double RoundToIntegral(double value, Rounding rounding) {
  switch (rounding) {
    case Rounding::kNearest:
      return std::nearbyint(value);
    case Rounding::kAway:
      return std::round(value);
    case Rounding::kZero:
      return std::trunc(value);
    case Rounding::kDown:
      return std::floor(value);
    case Rounding::kUp:
      return std::ceil(value);
  }
  return value;
}

int HostRounding(Rounding rounding) {
  switch (rounding) {
    case Rounding::kZero:
      return FE_TOWARDZERO;
    case Rounding::kDown:
      return FE_DOWNWARD;
    case Rounding::kUp:
      return FE_UPWARD;
    default:
      return FE_TONEAREST;
  }
}

/// A 64-bit integer in double: exact, or rounded to odd so that one more rounding is right.
double IntegerToDouble(bool is_signed, uint64_t bits) {
  const double low = static_cast<double>(bits & 0xffffffff);
  const double high = is_signed ? static_cast<double>(static_cast<int64_t>(bits) >> 32)
                                : static_cast<double>(bits >> 32);
  return AddRoundedToOdd(high * 4294967296.0, low);
}

uint64_t IntegerToF64(bool is_signed, uint64_t bits, Rounding rounding) {
  volatile uint64_t input = bits;  // Keeps the conversion inside the mode.
  std::fesetround(HostRounding(rounding));
  volatile double result =
      is_signed ? static_cast<double>(static_cast<int64_t>(input)) : static_cast<double>(input);
  std::fesetround(FE_TONEAREST);
  return std::bit_cast<uint64_t>(static_cast<double>(result));
}

/// An H200 does not flush what it converts to f16: .rp gives the least f16 for a subnormal f32.
double FloatInput(const ScalarType& from, const ScalarType& to, const ConvertFlags& flags,
                  uint64_t bits) {
  if (from.kind == Kind::kF64) return std::bit_cast<double>(bits);
  if (from.format == &kF32 || from.format == &kTf32) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(bits));
    return flags.ftz && to.format != &kF16 ? Flush(value) : value;
  }
  return DecodeFloat(*from.format, static_cast<uint32_t>(bits));
}

/// PTX ISA 9.7.9.21: zero, or 1 << (bits - 1) where the source is .f64 or the result has 64 bits.
uint64_t IntegerOfNan(const ScalarType& from, const ScalarType& to) {
  return from.kind == Kind::kF64 || to.bits == 64 ? uint64_t{1} << (to.bits - 1) : 0;
}

uint64_t FloatToInteger(double value, const ScalarType& to, const ConvertFlags& flags) {
  const double rounded = RoundToIntegral(value, flags.rounding);
  if (to.kind == Kind::kSigned) {
    const double limit = std::ldexp(1.0, to.bits - 1);
    if (rounded >= limit) return MaskOf(to.bits - 1);
    if (rounded < -limit) return MaskOf(to.bits) & ~MaskOf(to.bits - 1);
    return static_cast<uint64_t>(static_cast<int64_t>(rounded)) & MaskOf(to.bits);
  }
  if (rounded <= 0) return 0;
  if (rounded >= std::ldexp(1.0, to.bits)) return MaskOf(to.bits);
  return static_cast<uint64_t>(rounded);
}

uint64_t FloatOutput(double value, const ScalarType& to, const ConvertFlags& flags) {
  if (flags.sat) value = std::isnan(value) ? 0.0 : std::clamp(value, 0.0, 1.0) + 0.0;
  if (flags.relu && !std::isnan(value) && (value < 0 || std::signbit(value))) value = 0;
  if (to.kind == Kind::kF64) return std::bit_cast<uint64_t>(value);
  const uint32_t bits = EncodeFloat(*to.format, value, flags.rounding, flags.satfinite);
  if (to.format == &kTf32) return static_cast<uint64_t>(bits) << 13;
  if (to.format == &kF32 && flags.ftz) {
    return std::bit_cast<uint32_t>(Flush(std::bit_cast<float>(bits)));
  }
  return bits;
}

uint64_t IntegerToInteger(const ScalarType& from, const ScalarType& to, bool sat, uint64_t bits) {
  const bool is_signed = from.kind == Kind::kSigned;
  const uint64_t wide = is_signed ? static_cast<uint64_t>(SignExtend(bits, from.bits)) : bits;
  if (!sat) return wide & MaskOf(to.bits);
  const bool negative = is_signed && static_cast<int64_t>(wide) < 0;
  if (to.kind == Kind::kUnsigned) return negative ? 0 : std::min(wide, MaskOf(to.bits));
  const auto top = static_cast<int64_t>(MaskOf(to.bits - 1));
  if (!negative) return std::min(wide, static_cast<uint64_t>(top));
  return static_cast<uint64_t>(std::max(static_cast<int64_t>(wide), -top - 1)) & MaskOf(to.bits);
}

}  // namespace

std::optional<ScalarType> ParseScalarType(llvm::StringRef name) {
  const auto integer = [](Kind kind, int bits) { return ScalarType{kind, bits, nullptr}; };
  const auto narrow = [](const FloatFormat& format, int bits) {
    return ScalarType{Kind::kNarrowFloat, bits, &format};
  };
  return llvm::StringSwitch<std::optional<ScalarType>>(name)
      .Case("u8", integer(Kind::kUnsigned, 8))
      .Case("u16", integer(Kind::kUnsigned, 16))
      .Case("u32", integer(Kind::kUnsigned, 32))
      .Case("u64", integer(Kind::kUnsigned, 64))
      .Case("s8", integer(Kind::kSigned, 8))
      .Case("s16", integer(Kind::kSigned, 16))
      .Case("s32", integer(Kind::kSigned, 32))
      .Case("s64", integer(Kind::kSigned, 64))
      .Case("f16", narrow(kF16, 16))
      .Case("bf16", narrow(kBf16, 16))
      .Case("tf32", narrow(kTf32, 32))
      .Case("f32", narrow(kF32, 32))
      .Case("f64", ScalarType{Kind::kF64, 64, nullptr})
      .Case("e4m3", narrow(kE4m3, 8))
      .Case("e5m2", narrow(kE5m2, 8))
      .Case("e2m3", narrow(kE2m3, 8))
      .Case("e3m2", narrow(kE3m2, 8))
      .Case("e2m1", narrow(kE2m1, 4))
      .Default(std::nullopt);
}

uint64_t ConvertValue(const ScalarType& from, const ScalarType& to, const ConvertFlags& flags,
                      uint64_t bits) {
  bits &= MaskOf(from.bits);
  if (from.is_float()) {
    const double value = FloatInput(from, to, flags, bits);
    if (!to.is_float()) {
      return std::isnan(value) ? IntegerOfNan(from, to) : FloatToInteger(value, to, flags);
    }
    return FloatOutput(flags.to_integral ? RoundToIntegral(value, flags.rounding) : value, to,
                       flags);
  }
  if (!to.is_float()) return IntegerToInteger(from, to, flags.sat, bits);
  const bool is_signed = from.kind == Kind::kSigned;
  const uint64_t wide = is_signed ? static_cast<uint64_t>(SignExtend(bits, from.bits)) : bits;
  if (to.kind == Kind::kF64) return IntegerToF64(is_signed, wide, flags.rounding);
  return FloatOutput(IntegerToDouble(is_signed, wide), to, flags);
}

}  // namespace attnjit::emulator
