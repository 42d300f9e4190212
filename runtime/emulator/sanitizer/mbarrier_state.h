// The monitor's copy of one mbarrier, and what is released through it.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MBARRIER_STATE_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MBARRIER_STATE_H_

#include <cstdint>
#include <vector>

#include "runtime/emulator/sanitizer/knowledge.h"
#include "runtime/emulator/sanitizer/shadow.h"

namespace attnjit::emulator {

/// What is released to an object: `pending` until a barrier or phase completes, then `current`.
struct SyncState {
  Published pending;
  Published current;

  void Complete() {
    current.Join(pending);
    pending.Clear();
  }
};

/// PTX ISA 9.7.13.15: a phase completes when pending arrivals and pending bytes are both 0.
struct MbarrierState {
  static constexpr int64_t kMaxCount = (1 << 20) - 1;

  struct Waiter {
    WarpId warp;
    LaneMask lanes;
    uint64_t phase;  ///< That it waits for.
    Pc pc;
  };

  ShadowAccess init;    ///< Who initialised it.
  bool fenced = false;  ///< fence.mbarrier_init or fence.proxy.async by that thread.
  int64_t count = 0;    ///< Arrivals that later phases expect.
  int64_t pending = 0;  ///< Arrivals that this phase still expects.
  int64_t bytes = 0;    ///< Pending transaction count.
  uint64_t phase = 0;   ///< Completed phases.
  SyncState sync;
  std::vector<Waiter> waiters;
  std::vector<ShadowAccess> remote;  ///< Last arrivals from other CTAs, one for each agent.

  /// Completes the phase if it is complete.
  bool Advance() {
    if (pending != 0 || bytes != 0) return false;
    ++phase;
    pending = count;
    sync.Complete();
    return true;
  }
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MBARRIER_STATE_H_
