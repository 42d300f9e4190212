#include "tests/emulator/micro/kind.h"

#include <cstring>
#include <iterator>

namespace attnjit::micro {
namespace {

constexpr uint64_t kInts[] = {0,
                              1,
                              2,
                              0x7f,
                              0x80,
                              0xff,
                              0x7fff,
                              0x8000,
                              0xffff,
                              0x7fffffff,
                              0x80000000,
                              0xffffffff,
                              0x7fffffffffffffff,
                              0x8000000000000000,
                              0xffffffffffffffff,
                              0xfffffffffffffffe};
constexpr uint64_t kShifts[] = {0,  1,  5,  8,   16,  31,         32,         33,
                                63, 64, 65, 255, 256, 0x80000000, 0xffffffff, 24};
// 0, -0, 1, -1, least and greatest subnormal, least normal, greatest, infinities, NaN, 1.5.
constexpr uint64_t kF32s[] = {
    0,          0x80000000, 0x3f800000, 0xbf800000, 0x00000001, 0x807fffff, 0x00800000, 0x80800000,
    0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffa00001, 0x3fc00000, 0xc2fe0000};
constexpr uint64_t kF16s[] = {0,      0x8000, 0x3c00, 0xbc00, 0x0001, 0x83ff, 0x0400, 0x8400,
                              0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00, 0xfd01, 0x3e00, 0xd7f0};
constexpr uint64_t kBf16s[] = {0,      0x8000, 0x3f80, 0xbf80, 0x0001, 0x807f, 0x0080, 0x8080,
                               0x7f7f, 0xff7f, 0x7f80, 0xff80, 0x7fc0, 0xffa1, 0x3fc0, 0xc2fe};
constexpr uint64_t kF64s[] = {0,
                              0x8000000000000000,
                              0x3ff0000000000000,
                              0xbff0000000000000,
                              0x0000000000000001,
                              0x800fffffffffffff,
                              0x0010000000000000,
                              0x36a0000000000000,  // 2^-149, the least f32.
                              0x7fefffffffffffff,
                              0x47efffffe0000000,  // The greatest f32.
                              0x7ff0000000000000,
                              0xfff0000000000000,
                              0x7ff8000000000000,
                              0x41dfffffffc00000,  // 2^31 - 1.
                              0x3ff8000000000000,
                              0xc0e0000000000000};

constexpr unsigned kSpecials = 16;
static_assert(std::size(kInts) == kSpecials && std::size(kF64s) == kSpecials);

uint32_t FloatBits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

/// A random float of `exponent_bits` and `mantissa_bits`: half with an exponent within 4 of 1.0's,
/// so that sums cancel and round, half with any bits.
uint64_t RandomFloat(unsigned exponent_bits, unsigned mantissa_bits, uint64_t random) {
  unsigned width = 1 + exponent_bits + mantissa_bits;
  uint64_t mask = width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1;
  uint64_t any = (random >> 3 ^ random << 61) & mask;
  if (random & 1) return any;
  uint64_t bias = (uint64_t{1} << (exponent_bits - 1)) - 1;
  uint64_t exponent = bias - 4 + (random >> 1 & 7);
  uint64_t sign_and_mantissa = any & ~(((uint64_t{1} << exponent_bits) - 1) << mantissa_bits);
  return sign_and_mantissa | exponent << mantissa_bits;
}

uint64_t Special(Kind kind, unsigned which) {
  switch (kind) {
    case Kind::kPred:
      return which & 1;
    case Kind::kShift:
      return kShifts[which];
    case Kind::kF16:
      return kF16s[which];
    case Kind::kBf16:
      return kBf16s[which];
    case Kind::kF16x2:
      return kF16s[which] | kF16s[(which * 7 + 3) % kSpecials] << 16;
    case Kind::kBf16x2:
      return kBf16s[which] | kBf16s[(which * 7 + 3) % kSpecials] << 16;
    case Kind::kF32:
    case Kind::kF32Arg:
      return kF32s[which];
    case Kind::kF32x2:
      return kF32s[which] | kF32s[(which * 7 + 3) % kSpecials] << 32;
    case Kind::kF64:
      return kF64s[which];
    default:
      return kInts[which];
  }
}

uint64_t Random(Kind kind, uint64_t random) {
  switch (kind) {
    case Kind::kPred:
      return random & 1;
    case Kind::kShift:
      return random % 41;
    case Kind::kF16:
      return RandomFloat(5, 10, random);
    case Kind::kBf16:
      return RandomFloat(8, 7, random);
    case Kind::kF16x2:
      return RandomFloat(5, 10, random) | RandomFloat(5, 10, Mix(random, 1)) << 16;
    case Kind::kBf16x2:
      return RandomFloat(8, 7, random) | RandomFloat(8, 7, Mix(random, 1)) << 16;
    case Kind::kF32:
      return RandomFloat(8, 23, random);
    case Kind::kF32Arg:
      return FloatBits(static_cast<float>((static_cast<double>(random >> 11) * 0x1p-53 - 0.5) *
                                          (random & 1 ? 6 : 200)));
    case Kind::kF32x2:
      return RandomFloat(8, 23, random) | RandomFloat(8, 23, Mix(random, 1)) << 32;
    case Kind::kF64:
      return RandomFloat(11, 52, random);
    default:
      return random >> (random & 1 ? 0 : random >> 1 & 63);
  }
}

uint64_t OneNan(unsigned exponent_bits, unsigned mantissa_bits, uint64_t bits) {
  uint64_t mantissa = bits & ((uint64_t{1} << mantissa_bits) - 1);
  uint64_t top = (uint64_t{1} << exponent_bits) - 1;
  bool nan = (bits >> mantissa_bits & top) == top && mantissa != 0;
  return nan ? (uint64_t{1} << (exponent_bits + mantissa_bits)) - 1 : bits;
}

}  // namespace

KindInfo InfoOf(Kind kind) {
  switch (kind) {
    case Kind::kPred:
      return {"pred", "u32", 4};
    case Kind::kU8:
      return {"b16", "u8", 1};
    case Kind::kU16:
      return {"b16", "b16", 2};
    case Kind::kF16:
    case Kind::kBf16:
    case Kind::kE4m3x2:
    case Kind::kE5m2x2:
      return {"b16", "b16", 2};
    case Kind::kF32:
    case Kind::kF32Arg:
      return {"f32", "f32", 4};
    case Kind::kF64:
      return {"f64", "f64", 8};
    case Kind::kU64:
    case Kind::kF32x2:
      return {"b64", "b64", 8};
    default:
      return {"b32", "b32", 4};
  }
}

uint64_t Mix(uint64_t seed, uint64_t index) {
  uint64_t z = seed * 0xd1342543de82ef95 + (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

uint64_t ValueOf(Kind kind, unsigned ordinal, uint64_t index, uint64_t seed) {
  // 8 of the 16 special values take turns in a pair, so that 128 elements hold all pairs of them
  // with one operand's evens and the other's all; a third operand follows the random source.
  constexpr uint64_t kPairs = 128;
  uint64_t random = Mix(seed ^ (uint64_t{ordinal} << 56), index);
  if (index < kPairs) {
    if (ordinal == 0) return Special(kind, index % kSpecials);
    if (ordinal == 1) return Special(kind, (index / kSpecials * 2 + index % 2) % kSpecials);
    return Special(kind, random % kSpecials);
  }
  if (random % 16 == 0) return Special(kind, random >> 8 & (kSpecials - 1));
  return Random(kind, Mix(random, index));
}

uint64_t WithOneNan(Kind kind, uint64_t bits) {
  switch (kind) {
    case Kind::kF16:
      return OneNan(5, 10, bits);
    case Kind::kBf16:
      return OneNan(8, 7, bits);
    case Kind::kF16x2:
      return OneNan(5, 10, bits & 0xffff) | OneNan(5, 10, bits >> 16) << 16;
    case Kind::kBf16x2:
      return OneNan(8, 7, bits & 0xffff) | OneNan(8, 7, bits >> 16) << 16;
    case Kind::kF32:
    case Kind::kF32Arg:
      return OneNan(8, 23, bits);
    case Kind::kF32x2:
      return OneNan(8, 23, bits & 0xffffffff) | OneNan(8, 23, bits >> 32) << 32;
    case Kind::kF64:
      return OneNan(11, 52, bits);
    default:
      return bits;
  }
}

}  // namespace attnjit::micro
