// A ring of stages that roles walk at their own pace.
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

}  // namespace attnjit
