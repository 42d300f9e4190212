// Reductions of bulk copies, element by element.
#include "runtime/emulator/async/reduction.h"

#include <bit>
#include <cstring>

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

template <class T>
T Apply(ReduceOp op, ReduceType type, T destination, T source) {
  alignas(16) T d[2] = {destination, destination};
  const T s[2] = {source, source};
  Reduce(op, type, reinterpret_cast<uint8_t*>(d), reinterpret_cast<const uint8_t*>(s), sizeof(d));
  EXPECT_EQ(std::memcmp(&d[0], &d[1], sizeof(T)), 0);
  return d[0];
}

uint32_t Bits(float value) { return std::bit_cast<uint32_t>(value); }

TEST(Reduction, IntegersWrapAndCompareBySign) {
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kAdd, ReduceType::kU32, 0xffffffff, 2), 1u);
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kMin, ReduceType::kU32, 0xffffffff, 2), 2u);
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kMin, ReduceType::kS32, 0xffffffff, 2), 0xffffffffu);
  EXPECT_EQ(Apply<uint64_t>(ReduceOp::kMax, ReduceType::kS64, ~uint64_t{0}, 2), 2u);
  EXPECT_EQ(Apply<uint64_t>(ReduceOp::kMax, ReduceType::kU64, ~uint64_t{0}, 2), ~uint64_t{0});
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kXor, ReduceType::kU32, 0b1100, 0b1010), 0b0110u);
}

TEST(Reduction, IncAndDecWrapAtTheSource) {
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kInc, ReduceType::kU32, 4, 5), 5u);
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kInc, ReduceType::kU32, 5, 5), 0u);
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kDec, ReduceType::kU32, 0, 5), 5u);
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kDec, ReduceType::kU32, 9, 5), 5u);
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kDec, ReduceType::kU32, 3, 5), 2u);
}

TEST(Reduction, F32AddsKeepSubnormals) {
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kAdd, ReduceType::kF32, Bits(1.5f), Bits(0.25f)),
            Bits(1.75f));
  EXPECT_EQ(Apply<uint32_t>(ReduceOp::kAdd, ReduceType::kF32, 0x80000001, 0x80000001), 0x80000002u);
}

TEST(Reduction, HalvesRoundOnceAndKeepSubnormals) {
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kAdd, ReduceType::kF16, 0x0001, 0x0001), 0x0002);
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kAdd, ReduceType::kF16, 0x3c00, 0x1000),
            0x3c00);  // 1 + 2^-11
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kAdd, ReduceType::kF16, 0x3c01, 0x1000), 0x3c02);
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kAdd, ReduceType::kBf16, 0x3f80, 0x3f80), 0x4000);
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kAdd, ReduceType::kF16, 0x7bff, 0x7bff), 0x7c00);
}

TEST(Reduction, MinAndMaxOfHalvesTakeTheNumber) {
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kMax, ReduceType::kF16, 0x7e00, 0x3c00), 0x3c00);
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kMin, ReduceType::kBf16, 0x3f80, 0xbf80), 0xbf80);
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kMax, ReduceType::kF16, 0x8000, 0x0000), 0x0000);
  EXPECT_EQ(Apply<uint16_t>(ReduceOp::kMin, ReduceType::kF16, 0x0000, 0x8000), 0x8000);
}

TEST(Reduction, CombinationsAreThoseOfTheIsa) {
  EXPECT_TRUE(IsReduction(ReduceOp::kAdd, ReduceType::kF32, true));
  EXPECT_FALSE(IsReduction(ReduceOp::kAdd, ReduceType::kF32, false));
  EXPECT_FALSE(IsReduction(ReduceOp::kAdd, ReduceType::kS64, true));
  EXPECT_FALSE(IsReduction(ReduceOp::kMax, ReduceType::kF32, true));
  EXPECT_TRUE(IsReduction(ReduceOp::kMax, ReduceType::kBf16, true));
  EXPECT_FALSE(IsReduction(ReduceOp::kInc, ReduceType::kS32, true));
  EXPECT_TRUE(IsReduction(ReduceOp::kXor, ReduceType::kU64, true));
  EXPECT_FALSE(IsReduction(ReduceOp::kXor, ReduceType::kU64, false));
}

}  // namespace
}  // namespace attnjit::emulator
