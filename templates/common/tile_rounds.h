// Which tiles one of several persistent workers takes (docs/adr/0006).
#pragma once

#include "types.h"

namespace attnjit {

/// Calls body(linear) for every turn of worker `worker` of `workers`. Rounds of `workers` turns run
/// forwards and backwards in turn: tiles come heaviest first, so the worker that took the heaviest
/// of one round takes the lightest of the next. Sections of heads are whole rounds.
template <class Body>
ATTNJIT_DEVICE void ForEachRound(i32 num_slots, i32 worker, i32 workers, Body&& body) {
  i32 in_round = worker;
  for (i32 round = 0; round < num_slots; round += workers) {
    const i32 linear = round + in_round;
    in_round = workers - 1 - in_round;
    if (linear < num_slots) body(linear);
  }
}

}  // namespace attnjit
