#include "runtime/emulator/ops/group_wait.h"

#include <array>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"

namespace attnjit::emulator {

Step WaitForGroups(Warp& warp, CopyGroups& groups, const GroupWait& wait, uint32_t lanes) {
  std::array<uint64_t, 32> targets;
  const bool done = AllLanes(lanes, [&](int lane) {
    const uint64_t target = groups.Target(lane, wait.pending);
    targets[static_cast<size_t>(lane)] = target;
    return groups.Done(target, wait.reads_only);
  });
  if (!done) {
    AsyncQueue& queue = warp.cluster().queue();
    queue.Want(wait.reads);
    if (!wait.reads_only) queue.Want(wait.writes);
    warp.SetWait(llvm::formatv("{0} {1}", wait.name, wait.pending));
    return Step::kBlocked;
  }
  Monitor* monitor = warp.monitor();
  if (monitor == nullptr) return Step::kNext;
  groups.Acquire(lanes, targets, wait.reads_only,
                 [&](uint32_t who, OpId op) { monitor->AcquireAsync(warp.id(), who, op); });
  return Step::kNext;
}

}  // namespace attnjit::emulator
