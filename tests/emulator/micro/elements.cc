#include "tests/emulator/micro/elements.h"

#include <cmath>

#include "tests/emulator/micro/kind.h"

namespace attnjit::micro {
namespace {

struct Format {
  unsigned exponent_bits;
  unsigned mantissa_bits;
};

Format FormatOf(Element element) {
  switch (element) {
    case Element::kF16:
      return {5, 10};
    case Element::kBf16:
      return {8, 7};
    case Element::kE4m3:
      return {4, 3};
    case Element::kE5m2:
      return {5, 2};
    default:
      return {8, 23};
  }
}

bool IsInteger(Element element) {
  return element == Element::kS8 || element == Element::kU8 || element == Element::kS32;
}

/// An integer that the format holds exactly, as its bits.
uint64_t Encode(Format format, int value) {
  if (value == 0) return 0;
  unsigned size = static_cast<unsigned>(std::abs(value));
  unsigned exponent = static_cast<unsigned>(std::ilogb(size));
  uint64_t bias = (uint64_t{1} << (format.exponent_bits - 1)) - 1;
  uint64_t mantissa = (uint64_t{size} << format.mantissa_bits >> exponent) &
                      ((uint64_t{1} << format.mantissa_bits) - 1);
  uint64_t sign = value < 0;
  return sign << (format.exponent_bits + format.mantissa_bits) |
         (bias + exponent) << format.mantissa_bits | mantissa;
}

uint64_t RandomBits(Format format, uint64_t random) {
  uint64_t bias = (uint64_t{1} << (format.exponent_bits - 1)) - 1;
  uint64_t exponent = bias - 4 + random % 6;
  uint64_t mantissa = random >> 8 & ((uint64_t{1} << format.mantissa_bits) - 1);
  return (random >> 60 & 1) << (format.exponent_bits + format.mantissa_bits) |
         exponent << format.mantissa_bits | mantissa;
}

uint64_t ElementBits(Element element, Content content, uint64_t random) {
  int small = static_cast<int>(random >> 40) % 9 - 4;
  if (IsInteger(element)) {
    if (content == Content::kRandom) return element == Element::kS32 ? random >> 40 : random;
    return static_cast<uint64_t>(element == Element::kU8 ? std::abs(small) : small);
  }
  return content == Content::kSmall ? Encode(FormatOf(element), small)
                                    : RandomBits(FormatOf(element), random);
}

}  // namespace

ElementInfo InfoOf(Element element) {
  switch (element) {
    case Element::kF16:
      return {"f16", 2};
    case Element::kBf16:
      return {"bf16", 2};
    case Element::kTf32:
      return {"tf32", 4};
    case Element::kF32:
      return {"f32", 4};
    case Element::kE4m3:
      return {"e4m3", 1};
    case Element::kE5m2:
      return {"e5m2", 1};
    case Element::kS8:
      return {"s8", 1};
    case Element::kU8:
      return {"u8", 1};
    case Element::kS32:
      return {"s32", 4};
  }
  return {};
}

Bytes Elements(Element element, Content content, size_t bytes, uint64_t seed) {
  Bytes out(bytes);
  unsigned size = InfoOf(element).bytes;
  for (size_t i = 0; i + size <= bytes; i += size) {
    uint64_t bits = ElementBits(element, content, Mix(seed, i));
    for (unsigned b = 0; b < size; ++b) out[i + b] = static_cast<uint8_t>(bits >> (8 * b));
  }
  return out;
}

Bound AccumulationBound(Element a, bool f16_accumulator, unsigned products) {
  bool eight_bits = a == Element::kE4m3 || a == Element::kE5m2;
  double place = f16_accumulator ? 0x1p-9 : eight_bits ? 0x1p-12 : 0x1p-21;
  Bound bound;
  bound.absolute = 16.0 * products * place;
  return bound;
}

}  // namespace attnjit::micro
