// 16-bit floats as bits: bf16 and IEEE fp16, to float and back with round to nearest even.
//
// Vectorisable: no tables, no branches that the compiler cannot turn into selects.
#ifndef ATTNJIT_TESTS_REFERENCE_HALF_H_
#define ATTNJIT_TESTS_REFERENCE_HALF_H_

#include <bit>
#include <cstdint>
#include <limits>

#include "templates/problem.h"

namespace attnjit {

inline float Bf16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }

inline uint16_t FloatToBf16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  uint32_t quiet_nan = (bits >> 16) | 0x40;
  return static_cast<uint16_t>(value != value ? quiet_nan : rounded);
}

inline float Fp16ToFloat(uint16_t bits) {
  // The exponent is rebased by a multiplication, which also makes subnormals normal.
  uint32_t magnitude = uint32_t{bits} & 0x7FFF;
  float scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  uint32_t result = std::bit_cast<uint32_t>(scaled);
  result |= magnitude >= 0x7C00 ? 0x7F800000u : 0u;
  return std::bit_cast<float>(result | (uint32_t{bits} & 0x8000) << 16);
}

inline uint16_t FloatToFp16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7FFFFFFF;
  // Normal results: add the rounding bias, then rebase the exponent from 127 to 15.
  uint32_t normal = (magnitude + 0xFFF + ((magnitude >> 13) & 1) - (112u << 23)) >> 13;
  // Subnormal results: adding 2^-1 makes the float unit round at 2^-24.
  uint32_t subnormal =
      std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3F000000u;
  uint32_t result = magnitude < (113u << 23) ? subnormal : normal;
  result = magnitude >= 0x477FF000u ? 0x7C00u : result;  // 65520 and up: infinity.
  result = magnitude > 0x7F800000u ? 0x7E00u | (magnitude >> 13 & 0x3FF) : result;  // NaN.
  return static_cast<uint16_t>(result | sign);
}

inline float ToFloat(Element element, uint16_t bits) {
  return element == Element::kBf16 ? Bf16ToFloat(bits) : Fp16ToFloat(bits);
}

inline uint16_t FromFloat(Element element, float value) {
  return element == Element::kBf16 ? FloatToBf16(value) : FloatToFp16(value);
}

/// `value` rounded to the element type.
inline float RoundTo(Element element, float value) {
  return ToFloat(element, FromFloat(element, value));
}

/// The largest finite value of the element type.
inline float MaxFinite(Element element) {
  return element == Element::kBf16 ? Bf16ToFloat(0x7F7F) : 65504.0f;
}

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_HALF_H_
