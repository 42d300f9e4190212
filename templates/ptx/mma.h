// The warp's matrix product.
#pragma once

#include "problem.h"
#include "types.h"

namespace attnjit {

/// d += a * b for a 16 x 16 tile a (row-major) and a 16 x 8 tile b (column-major) of 16-bit
/// elements, accumulated in f32. PTX ISA 9.7.14.5.14 "mma"; fragments in 9.7.14.5.8. With
/// g = lane / 4, t = lane % 4:
///   a[r], elements k and k + 1 of row g + 8 * (r % 2), k = 2 * t + 8 * (r / 2)
///   b[r], elements k and k + 1 of column g,            k = 2 * t + 8 * r
///   d[r], row g + 8 * (r / 2), column 2 * t + r % 2
template <Element kElement>
ATTNJIT_DEVICE void Mma16x8x16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  if constexpr (kElement == Element::kBf16) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  } else {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, "
        "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  }
}

}  // namespace attnjit
