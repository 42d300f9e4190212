// Elements of matrices: the values that products of matrices are tried with.
#ifndef ATTNJIT_TESTS_EMULATOR_MICRO_ELEMENTS_H_
#define ATTNJIT_TESTS_EMULATOR_MICRO_ELEMENTS_H_

#include <string>

#include "tests/emulator/micro/case.h"

namespace attnjit::micro {

enum class Element { kF16, kBf16, kTf32, kF32, kE4m3, kE5m2, kS8, kU8, kS32 };

enum class Content {
  kSmall,   ///< Integers from -4 to 4: sums of products are exact whatever their order.
  kRandom,  ///< Of a size from 2^-4 to below 4 and either sign; integers of 8 bits: any.
};

struct ElementInfo {
  const char* name;  ///< In PTX.
  unsigned bytes;
};
ElementInfo InfoOf(Element element);

/// `bytes` bytes of elements from the inputs' source.
Bytes Elements(Element element, Content content, size_t bytes, uint64_t seed);

/// How far an accumulator of `products` kRandom products may be from another's: the sum of the
/// products' sizes, each below 16, times the last place that the hardware keeps while it adds
/// (f32 accumulators of 16-bit and tf32 products: 2^-21; of 8-bit ones, which are added with fewer
/// bits: 2^-12; f16 accumulators: 2^-9).
Bound AccumulationBound(Element a, bool f16_accumulator, unsigned products);

}  // namespace attnjit::micro

#endif  // ATTNJIT_TESTS_EMULATOR_MICRO_ELEMENTS_H_
