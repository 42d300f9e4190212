// The block's place in the grid.
#pragma once

#include "types.h"

namespace attnjit {

/// blockIdx.x, read anew by each call: what follows from it can be computed again where it is
/// needed instead of staying in registers. PTX ISA 10.6 "%ctaid".
ATTNJIT_DEVICE i32 BlockIndex() {
  i32 index;
  asm volatile("mov.u32 %0, %%ctaid.x;" : "=r"(index));
  return index;
}

}  // namespace attnjit
