// wgmma.mma_async.m64n232k16 with fp32 accumulators (PTX ISA 9.7.15.5).
// Made by tools/generate_wgmma.py.
#pragma once

#include "ptx/wgmma.h"

#define ATTNJIT_D \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
  "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
  "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, " \
  "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, " \
  "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, " \
  "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, " \
  "%112, %113, %114, %115}"
#define ATTNJIT_D_OPERANDS \
  "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), \
  "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), \
  "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]), \
  "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), \
  "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), \
  "+f"(d[30]), "+f"(d[31]), "+f"(d[32]), "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), \
  "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]), "+f"(d[41]), \
  "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), \
  "+f"(d[48]), "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), \
  "+f"(d[54]), "+f"(d[55]), "+f"(d[56]), "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), \
  "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63]), "+f"(d[64]), "+f"(d[65]), \
  "+f"(d[66]), "+f"(d[67]), "+f"(d[68]), "+f"(d[69]), "+f"(d[70]), "+f"(d[71]), \
  "+f"(d[72]), "+f"(d[73]), "+f"(d[74]), "+f"(d[75]), "+f"(d[76]), "+f"(d[77]), \
  "+f"(d[78]), "+f"(d[79]), "+f"(d[80]), "+f"(d[81]), "+f"(d[82]), "+f"(d[83]), \
  "+f"(d[84]), "+f"(d[85]), "+f"(d[86]), "+f"(d[87]), "+f"(d[88]), "+f"(d[89]), \
  "+f"(d[90]), "+f"(d[91]), "+f"(d[92]), "+f"(d[93]), "+f"(d[94]), "+f"(d[95]), \
  "+f"(d[96]), "+f"(d[97]), "+f"(d[98]), "+f"(d[99]), "+f"(d[100]), "+f"(d[101]), \
  "+f"(d[102]), "+f"(d[103]), "+f"(d[104]), "+f"(d[105]), "+f"(d[106]), "+f"(d[107]), \
  "+f"(d[108]), "+f"(d[109]), "+f"(d[110]), "+f"(d[111]), "+f"(d[112]), "+f"(d[113]), \
  "+f"(d[114]), "+f"(d[115])
#define ATTNJIT_WGMMA(TYPE) "wgmma.mma_async.sync.aligned.m64n232k16.f32." TYPE "." TYPE " " ATTNJIT_D

#define ATTNJIT_SS1(TYPE) \
  asm volatile( \
      "{\n.reg .pred p;\nsetp.ne.b32 p, %118, 0;\n" \
      ATTNJIT_WGMMA(TYPE) ", %116, %117, p, 1, 1, 0, %119;\n" \
      "}\n" \
      : ATTNJIT_D_OPERANDS \
      : "l"(a[0]), "l"(b[0]), "r"(static_cast<int>(accumulate)), "n"(kTransposeB))
#define ATTNJIT_SS4(TYPE) \
  asm volatile( \
      "{\n.reg .pred p;\nsetp.ne.b32 p, %124, 0;\n" \
      ATTNJIT_WGMMA(TYPE) ", %116, %120, p, 1, 1, 0, %125;\n" \
      ATTNJIT_WGMMA(TYPE) ", %117, %121, 1, 1, 1, 0, %125;\n" \
      ATTNJIT_WGMMA(TYPE) ", %118, %122, 1, 1, 1, 0, %125;\n" \
      ATTNJIT_WGMMA(TYPE) ", %119, %123, 1, 1, 1, 0, %125;\n" \
      "}\n" \
      : ATTNJIT_D_OPERANDS \
      : "l"(a[0]), "l"(a[1]), "l"(a[2]), "l"(a[3]), "l"(b[0]), "l"(b[1]), "l"(b[2]), "l"(b[3]), "r"(static_cast<int>(accumulate)), "n"(kTransposeB))
#define ATTNJIT_RS1(TYPE) \
  asm volatile( \
      ATTNJIT_WGMMA(TYPE) ", {%116, %117, %118, %119}, %120, 1, 1, 1, %121;\n" \
      : ATTNJIT_D_OPERANDS \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b[0]), "n"(kTransposeB))
#define ATTNJIT_RS4(TYPE) \
  asm volatile( \
      ATTNJIT_WGMMA(TYPE) ", {%116, %117, %118, %119}, %132, 1, 1, 1, %136;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%120, %121, %122, %123}, %133, 1, 1, 1, %136;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%124, %125, %126, %127}, %134, 1, 1, 1, %136;\n" \
      ATTNJIT_WGMMA(TYPE) ", {%128, %129, %130, %131}, %135, 1, 1, 1, %136;\n" \
      : ATTNJIT_D_OPERANDS \
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5]), "r"(a[6]), "r"(a[7]), "r"(a[8]), "r"(a[9]), "r"(a[10]), "r"(a[11]), "r"(a[12]), "r"(a[13]), "r"(a[14]), "r"(a[15]), "l"(b[0]), "l"(b[1]), "l"(b[2]), "l"(b[3]), "n"(kTransposeB))

namespace attnjit {

template <Element kElement, int kTransposeB>
struct Wgmma<232, kElement, kTransposeB> {
  static ATTNJIT_DEVICE void SharedShared(float (&d)[116], const u64 (&a)[1], const u64 (&b)[1], bool accumulate) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_SS1("bf16");
    } else {
      ATTNJIT_SS1("f16");
    }
  }

  static ATTNJIT_DEVICE void SharedShared(float (&d)[116], const u64 (&a)[4], const u64 (&b)[4], bool accumulate) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_SS4("bf16");
    } else {
      ATTNJIT_SS4("f16");
    }
  }

  static ATTNJIT_DEVICE void RegisterShared(float (&d)[116], const u32 (&a)[4], const u64 (&b)[1]) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_RS1("bf16");
    } else {
      ATTNJIT_RS1("f16");
    }
  }

  static ATTNJIT_DEVICE void RegisterShared(float (&d)[116], const u32 (&a)[16], const u64 (&b)[4]) {
    if constexpr (kElement == Element::kBf16) {
      ATTNJIT_RS4("bf16");
    } else {
      ATTNJIT_RS4("f16");
    }
  }

  static ATTNJIT_DEVICE void Pin(float (&d)[116]) {
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
