// The async-groups of a warp's threads: cp.async and bulk stores, commit and wait (PTX ISA
// 9.7.9.25.1.1).
//
// Operations of one warp and kind end in the order of issue (a fifo key of the queue), so a group
// is done when its last operation is, and a number for each operation is all there is to keep.
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_COPY_GROUPS_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_COPY_GROUPS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "runtime/emulator/async/queue.h"
#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {

/// One kind of groups of one warp.
class CopyGroups {
 public:
  /// An operation of `lanes` is issued. Returns its number, from 1.
  uint64_t Issue(uint32_t lanes);
  /// The monitor's names of operation `number`'s halves, for Acquire; reads 0: it has one half.
  void Name(uint64_t number, uint32_t lanes, OpId reads, OpId writes);
  /// Operation `number`, and so all before it, has read its sources / has ended.
  void EndReads(uint64_t number) { reads_done_ = number; }
  void EndWrites(uint64_t number) { writes_done_ = number; }

  void Commit(uint32_t lanes);

  /// The operation that a lane has to wait for so that at most `pending` of its groups are not
  /// done; 0: none.
  uint64_t Target(int lane, uint32_t pending) const;
  bool Done(uint64_t number, bool reads_only) const {
    return number <= (reads_only ? reads_done_ : writes_done_);
  }

  /// `lanes` have waited for the operations up to targets[lane]: calls acquire(lanes, name) for
  /// what they have not acquired yet.
  void Acquire(uint32_t lanes, const std::array<uint64_t, 32>& targets, bool reads_only,
               llvm::function_ref<void(uint32_t lanes, OpId op)> acquire);

 private:
  struct Lane {
    uint64_t last = 0;                      ///< Its last operation, committed or not.
    llvm::SmallVector<uint64_t, 4> groups;  ///< The last operation at each commit, oldest first.
  };
  /// Names kept at most: of a program that never waits for groups (it uses mbarriers) only these.
  static constexpr size_t kMostNames = 1024;
  struct Named {
    uint64_t number;
    uint32_t lanes;    ///< That have not acquired it.
    uint32_t readers;  ///< That have not acquired its reads.
    OpId reads;
    OpId writes;
  };
  uint64_t issued_ = 0;
  uint64_t reads_done_ = 0;
  uint64_t writes_done_ = 0;
  std::array<Lane, 32> lanes_;
  std::vector<Named> named_;
};

/// A warp's groups, in StateSlot::kCopies.
struct WarpCopies {
  CopyGroups cp_async;
  CopyGroups bulk;
};

// Keys of the queue for a warp's operations; no other family uses numbers with these high words.
inline uint64_t CpAsyncKey(const Warp& warp) { return uint64_t{2} << 32 | warp.id(); }
inline uint64_t BulkReadKey(const Warp& warp) { return uint64_t{3} << 32 | warp.id(); }
inline uint64_t BulkWriteKey(const Warp& warp) { return uint64_t{4} << 32 | warp.id(); }

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_COPY_GROUPS_H_
