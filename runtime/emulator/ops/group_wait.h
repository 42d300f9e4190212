// Waiting for async-groups, the same for cp.async and for bulk copies.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_GROUP_WAIT_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_GROUP_WAIT_H_

#include <cstdint>

#include "runtime/emulator/async/copy_groups.h"
#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {

struct GroupWait {
  const char* name;   ///< For the deadlock report.
  uint32_t pending;   ///< The newest groups that need not be done.
  bool reads_only;    ///< .read
  AsyncSignal reads;  ///< What the operations' halves signal.
  AsyncSignal writes;
};

/// kBlocked until the groups of all `lanes` are done; then acquires them.
Step WaitForGroups(Warp& warp, CopyGroups& groups, const GroupWait& wait, uint32_t lanes);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_GROUP_WAIT_H_
