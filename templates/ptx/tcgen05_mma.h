// Matrix products into tensor memory (PTX ISA 9.7.16.10), of 16-bit operands and f32 sums.
//
// D [M x N] (+)= A [M x 16] B [16 x N]. kGroup 1: M = 128, and row m is lane m. kGroup 2: M = 256
// over a pair of CTAs, row m is lane m % 128 of CTA m / 128, which has these rows of A and D and
// one half of B's columns; one thread of the even CTA issues.
#pragma once

#include "problem.h"
#include "types.h"

namespace attnjit {

/// The parts of a shared-memory descriptor that do not depend on the address (PTX ISA 9.7.16.4.1):
/// bits 16-29 leading byte offset >> 4, 32-45 stride byte offset >> 4, 46-48 always 1, 61-63
/// swizzle (2: 128 bytes, 4: 64, 6: 32). The base offset is 0: tiles start at multiples of the
/// pattern.
ATTNJIT_HOST_DEVICE constexpr u64 TensorOperand(int leading_bytes, int stride_bytes,
                                                int swizzle_bytes) {
  const u64 swizzle = swizzle_bytes == 128 ? 2 : swizzle_bytes == 64 ? 4 : 6;
  return (static_cast<u64>((leading_bytes >> 4) & 0x3fff) << 16) |
         (static_cast<u64>((stride_bytes >> 4) & 0x3fff) << 32) | (u64{1} << 46) | (swizzle << 61);
}

/// The instruction descriptor (PTX ISA 9.7.16.4.2): bits 4-5 D is f32, 7-9 and 10-12 A's and B's
/// type, 16 B is N-major, 17-22 N >> 3, 24-28 M >> 4.
template <Element kElement>
ATTNJIT_HOST_DEVICE constexpr u32 ProductShape(int m, int n, bool transpose_b) {
  const u32 type = kElement == Element::kBf16 ? 1 : 0;
  return 1u << 4 | type << 7 | type << 10 | static_cast<u32>(transpose_b) << 16 |
         static_cast<u32>(n >> 3) << 17 | static_cast<u32>(m >> 4) << 24;
}

/// Bits 0-13: the start address >> 4. `smem` is an address in the shared window.
ATTNJIT_DEVICE u64 TensorOperandAddress(u32 smem) { return (smem & 0x3ffff) >> 4; }

/// A and B in shared memory; `accumulate` false overwrites D. One thread calls it.
template <int kGroup>
ATTNJIT_DEVICE void ProductShared(u32 d, u64 a, u64 b, u32 shape, bool accumulate) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.u32 p, %4, 0;\n"
      "tcgen05.mma.cta_group::%5.kind::f16 [%0], %1, %2, %3, p;\n}\n" ::"r"(d),
      "l"(a), "l"(b), "r"(shape), "r"(static_cast<u32>(accumulate)), "n"(kGroup)
      : "memory");
}

/// A in tensor memory, two elements of a row in each column.
template <int kGroup>
ATTNJIT_DEVICE void ProductTensor(u32 d, u32 a, u64 b, u32 shape, bool accumulate) {
  asm volatile(
      "{\n.reg .pred p;\nsetp.ne.u32 p, %4, 0;\n"
      "tcgen05.mma.cta_group::%5.kind::f16 [%0], [%1], %2, %3, p;\n}\n" ::"r"(d),
      "r"(a), "l"(b), "r"(shape), "r"(static_cast<u32>(accumulate)), "n"(kGroup)
      : "memory");
}

}  // namespace attnjit
