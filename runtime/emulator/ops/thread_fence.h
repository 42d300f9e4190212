// Thread fences, as far as they make relaxed barriers order memory (PTX ISA 9.1, 8.9: release and
// acquire patterns). Only the sanitizer needs it.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_THREAD_FENCE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_THREAD_FENCE_H_

#include <cstdint>

#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {

enum class FenceKind : uint8_t { kBoth, kAcquire, kRelease };

/// A fence of `lanes`. Release: their later relaxed arrivals release. Acquire: what they observed
/// relaxed before is acquired now. What a lane does between its fence and its relaxed arrival
/// counts as fenced, too: races there are missed.
void FenceThreads(Warp& warp, FenceKind kind, Pc pc, uint32_t lanes);

/// Those of `lanes` that have executed a release fence.
uint32_t ReleasedByFence(Warp& warp, uint32_t lanes);

/// A relaxed wait of `lanes` on an mbarrier succeeded: a later acquire fence acquires it.
void ObservedRelaxed(Warp& warp, uint32_t lanes, uint32_t mbarrier);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_THREAD_FENCE_H_
