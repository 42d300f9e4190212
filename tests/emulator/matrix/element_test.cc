#include "runtime/emulator/matrix/element.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <random>

#include "gtest/gtest.h"
#include "tests/emulator/matrix/layout_oracle.h"

namespace attnjit::emulator {
namespace {

constexpr ElementType kTypes[] = {ElementType::kF16,  ElementType::kBf16, ElementType::kTf32,
                                  ElementType::kE4m3, ElementType::kE5m2, ElementType::kE2m3,
                                  ElementType::kE3m2, ElementType::kE2m1, ElementType::kS8,
                                  ElementType::kU8};

void ExpectSame(double expected, float actual, const std::string& what) {
  if (std::isnan(expected)) {
    EXPECT_TRUE(std::isnan(actual)) << what;
  } else {
    EXPECT_EQ(expected, actual) << what;
    EXPECT_EQ(std::signbit(expected), std::signbit(actual)) << what;
  }
}

TEST(Element, EveryBitPatternHasTheFormatsValue) {
  for (ElementType type : kTypes) {
    uint32_t count = ElementBytes(type) == 1 ? 256 : 65536;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t bits = type == ElementType::kTf32 ? i << 16 | (i * 2654435761u & 0xFFFF) : i;
      uint32_t oracle_bits = bits;
      if (IsSubByte(type) && type != ElementType::kE2m1) oracle_bits &= 0x3F;
      if (type == ElementType::kE2m1) oracle_bits &= 0x3C;
      ExpectSame(oracle::Value(ElementName(type), oracle_bits), ElementToFloat(type, bits),
                 std::string(ElementName(type)) + " " + std::to_string(bits));
    }
  }
}

TEST(Element, AChunkDecodesAsItsElements) {
  std::mt19937 random(1);
  for (ElementType type : kTypes) {
    for (int round = 0; round < 50; ++round) {
      uint8_t chunk[16];
      for (uint8_t& byte : chunk) byte = static_cast<uint8_t>(random());
      float values[16];
      DecodeChunk(type, chunk, values);
      int bits = type == ElementType::kE2m1 ? 4 : IsSubByte(type) ? 6 : 8 * ElementBytes(type);
      int count = IsSubByte(type) ? 16 : 128 / bits;
      for (int i = 0; i < count; ++i) {
        uint32_t element = 0;
        for (int b = 0; b < bits; ++b) {
          int at = i * bits + b;
          element |= static_cast<uint32_t>(chunk[at / 8] >> (at % 8) & 1) << b;
        }
        if (type == ElementType::kE2m1) element <<= 2;
        ExpectSame(oracle::Value(ElementName(type), element), values[i], ElementName(type));
      }
    }
  }
}

/// The f16 nearest to a finite value by search over all of them, ties to the even one.
uint16_t NearestHalf(double value) {
  uint16_t best = 0;
  double best_distance = std::abs(value);
  for (uint32_t bits = 1; bits <= 0x7C00; ++bits) {
    double candidate = bits == 0x7C00 ? 65536.0 : oracle::Value("f16", bits);
    double distance = std::abs(std::abs(value) - candidate);
    if (distance < best_distance || (distance == best_distance && bits % 2 == 0)) {
      best = static_cast<uint16_t>(bits);
      best_distance = distance;
    }
  }
  return static_cast<uint16_t>(best | (std::signbit(value) ? 0x8000 : 0));
}

TEST(Element, FloatToHalfRoundsToNearestEven) {
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) {
    float value = std::ldexp(static_cast<float>(random() % 8192 + 1) / 4096.0f,
                             static_cast<int>(random() % 45) - 28);
    if (random() % 2) value = -value;
    EXPECT_EQ(NearestHalf(value), FloatToHalf(value)) << value;
  }
  EXPECT_EQ(0x7C00, FloatToHalf(65520.0f));
  EXPECT_EQ(0x7BFF, FloatToHalf(65519.996f));
  EXPECT_EQ(0xFC00, FloatToHalf(-INFINITY));
  EXPECT_EQ(0x7FFF, FloatToHalf(NAN));
  EXPECT_EQ(0x0000, FloatToHalf(0x1p-25f));
  EXPECT_EQ(0x0001, FloatToHalf(0x1.8p-25f));
  for (uint32_t bits = 0; bits < 0x7C00; ++bits) {
    EXPECT_EQ(bits, FloatToHalf(HalfToFloat(static_cast<uint16_t>(bits))));
  }
}

}  // namespace
}  // namespace attnjit::emulator
