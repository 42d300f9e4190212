// The kinds of values that micro-programs read and write: how PTX holds them, and the values that
// inputs take.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_KIND_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_KIND_H_

#include <cstdint>

namespace attnjit::micro {

enum class Kind {
  kPred,  ///< 0 or 1 in memory, a predicate in a register.
  kU8,    ///< Zero-extended in a 16-bit register.
  kU16,
  kU32,
  kU64,
  kShift,  ///< A 32-bit shift count or bit position: mostly 0..40, some huge.
  kF16,
  kBf16,
  kF16x2,
  kBf16x2,
  kF32,
  kF32Arg,  ///< An f32 in [-100, 100], special values too: arguments of sin, cos, ex2, tanh.
  kF32x2,   ///< Two f32 in a 64-bit register.
  kF64,
  kE4m3x2,
  kE5m2x2,
};

struct KindInfo {
  const char* reg;   ///< The register's type, without the dot.
  const char* move;  ///< The type of its loads and stores.
  unsigned bytes;    ///< In memory.
};

KindInfo InfoOf(Kind kind);

/// Element `index` of operand `ordinal`: a pure function of its arguments. The first elements pair
/// every special value of one operand with every one of the next; the rest are pseudo-random bits
/// (SplitMix64), for floats with exponents near each other as often as not.
uint64_t ValueOf(Kind kind, unsigned ordinal, uint64_t index, uint64_t seed);

/// SplitMix64's output function of (seed, index): the pseudo-random source of every input.
uint64_t Mix(uint64_t seed, uint64_t index);

/// `bits` with every NaN of each element of `kind` replaced by one and the same; other kinds as
/// they are. PTX leaves the payload of a computed NaN open.
uint64_t WithOneNan(Kind kind, uint64_t bits);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_KIND_H_
