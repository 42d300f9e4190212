// wgmma.mma_async.m64n104k16 with fp32 accumulators (PTX ISA 9.7.15.5).
// Made by tools/generate_wgmma.py.
#pragma once

#include "ptx/wgmma.h"

#define ATTNJIT_D \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
  "%48, %49, %50, %51}"
#define ATTNJIT_D_OPERANDS \
  "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), \
  "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), \
  "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), \
  "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), \
  "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), \
  "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), \
  "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), \
  "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), \
  "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51])
#define ATTNJIT_WGMMA(TYPE) "wgmma.mma_async.sync.aligned.m64n104k16.f32." TYPE "." TYPE " " ATTNJIT_D

#define ATTNJIT_SS1(TYPE) \
  asm volatile( \
      "{\n.reg .pred p;\nsetp.ne.b32 p, %54, 0;\n" \
      ATTNJIT_WGMMA(TYPE) ", %52, %53, p, 1, 1, 0, %55;\n" \
      "}\n" \
      : ATTNJIT_D_OPERANDS \
      : "l"(a[0]), "l"(b[0]), "r"(static_cast<int>(accumulate)), "n"(kTransposeB))
#define ATTNJIT_SS4(TYPE) \
  asm volatile( \
      "{\n.reg .pred p;\nsetp.ne.b32 p, %60, 0;\n" \
      ATTNJIT_WGMMA(TYPE) ", %52, %56, p, 1, 1, 0, %61;\n" \
      ATTNJIT_WGMMA(TYPE) ", %53, %57, 1, 1, 1, 0, %61;\n" \
      ATTNJIT_WGMMA(TYPE) ", %54, %58, 1, 1, 1, 0, %61;\n" \
      ATTNJIT_WGMMA(TYPE) ", %55, %59, 1, 1, 1, 0, %61;\n" \
      "}\n" \
      : ATTNJIT_D_OPERANDS \
      : "l"(a[0]), "l"(a[1]), "l"(a[2]), "l"(a[3]), "l"(b[0]), "l"(b[1]), "l"(b[2]), "l"(b[3]), "r"(static_cast<int>(accumulate)), "n"(kTransposeB))
#define ATTNJIT_RS1(TYPE) \
  asm volatile( \
      ATTNJIT_WGMMA(TYPE) ", {%52, %53, %54, %55}, %56, 1, 1, 1, %57;\n" \
      : ATTNJIT_D_OPERANDS \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b[0]), "n"(kTransposeB))
#define ATTNJIT_RS4(TYPE) \
  asm volatile( \
      ATTNJIT_WGMMA(TYPE) ", {%52, %53, %54, %55}, %68, 1, 1, 1, %72;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%56, %57, %58, %59}, %69, 1, 1, 1, %72;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%60, %61, %62, %63}, %70, 1, 1, 1, %72;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%64, %65, %66, %67}, %71, 1, 1, 1, %72;\n" \
      : ATTNJIT_D_OPERANDS \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]), "r"(a[6]), "r"(a[7]), "r"(a[8]), "r"(a[9]), "r"(a[10]), "r"(a[11]), "r"(a[12]), "r"(a[13]), "r"(a[14]), "r"(a[15]), "l"(b[0]), "l"(b[1]), "l"(b[2]), "l"(b[3]), "n"(kTransposeB))

namespace attnjit {

template <Element kElement, int kTransposeB>
struct Wgmma<104, kElement, kTransposeB> {
  static ATTNJIT_DEVICE void SharedShared(float (&d)[52], const u64 (&a)[1], const u64 (&b)[1], bool accumulate) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_SS1("bf16");
    } else {
      ATTNJIT_SS1("f16");
    }
  }

  static ATTNJIT_DEVICE void SharedShared(float (&d)[52], const u64 (&a)[4], const u64 (&b)[4], bool accumulate) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_SS4("bf16");
    } else {
      ATTNJIT_SS4("f16");
    }
  }

  static ATTNJIT_DEVICE void RegisterShared(float (&d)[52], const u32 (&a)[4], const u64 (&b)[1]) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_RS1("bf16");
    } else {
      ATTNJIT_RS1("f16");
    }
  }

  static ATTNJIT_DEVICE void RegisterShared(float (&d)[52], const u32 (&a)[16], const u64 (&b)[4]) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_RS4("bf16");
    } else {
      ATTNJIT_RS4("f16");
    }
  }

  static ATTNJIT_DEVICE void Pin(float (&d)[52]) {
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
