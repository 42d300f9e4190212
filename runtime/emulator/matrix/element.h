// Element types of matrix operands and their conversions.
//
// Sources: PTX ISA 9.x "Alternate floating-point data formats" and the OCP 8-bit and microscaling
// formats for e4m3 (bias 7, no infinity, NaN 0x7f), e5m2 (IEEE-like, bias 15), e2m3 (bias 1), e3m2
// (bias 3) and e2m1 (bias 1); the last three have neither infinities nor NaN. tf32 keeps the upper
// 19 bits of an f32: the lower 13 are cut off, as the ISA says for wgmma.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_ELEMENT_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_ELEMENT_H_

#include <cstdint>

namespace attnjit::emulator {

enum class ElementType : uint8_t {
  kF16,
  kBf16,
  kTf32,
  kE4m3,
  kE5m2,
  kE2m3,
  kE3m2,
  kE2m1,
  kS8,
  kU8,
};

/// "bf16".
const char* ElementName(ElementType type);

/// Bytes of an element's place in registers, tensor memory and a 16-byte chunk of shared memory: 4,
/// 2 or 1. The 6- and 4-bit types count as 1: 16 of them lie in 16 bytes, padded (see DecodeChunk).
constexpr int ElementBytes(ElementType type) {
  switch (type) {
    case ElementType::kTf32:
      return 4;
    case ElementType::kF16:
    case ElementType::kBf16:
      return 2;
    default:
      return 1;
  }
}

constexpr bool IsInteger(ElementType type) {
  return type == ElementType::kS8 || type == ElementType::kU8;
}

/// Narrower than a byte: e2m3, e3m2 (6 bits) and e2m1 (4 bits).
constexpr bool IsSubByte(ElementType type) {
  return type == ElementType::kE2m3 || type == ElementType::kE3m2 || type == ElementType::kE2m1;
}

/// The value of one element, exactly. Bits above the element's container are ignored. A 6-bit
/// element is in the container's lower 6 bits, e2m1 in its central 4 (PTX ISA, mma, packing).
float ElementToFloat(ElementType type, uint32_t bits);

/// Decodes the 16 / ElementBytes(type) elements of a 16-byte chunk of shared memory. 6-bit elements
/// are packed into the first 12 bytes and 4-bit ones into the first 8, low bits first; the rest is
/// padding (PTX ISA, b6x16_p32 and b4x16_p64).
void DecodeChunk(ElementType type, const uint8_t* chunk, float* values);

/// Decodes `count` register or tensor memory words of 4 / ElementBytes(type) elements each.
void DecodeWords(ElementType type, const uint32_t* words, int count, float* values);

float HalfToFloat(uint16_t bits);
float Bf16ToFloat(uint16_t bits);
/// Round to nearest, ties to even; overflow gives infinity, NaN the canonical 0x7fff.
uint16_t FloatToHalf(float value);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_ELEMENT_H_
