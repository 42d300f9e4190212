#include "runtime/emulator/ops/float_format.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace attnjit::emulator {
namespace {

struct Named {
  const char* name;
  FloatFormat format;
};
const Named kFormats[] = {{"f16", kF16},   {"bf16", kBf16}, {"e4m3", kE4m3}, {"e5m2", kE5m2},
                          {"e2m3", kE2m3}, {"e3m2", kE3m2}, {"e2m1", kE2m1}};
constexpr Rounding kRoundings[] = {Rounding::kNearest, Rounding::kAway, Rounding::kZero,
                                   Rounding::kDown, Rounding::kUp};

/// The largest finite value of a format by its definition.
double MaxFinite(const FloatFormat& f) { return DecodeFloat(f, f.max_finite()); }

/// Of the finite values of a format, found by walking them all: what `value` rounds to.
double NearestByWalking(const FloatFormat& f, double value, Rounding rounding) {
  double below = -std::numeric_limits<double>::infinity();
  double above = std::numeric_limits<double>::infinity();
  uint32_t below_bits = 0;
  for (uint32_t magnitude = 0; magnitude <= f.max_finite(); ++magnitude) {
    for (const uint32_t bits : {magnitude, magnitude | f.sign_bit()}) {
      const double candidate = DecodeFloat(f, bits);
      if (candidate <= value && candidate > below) below = candidate, below_bits = bits;
      if (candidate >= value && candidate < above) above = candidate;
    }
  }
  if (below == value) return value;
  switch (rounding) {
    case Rounding::kDown:
      return below;
    case Rounding::kUp:
      return above;
    case Rounding::kZero:
      return value > 0 ? below : above;
    case Rounding::kAway:
    case Rounding::kNearest:
      break;
  }
  const double to_below = value - below;
  const double to_above = above - value;
  if (to_below != to_above) return to_below < to_above ? below : above;
  if (rounding == Rounding::kAway) return value > 0 ? above : below;
  return (below_bits & 1) == 0 ? below : above;
}

TEST(FloatFormat, EveryValueDecodesAndEncodesToItself) {
  for (const Named& named : kFormats) {
    const FloatFormat& f = named.format;
    for (uint32_t bits = 0; bits < 2 * f.sign_bit(); ++bits) {
      const double value = DecodeFloat(f, bits);
      if (std::isnan(value)) continue;
      for (Rounding rounding : kRoundings) {
        EXPECT_EQ(EncodeFloat(f, value, rounding, false), bits) << named.name;
      }
    }
  }
}

TEST(FloatFormat, RoundsAsAWalkOverAllValuesSays) {
  std::mt19937_64 random(20240611);
  for (const Named& named : kFormats) {
    const FloatFormat& f = named.format;
    const int values = f.mantissa_bits > 6 ? 40 : 2000;  // The walk is long for 16-bit formats.
    for (int i = 0; i < values; ++i) {
      const uint32_t bits = random() % (f.max_finite() + 1);
      // A value between neighbours: often halfway.
      const double low = DecodeFloat(f, bits);
      const double high = bits == f.max_finite() ? low : DecodeFloat(f, bits + 1);
      const double parts[] = {0.5, 0.25, 0.5 + 1e-9, 0.5 - 1e-9, 1e-12};
      double value = low + (high - low) * parts[random() % 5];
      if (random() % 2 == 0) value = -value;
      for (Rounding rounding : kRoundings) {
        const uint32_t got = EncodeFloat(f, value, rounding, false);
        EXPECT_EQ(DecodeFloat(f, got), NearestByWalking(f, value, rounding))
            << named.name << " " << value << " rounding " << static_cast<int>(rounding);
      }
    }
  }
}

TEST(FloatFormat, OverflowGoesWhereTheFormatAndTheRoundingSay) {
  const double huge = 1e300;
  EXPECT_EQ(EncodeFloat(kF16, huge, Rounding::kNearest, false), 0x7c00u);
  EXPECT_EQ(EncodeFloat(kF16, huge, Rounding::kZero, false), 0x7bffu);
  EXPECT_EQ(EncodeFloat(kF16, -huge, Rounding::kUp, false), 0xfbffu);
  EXPECT_EQ(EncodeFloat(kF16, -huge, Rounding::kDown, false), 0xfc00u);
  EXPECT_EQ(EncodeFloat(kF16, huge, Rounding::kNearest, true), 0x7bffu);
  EXPECT_EQ(EncodeFloat(kF16, 65519.996, Rounding::kNearest, false), 0x7bffu);
  EXPECT_EQ(EncodeFloat(kF16, 65520.0, Rounding::kNearest, false), 0x7c00u);
  EXPECT_EQ(EncodeFloat(kE4m3, huge, Rounding::kNearest, true), 0x7eu);
  EXPECT_EQ(MaxFinite(kE4m3), 448.0);
  EXPECT_EQ(MaxFinite(kE5m2), 57344.0);
  EXPECT_EQ(MaxFinite(kE2m1), 6.0);
  EXPECT_EQ(MaxFinite(kE3m2), 28.0);
  EXPECT_EQ(MaxFinite(kE2m3), 7.5);
}

TEST(FloatFormat, NanIsTheCanonicalOne) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(EncodeFloat(kF16, nan, Rounding::kNearest, false), 0x7fffu);
  EXPECT_EQ(EncodeFloat(kBf16, nan, Rounding::kNearest, false), 0x7fffu);
  EXPECT_EQ(EncodeFloat(kE4m3, -nan, Rounding::kNearest, true), 0x7fu);
}

TEST(FloatFormat, F32AgreesWithTheHostsConversion) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100000; ++i) {
    const double value =
        std::bit_cast<double>((random() & 0x800fffffffffffff) | (870 + random() % 300) << 52);
    EXPECT_EQ(EncodeFloat(kF32, value, Rounding::kNearest, false),
              std::bit_cast<uint32_t>(static_cast<float>(value)));
  }
}

TEST(AddRoundedToOdd, OneMoreRoundingIsThatOfTheExactSum) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 100000; ++i) {
    // Sums with a few bits above, at and below double's last place.
    const double a = static_cast<double>(static_cast<int64_t>(random()) >> 12) *
                     std::ldexp(1.0, static_cast<int>(random() % 60));
    const double b = static_cast<double>(static_cast<int64_t>(random()) >> 12) *
                     std::ldexp(1.0, -static_cast<int>(random() % 60));
    const long double exact = static_cast<long double>(a) + b;  // Enough for a check in fp32.
    const float expected = static_cast<float>(exact);
    if (static_cast<long double>(a) != exact - b) continue;  // Not exact in 64 bits either.
    EXPECT_EQ(static_cast<float>(AddRoundedToOdd(a, b)), expected);
  }
}

}  // namespace
}  // namespace attnjit::emulator
