// Where a role is at barriers: in a ring of stages, or at single ones.
#pragma once

#include "types.h"

namespace attnjit {

/// Position in a ring of stages, and the parity of its current lap.
struct Ring {
  int stage = 0;
  u32 parity = 0;

  ATTNJIT_DEVICE void Advance(int stages) {
    if (++stage == stages) {
      stage = 0;
      parity ^= 1;
    }
  }
};

/// Parities of up to 32 barriers, in one register.
struct Parities {
  u32 bits = 0;

  ATTNJIT_DEVICE u32 Of(int index) const { return bits >> index & 1; }
  ATTNJIT_DEVICE void Flip(int index) { bits ^= 1u << index; }
};

}  // namespace attnjit
