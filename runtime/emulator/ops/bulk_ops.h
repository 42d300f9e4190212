// The operations in flight of bulk and tensor copies, and their issue. Addresses have been checked.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_BULK_OPS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_BULK_OPS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/emulator/async/box_copy.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/async/queue.h"
#include "runtime/emulator/async/reduction.h"
#include "runtime/emulator/ops/async_support.h"

namespace attnjit::emulator {

/// What a store does to its destination.
struct StoreMode {
  bool reduces = false;
  ReduceOp op = ReduceOp::kAdd;
  ReduceType type = ReduceType::kU32;
  uint16_t byte_mask = 0xffff;  ///< .cp_mask: which bytes of every 16 are stored.
};

/// How an operation touches memory, apart from when.
class BulkMover {
 public:
  virtual ~BulkMover() = default;
  /// Tells the monitor what it reads and writes.
  virtual void Watch(Monitor& monitor, OpId reads, OpId writes) const = 0;
  /// Loads: moves everything. Stores: only takes the source in.
  virtual void Read() = 0;
  /// Stores: writes what was read.
  virtual void Write() = 0;
};

/// Issues a load, which ends by telling `bytes` to an mbarrier: one step.
void IssueLoad(const Origin& origin, std::unique_ptr<BulkMover> mover, uint32_t mbarrier,
               uint32_t bytes, AsyncKind kind = AsyncKind::kBulk);

/// Issues a store of the bulk groups of `lanes`: sources are read in one step, written in a second.
void IssueStore(const Origin& origin, std::unique_ptr<BulkMover> mover, uint32_t lanes);

/// Calls copy(lanes, operands) for each lane, lowest first, as long as it returns true; false where
/// one did not. `joins`: once for all lanes whose operands are equal. Stores join: a whole warp may
/// execute one (CUTLASS's epilogues do), and as with st, equal values at one address are no race.
/// Loads tell an mbarrier of their bytes and reductions add for each lane.
template <class Operands, class Copy>
bool ForEachCopy(uint32_t lanes, bool joins, const Operands& operands, const Copy& copy) {
  while (lanes != 0) {
    const uint32_t same = joins ? SameAsFirst(lanes, operands) : lanes & -lanes;
    if (!copy(same, operands(__builtin_ctz(lanes)))) return false;
    lanes &= ~same;
  }
  return true;
}

/// The CTAs that a copy goes to: bits of `mask`, or the one of `destination` where there is none.
/// nullopt after a fault (a rank that the cluster does not have).
std::optional<llvm::SmallVector<uint32_t, 16>> TargetRanks(const Origin& origin,
                                                           std::optional<uint32_t> mask,
                                                           uint32_t destination);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_BULK_OPS_H_
