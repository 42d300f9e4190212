// Keeping values out of registers.
#pragma once

#include "types.h"

namespace attnjit {

/// x, in a way that hides from the compiler that it does not change from one step of a loop to the
/// next: what is cheap to compute from it is computed where it is used, and takes no register
/// throughout the loop.
ATTNJIT_DEVICE u32 Recomputed(u32 x) {
  asm volatile("mov.b32 %0, %0;" : "+r"(x));
  return x;
}
ATTNJIT_DEVICE i64 Recomputed(i64 x) {
  asm volatile("mov.b64 %0, %0;" : "+l"(x));
  return x;
}

}  // namespace attnjit
