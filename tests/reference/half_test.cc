#include "tests/reference/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace attnjit {
namespace {

TEST(HalfTest, EveryFp16ValueSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = Fp16ToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(Fp16ToFloat(FloatToFp16(value)))) << bits;
    } else {
      ASSERT_EQ(FloatToFp16(value), bits);
    }
  }
}

TEST(HalfTest, EveryBf16ValueSurvivesARoundTrip) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = Bf16ToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(Bf16ToFloat(FloatToBf16(value)))) << bits;
    } else {
      ASSERT_EQ(FloatToBf16(value), bits);
    }
  }
}

TEST(HalfTest, Fp16HasItsKnownValues) {
  EXPECT_EQ(Fp16ToFloat(0x3C00), 1.0f);
  EXPECT_EQ(Fp16ToFloat(0xC000), -2.0f);
  EXPECT_EQ(Fp16ToFloat(0x7BFF), 65504.0f);
  EXPECT_EQ(Fp16ToFloat(0x0001), 0x1p-24f);
  EXPECT_EQ(Fp16ToFloat(0x0400), 0x1p-14f);
  EXPECT_EQ(Fp16ToFloat(0x7C00), INFINITY);
  EXPECT_EQ(FloatToFp16(65519.9f), 0x7BFF);
  EXPECT_EQ(FloatToFp16(65520.0f), 0x7C00);
  EXPECT_EQ(FloatToFp16(-INFINITY), 0xFC00);
  EXPECT_EQ(FloatToFp16(0x1p-25f), 0x0000);         // A tie goes to even.
  EXPECT_EQ(FloatToFp16(0x1.000002p-25f), 0x0001);  // Just above it.
}

/// The nearest 16-bit value by search among the neighbours of `bits`, ties to the even one.
template <typename ToFloatFn>
uint16_t Nearest(float value, uint16_t bits, ToFloatFn to_float) {
  uint16_t best = bits;
  double best_distance = std::abs(static_cast<double>(to_float(bits)) - value);
  for (int step : {-1, 1}) {
    uint16_t other = static_cast<uint16_t>(bits + step);
    double distance = std::abs(static_cast<double>(to_float(other)) - value);
    if (distance < best_distance || (distance == best_distance && other % 2 == 0)) {
      best = other;
      best_distance = distance;
    }
  }
  return best;
}

TEST(HalfTest, RoundsToNearestEven) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> exponent(-26, 15.9);
  for (int n = 0; n < 200000; ++n) {
    // Few mantissa bits, so that ties occur.
    float value = std::ldexp(std::round(std::exp2(exponent(random) + 12)), -12);
    if (n % 2) value = std::exp2(exponent(random));
    if (value < 0x1p-23f || value > 65000.0f) continue;
    ASSERT_EQ(FloatToFp16(value), Nearest(value, FloatToFp16(value), Fp16ToFloat)) << value;
    ASSERT_EQ(FloatToBf16(value), Nearest(value, FloatToBf16(value), Bf16ToFloat)) << value;
    ASSERT_EQ(FloatToFp16(-value), FloatToFp16(value) | 0x8000);
  }
}

}  // namespace
}  // namespace attnjit
