#include "runtime/emulator/ops/convert_value.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace attnjit::emulator {
namespace {

ScalarType T(const char* name) { return *ParseScalarType(name); }
uint64_t Bits(float value) { return std::bit_cast<uint32_t>(value); }
uint64_t Bits(double value) { return std::bit_cast<uint64_t>(value); }

ConvertFlags Integral(Rounding rounding) {
  ConvertFlags flags;
  flags.to_integral = true;
  flags.rounding = rounding;
  return flags;
}

TEST(ConvertValue, IntegersAreCutOrExtendedByTheSourcesSign) {
  EXPECT_EQ(ConvertValue(T("s32"), T("s64"), {}, 0xffffffff), ~uint64_t{0});
  EXPECT_EQ(ConvertValue(T("u32"), T("s64"), {}, 0xffffffff), 0xffffffffu);
  EXPECT_EQ(ConvertValue(T("s8"), T("u16"), {}, 0x80), 0xff80u);
  EXPECT_EQ(ConvertValue(T("u64"), T("u16"), {}, 0x123456789), 0x6789u);
}

TEST(ConvertValue, SaturatingIntegersClampToTheTarget) {
  ConvertFlags sat;
  sat.sat = true;
  EXPECT_EQ(ConvertValue(T("s32"), T("u8"), sat, static_cast<uint32_t>(-5)), 0u);
  EXPECT_EQ(ConvertValue(T("s32"), T("s8"), sat, 300), 127u);
  EXPECT_EQ(ConvertValue(T("s32"), T("s8"), sat, static_cast<uint32_t>(-300)), 0x80u);
  EXPECT_EQ(ConvertValue(T("u64"), T("s64"), sat, ~uint64_t{0}), 0x7fffffffffffffffu);
}

TEST(ConvertValue, FloatToIntegerRoundsAndClamps) {
  EXPECT_EQ(ConvertValue(T("f32"), T("s32"), Integral(Rounding::kNearest), Bits(2.5f)), 2u);
  EXPECT_EQ(ConvertValue(T("f32"), T("s32"), Integral(Rounding::kUp), Bits(2.5f)), 3u);
  EXPECT_EQ(ConvertValue(T("f32"), T("s32"), Integral(Rounding::kDown), Bits(-2.5f)),
            static_cast<uint32_t>(-3));
  EXPECT_EQ(ConvertValue(T("f32"), T("u32"), Integral(Rounding::kZero), Bits(-7.0f)), 0u);
  EXPECT_EQ(ConvertValue(T("f32"), T("s32"), Integral(Rounding::kZero), Bits(3e9f)), 0x7fffffffu);
  EXPECT_EQ(ConvertValue(T("f32"), T("s32"), Integral(Rounding::kZero), Bits(-3e9f)), 0x80000000u);
  EXPECT_EQ(ConvertValue(T("f32"), T("u8"), Integral(Rounding::kZero), Bits(300.0f)), 255u);
  EXPECT_EQ(ConvertValue(T("f32"), T("s32"), Integral(Rounding::kZero),
                         Bits(std::numeric_limits<float>::quiet_NaN())),
            0u);
}

TEST(ConvertValue, A64BitIntegerIsRoundedOnce) {
  // Halfway between two bf16 values but for the last bit, which fp64 cannot hold beside the first.
  const uint64_t above_half = (uint64_t{0x101} << 55) + 1;
  EXPECT_EQ(ConvertValue(T("u64"), T("bf16"), {}, above_half), 0x5f01u);
  EXPECT_EQ(ConvertValue(T("u64"), T("f32"), {}, (uint64_t{1} << 63) + (uint64_t{1} << 39)),
            0x5f000000u);
  EXPECT_EQ(ConvertValue(T("u64"), T("f32"), {}, (uint64_t{1} << 63) + (uint64_t{1} << 39) + 1),
            0x5f000001u);
  EXPECT_EQ(ConvertValue(T("s64"), T("f64"), {}, static_cast<uint64_t>(-3)), Bits(-3.0));
}

TEST(ConvertValue, ModifiersOfFloatingPoint) {
  ConvertFlags sat;
  sat.sat = true;
  EXPECT_EQ(ConvertValue(T("f32"), T("f32"), sat, Bits(2.0f)), Bits(1.0f));
  EXPECT_EQ(ConvertValue(T("f32"), T("f32"), sat, Bits(-0.0f)), Bits(0.0f));
  EXPECT_EQ(ConvertValue(T("f32"), T("f16"), sat, 0x7fc00000), 0u);
  ConvertFlags relu;
  relu.relu = true;
  EXPECT_EQ(ConvertValue(T("f32"), T("bf16"), relu, Bits(-1.0f)), 0u);
  EXPECT_EQ(ConvertValue(T("f32"), T("bf16"), relu, 0xffc00000), 0x7fffu);
  ConvertFlags ftz;
  ftz.ftz = true;
  EXPECT_EQ(ConvertValue(T("f32"), T("f32"), ftz, 0x80000001), 0x80000000u);
  ConvertFlags finite;
  finite.satfinite = true;
  EXPECT_EQ(ConvertValue(T("f32"), T("e4m3"), finite, Bits(1e9f)), 0x7eu);
  ConvertFlags away;
  away.rounding = Rounding::kAway;
  EXPECT_EQ(ConvertValue(T("f32"), T("tf32"), away, 0x3f801000), 0x3f802000u);
}

TEST(ConvertValue, RoundingToAnIntegralFloat) {
  EXPECT_EQ(ConvertValue(T("f32"), T("f32"), Integral(Rounding::kNearest), Bits(3.5f)), Bits(4.0f));
  EXPECT_EQ(ConvertValue(T("f16"), T("f16"), Integral(Rounding::kDown), 0x3e00), 0x3c00u);
  EXPECT_EQ(ConvertValue(T("f64"), T("f64"), Integral(Rounding::kUp), Bits(-0.5)), Bits(-0.0));
}

}  // namespace
}  // namespace attnjit::emulator
