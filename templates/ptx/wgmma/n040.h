// wgmma.mma_async.m64n40k16 with fp32 accumulators (PTX ISA 9.7.15.5).
// Made by tools/generate_wgmma.py.
#pragma once

#include "ptx/wgmma.h"

#define ATTNJIT_D \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19}"
#define ATTNJIT_D_OPERANDS \
  "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), \
  "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), \
  "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), \
  "+f"(d[18]), "+f"(d[19])
#define ATTNJIT_WGMMA(TYPE) "wgmma.mma_async.sync.aligned.m64n40k16.f32." TYPE "." TYPE " " ATTNJIT_D

#define ATTNJIT_SS1(TYPE) \
  asm volatile( \
      "{\n.reg .pred p;\nsetp.ne.b32 p, %22, 0;\n" \
      ATTNJIT_WGMMA(TYPE) ", %20, %21, p, 1, 1, 0, %23;\n" \
      "}\n" \
      : ATTNJIT_D_OPERANDS \
      : "l"(a[0]), "l"(b[0]), "r"(static_cast<int>(accumulate)), "n"(kTransposeB))
#define ATTNJIT_SS4(TYPE) \
  asm volatile( \
      "{\n.reg .pred p;\nsetp.ne.b32 p, %28, 0;\n" \
      ATTNJIT_WGMMA(TYPE) ", %20, %24, p, 1, 1, 0, %29;\n" \
      ATTNJIT_WGMMA(TYPE) ", %21, %25, 1, 1, 1, 0, %29;\n" \
      ATTNJIT_WGMMA(TYPE) ", %22, %26, 1, 1, 1, 0, %29;\n" \
      ATTNJIT_WGMMA(TYPE) ", %23, %27, 1, 1, 1, 0, %29;\n" \
      "}\n" \
      : ATTNJIT_D_OPERANDS \
      : "l"(a[0]), "l"(a[1]), "l"(a[2]), "l"(a[3]), "l"(b[0]), "l"(b[1]), "l"(b[2]), "l"(b[3]), "r"(static_cast<int>(accumulate)), "n"(kTransposeB))
#define ATTNJIT_RS1(TYPE) \
  asm volatile( \
      ATTNJIT_WGMMA(TYPE) ", {%20, %21, %22, %23}, %24, 1, 1, 1, %25;\n" \
      : ATTNJIT_D_OPERANDS \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b[0]), "n"(kTransposeB))
#define ATTNJIT_RS4(TYPE) \
  asm volatile( \
      ATTNJIT_WGMMA(TYPE) ", {%20, %21, %22, %23}, %36, 1, 1, 1, %40;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%24, %25, %26, %27}, %37, 1, 1, 1, %40;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%28, %29, %30, %31}, %38, 1, 1, 1, %40;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%32, %33, %34, %35}, %39, 1, 1, 1, %40;\n" \
      : ATTNJIT_D_OPERANDS \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]), "r"(a[6]), "r"(a[7]), "r"(a[8]), "r"(a[9]), "r"(a[10]), "r"(a[11]), "r"(a[12]), "r"(a[13]), "r"(a[14]), "r"(a[15]), "l"(b[0]), "l"(b[1]), "l"(b[2]), "l"(b[3]), "n"(kTransposeB))

namespace attnjit {

template <Element kElement, int kTransposeB>
struct Wgmma<40, kElement, kTransposeB> {
  static ATTNJIT_DEVICE void SharedShared(float (&d)[20], const u64 (&a)[1], const u64 (&b)[1], bool accumulate) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_SS1("bf16");
    } else {
      ATTNJIT_SS1("f16");
    }
  }

  static ATTNJIT_DEVICE void SharedShared(float (&d)[20], const u64 (&a)[4], const u64 (&b)[4], bool accumulate) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_SS4("bf16");
    } else {
      ATTNJIT_SS4("f16");
    }
  }

  static ATTNJIT_DEVICE void RegisterShared(float (&d)[20], const u32 (&a)[4], const u64 (&b)[1]) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_RS1("bf16");
    } else {
      ATTNJIT_RS1("f16");
    }
  }

  static ATTNJIT_DEVICE void RegisterShared(float (&d)[20], const u32 (&a)[16], const u64 (&b)[4]) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_RS4("bf16");
    } else {
      ATTNJIT_RS4("f16");
    }
  }

  static ATTNJIT_DEVICE void Pin(float (&d)[20]) {
    asm volatile("" : ATTNJIT_D_OPERANDS : : "memory");
  }
};

}  // namespace attnjit

#undef ATTNJIT_RS4
#undef ATTNJIT_RS1
#undef ATTNJIT_SS4
#undef ATTNJIT_SS1
#undef ATTNJIT_WGMMA
#undef ATTNJIT_D_OPERANDS
#undef ATTNJIT_D
