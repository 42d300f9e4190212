#include "runtime/emulator/ops/thread_fence.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace attnjit::emulator {
namespace {

/// A warp's, in StateSlot::kBarriers.
struct WarpFences {
  struct Observed {
    uint32_t mbarrier;
    uint32_t lanes;
  };
  uint32_t released = 0;
  llvm::SmallVector<Observed, 4> observed;
};

WarpFences& FencesOf(Warp& warp) { return warp.State<WarpFences>(StateSlot::kBarriers); }

}  // namespace

void FenceThreads(Warp& warp, FenceKind kind, Pc pc, uint32_t lanes) {
  Monitor* monitor = warp.monitor();
  if (monitor == nullptr) return;
  WarpFences& fences = FencesOf(warp);
  if (kind != FenceKind::kAcquire) fences.released |= lanes;
  if (kind == FenceKind::kRelease) return;
  for (WarpFences::Observed& observed : fences.observed) {
    const uint32_t acquired = observed.lanes & lanes;
    if (acquired != 0) monitor->MbarrierObserve(warp.id(), acquired, observed.mbarrier, pc);
    observed.lanes &= ~lanes;
  }
  llvm::erase_if(fences.observed,
                 [](const WarpFences::Observed& observed) { return observed.lanes == 0; });
}

uint32_t ReleasedByFence(Warp& warp, uint32_t lanes) {
  return warp.HasState(StateSlot::kBarriers) ? FencesOf(warp).released & lanes : 0;
}

void ObservedRelaxed(Warp& warp, uint32_t lanes, uint32_t mbarrier) {
  if (warp.monitor() == nullptr) return;
  for (WarpFences::Observed& observed : FencesOf(warp).observed) {
    if (observed.mbarrier == mbarrier) {
      observed.lanes |= lanes;
      return;
    }
  }
  FencesOf(warp).observed.push_back({mbarrier, lanes});
}

}  // namespace attnjit::emulator
