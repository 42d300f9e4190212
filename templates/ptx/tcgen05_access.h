// Tensor memory to registers and back (PTX ISA 9.7.16.8, shape 32x32b): lane l of the warp with id
// w has lane 32 (w % 4) + l of tensor memory, register i has column i. `tensor` is the address of
// the warp's first lane: lane << 16 | column. All lanes of a warp call these.
#pragma once

#include "types.h"

namespace attnjit {

/// Columns of one lane; complete when TensorWaitLoad returns.
ATTNJIT_DEVICE void TensorLoad(u32 (&v)[16], u32 tensor) {
  asm volatile(
      "tcgen05.ld.sync.aligned.32x32b.x16.b32 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, "
      "%8, %9, %10, %11, %12, %13, %14, %15}, [%16];\n"
      : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3]),
        "=r"(v[4]), "=r"(v[5]), "=r"(v[6]), "=r"(v[7]),
        "=r"(v[8]), "=r"(v[9]), "=r"(v[10]), "=r"(v[11]),
        "=r"(v[12]), "=r"(v[13]), "=r"(v[14]), "=r"(v[15])
      : "r"(tensor));
}
ATTNJIT_DEVICE void TensorLoad(u32 (&v)[32], u32 tensor) {
  asm volatile(
      "tcgen05.ld.sync.aligned.32x32b.x32.b32 {"
      "%0, %1, %2, %3, %4, %5, %6, %7, "
      "%8, %9, %10, %11, %12, %13, %14, %15, "
      "%16, %17, %18, %19, %20, %21, %22, %23, "
      "%24, %25, %26, %27, %28, %29, %30, %31}, [%32];\n"
      : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3]),
        "=r"(v[4]), "=r"(v[5]), "=r"(v[6]), "=r"(v[7]),
        "=r"(v[8]), "=r"(v[9]), "=r"(v[10]), "=r"(v[11]),
        "=r"(v[12]), "=r"(v[13]), "=r"(v[14]), "=r"(v[15]),
        "=r"(v[16]), "=r"(v[17]), "=r"(v[18]), "=r"(v[19]),
        "=r"(v[20]), "=r"(v[21]), "=r"(v[22]), "=r"(v[23]),
        "=r"(v[24]), "=r"(v[25]), "=r"(v[26]), "=r"(v[27]),
        "=r"(v[28]), "=r"(v[29]), "=r"(v[30]), "=r"(v[31])
      : "r"(tensor));
}

/// Takes the values at once; tensor memory has them when TensorWaitStore returns.
ATTNJIT_DEVICE void TensorStore(u32 tensor, const u32 (&v)[8]) {
  asm volatile(
      "tcgen05.st.sync.aligned.32x32b.x8.b32 [%0], {"
      "%1, %2, %3, %4, %5, %6, %7, %8};\n"
      ::"r"(tensor),
      "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3]),
      "r"(v[4]), "r"(v[5]), "r"(v[6]), "r"(v[7])
      : "memory");
}
ATTNJIT_DEVICE void TensorStore(u32 tensor, const u32 (&v)[16]) {
  asm volatile(
      "tcgen05.st.sync.aligned.32x32b.x16.b32 [%0], {"
      "%1, %2, %3, %4, %5, %6, %7, %8, "
      "%9, %10, %11, %12, %13, %14, %15, %16};\n"
      ::"r"(tensor),
      "r"(v[0]), "r"(v[1]), "r"(v[2]), "r"(v[3]),
      "r"(v[4]), "r"(v[5]), "r"(v[6]), "r"(v[7]),
      "r"(v[8]), "r"(v[9]), "r"(v[10]), "r"(v[11]),
      "r"(v[12]), "r"(v[13]), "r"(v[14]), "r"(v[15])
      : "memory");
}

/// Waits for this warp's loads, and for its stores.
ATTNJIT_DEVICE void TensorWaitLoad() {
  asm volatile("tcgen05.wait::ld.sync.aligned;\n" ::: "memory");
}
ATTNJIT_DEVICE void TensorWaitStore() {
  asm volatile("tcgen05.wait::st.sync.aligned;\n" ::: "memory");
}

}  // namespace attnjit
