#include "runtime/emulator/ops/memory_order.h"

#include <bit>

namespace attnjit::emulator {
namespace {

SyncObject ObjectAt(Space space, uint64_t address) {
  const bool shared = space == Space::kShared || space == Space::kSharedCluster ||
                      (space == Space::kGeneric && (address & kGenericMask) == kGenericShared);
  return {shared ? SyncObject::kShared : SyncObject::kGlobal, address & ~kGenericMask};
}

/// Calls f(object, lanes) for the lanes of each address.
template <class F>
void ForEachObject(Space space, const uint64_t* addresses, uint32_t lanes, F&& f) {
  while (lanes != 0) {
    const uint64_t address = addresses[std::countr_zero(lanes)];
    uint32_t same = 0;
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      const int l = std::countr_zero(rest);
      if (addresses[l] == address) same |= 1u << l;
    }
    f(ObjectAt(space, address), same);
    lanes &= ~same;
  }
}

}  // namespace

void ReleaseTo(Warp& warp, Space space, const uint64_t* addresses, uint32_t lanes) {
  if (warp.monitor() == nullptr) return;
  ForEachObject(space, addresses, lanes, [&](const SyncObject& object, uint32_t same) {
    warp.monitor()->Release(warp.id(), same, object);
  });
}

void AcquireFrom(Warp& warp, Space space, const uint64_t* addresses, uint32_t lanes) {
  if (warp.monitor() == nullptr) return;
  ForEachObject(space, addresses, lanes, [&](const SyncObject& object, uint32_t same) {
    warp.monitor()->Acquire(warp.id(), same, object);
  });
}

}  // namespace attnjit::emulator
