#include "runtime/emulator/matrix/element.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "runtime/emulator/ops/float_format.h"

namespace attnjit::emulator {
namespace {

constexpr float PowerOfTwo(int exponent) {
  return std::bit_cast<float>(static_cast<uint32_t>(exponent + 127) << 23);
}

constexpr float DecodeSmall(const FloatFormat& format, uint32_t bits) {
  uint32_t exponent_mask = (1u << format.exponent_bits) - 1;
  uint32_t mantissa_mask = (1u << format.mantissa_bits) - 1;
  uint32_t exponent = bits >> format.mantissa_bits & exponent_mask;
  uint32_t mantissa = bits & mantissa_mask;
  bool negative = bits >> (format.exponent_bits + format.mantissa_bits) & 1;
  uint32_t sign = negative ? 0x80000000u : 0;
  if (exponent == exponent_mask) {
    if (format.infinity) {
      return std::bit_cast<float>(sign | 0x7F800000u | (mantissa ? 0x7FFFFFu : 0));
    }
    if (format.nan && mantissa == mantissa_mask) {
      return std::bit_cast<float>(sign | 0x7FFFFFFFu);
    }
  }
  float unit = PowerOfTwo((exponent == 0 ? 1 : static_cast<int>(exponent)) - format.bias() -
                          format.mantissa_bits);
  float magnitude = (exponent == 0 ? mantissa : mantissa + mantissa_mask + 1) * unit;
  return negative ? -magnitude : magnitude;
}

template <size_t kCount>
constexpr std::array<float, kCount> Table(const FloatFormat& format) {
  std::array<float, kCount> table{};
  for (size_t bits = 0; bits < kCount; ++bits) {
    table[bits] = DecodeSmall(format, static_cast<uint32_t>(bits));
  }
  return table;
}

constexpr std::array<float, 256> kE4m3Table = Table<256>(kE4m3);
constexpr std::array<float, 256> kE5m2Table = Table<256>(kE5m2);
constexpr std::array<float, 64> kE2m3Table = Table<64>(kE2m3);
constexpr std::array<float, 64> kE3m2Table = Table<64>(kE3m2);
constexpr std::array<float, 16> kE2m1Table = Table<16>(kE2m1);

/// Shifting an f16's exponent and mantissa into an f32 scales it by 2^-112, subnormals included.
inline float HalfBits(uint32_t half) {
  float value = std::bit_cast<float>((half & 0x7FFF) << 13) * 0x1p112f;
  uint32_t bits = std::bit_cast<uint32_t>(value);
  bits |= value >= 65536.0f ? 0x7F800000u : 0u;
  return std::bit_cast<float>(bits | (half & 0x8000) << 16);
}

void DecodeHalfs(const uint8_t* chunk, float* values) {
  uint16_t halfs[8];
  std::memcpy(halfs, chunk, sizeof(halfs));
  for (int i = 0; i < 8; ++i) values[i] = HalfBits(halfs[i]);
}

void DecodeBf16s(const uint8_t* chunk, float* values) {
  uint16_t halfs[8];
  std::memcpy(halfs, chunk, sizeof(halfs));
  for (int i = 0; i < 8; ++i)
    values[i] = std::bit_cast<float>(static_cast<uint32_t>(halfs[i]) << 16);
}

void DecodeTf32s(const uint8_t* chunk, float* values) {
  uint32_t words[4];
  std::memcpy(words, chunk, sizeof(words));
  for (int i = 0; i < 4; ++i) values[i] = std::bit_cast<float>(words[i] & 0xFFFFE000u);
}

/// 16 elements of `width` bits, packed.
template <size_t kCount>
void DecodePacked(const std::array<float, kCount>& table, int width, const uint8_t* chunk,
                  float* values) {
  uint32_t words[4] = {};
  std::memcpy(words, chunk, 2 * static_cast<size_t>(width));
  for (int i = 0; i < 16; ++i) {
    int bit = i * width;
    uint64_t pair =
        words[bit / 32] | static_cast<uint64_t>(words[bit / 32 + 1 < 4 ? bit / 32 + 1 : 3]) << 32;
    values[i] = table[pair >> (bit % 32) & (kCount - 1)];
  }
}

}  // namespace

const char* ElementName(ElementType type) {
  static constexpr const char* kNames[] = {"f16",  "bf16", "tf32", "e4m3", "e5m2",
                                           "e2m3", "e3m2", "e2m1", "s8",   "u8"};
  return kNames[static_cast<int>(type)];
}

float ElementToFloat(ElementType type, uint32_t bits) {
  switch (type) {
    case ElementType::kF16:
      return HalfBits(bits);
    case ElementType::kBf16:
      return std::bit_cast<float>(bits << 16);
    case ElementType::kTf32:
      return std::bit_cast<float>(bits & 0xFFFFE000u);
    case ElementType::kE4m3:
      return kE4m3Table[bits & 0xFF];
    case ElementType::kE5m2:
      return kE5m2Table[bits & 0xFF];
    case ElementType::kE2m3:
      return kE2m3Table[bits & 0x3F];
    case ElementType::kE3m2:
      return kE3m2Table[bits & 0x3F];
    case ElementType::kE2m1:
      return kE2m1Table[bits >> 2 & 0xF];
    case ElementType::kS8:
      return static_cast<int8_t>(bits & 0xFF);
    case ElementType::kU8:
      return bits & 0xFF;
  }
  return 0;
}

void DecodeChunk(ElementType type, const uint8_t* chunk, float* values) {
  switch (type) {
    case ElementType::kF16:
      return DecodeHalfs(chunk, values);
    case ElementType::kBf16:
      return DecodeBf16s(chunk, values);
    case ElementType::kTf32:
      return DecodeTf32s(chunk, values);
    case ElementType::kE2m3:
      return DecodePacked(kE2m3Table, 6, chunk, values);
    case ElementType::kE3m2:
      return DecodePacked(kE3m2Table, 6, chunk, values);
    case ElementType::kE2m1:
      return DecodePacked(kE2m1Table, 4, chunk, values);
    default:
      for (int i = 0; i < 16; ++i) values[i] = ElementToFloat(type, chunk[i]);
  }
}

void DecodeWords(ElementType type, const uint32_t* words, int count, float* values) {
  switch (type) {
    case ElementType::kF16:
      for (int i = 0; i < count; ++i) {
        values[2 * i] = HalfBits(words[i] & 0xFFFF);
        values[2 * i + 1] = HalfBits(words[i] >> 16);
      }
      return;
    case ElementType::kBf16:
      for (int i = 0; i < count; ++i) {
        values[2 * i] = std::bit_cast<float>(words[i] << 16);
        values[2 * i + 1] = std::bit_cast<float>(words[i] & 0xFFFF0000u);
      }
      return;
    case ElementType::kTf32:
      for (int i = 0; i < count; ++i) values[i] = std::bit_cast<float>(words[i] & 0xFFFFE000u);
      return;
    default:
      for (int i = 0; i < 4 * count; ++i) {
        values[i] = ElementToFloat(type, words[i / 4] >> (8 * (i % 4)));
      }
  }
}

float HalfToFloat(uint16_t bits) { return HalfBits(bits); }

float Bf16ToFloat(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

uint16_t FloatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = bits >> 16 & 0x8000;
  uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return 0x7FFF;
  if (magnitude >= 0x477FF000) return static_cast<uint16_t>(sign | 0x7C00);  // 65520 and above.
  if (magnitude < 0x38800000) {  // Below 2^-14: a multiple of 2^-24, rounded by adding 0.5.
    float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000));
  }
  uint32_t rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded - 0x38000000) >> 13));
}

}  // namespace attnjit::emulator
