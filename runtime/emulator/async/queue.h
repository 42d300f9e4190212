// Operations that have been issued and are not done, and when they get done.
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_QUEUE_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit::emulator {

class Cluster;

/// When asynchronous operations are done, and the order in which warps run.
struct AsyncPolicy {
  enum class Kind : uint8_t {
    kEager,   ///< At issue; warps take turns.
    kLate,    ///< When no warp of the cluster can go on without one; warps take turns.
    kSeeded,  ///< In an order and at times drawn from the seed, as is the order of warps.
  };
  Kind kind = Kind::kEager;
  uint64_t seed = 0;
};

/// "eager", "late", "seed=N". Errors: what is allowed.
llvm::Expected<AsyncPolicy> ParseAsyncPolicy(llvm::StringRef text);
std::string ToString(const AsyncPolicy& policy);

/// What an operation's end signals and a blocked warp may want: an mbarrier, or anything else that
/// a family gives a number of its own above 2^32. 0: nothing in particular.
using AsyncSignal = uint64_t;
/// The mbarrier at a shared::cluster address.
inline AsyncSignal MbarrierSignal(uint32_t address) { return uint64_t{1} << 32 | address; }

/// One step of an asynchronous operation: an operation whose reads and writes may come apart (a
/// bulk store: sources read, then destination written) queues the second from the first.
class AsyncOp {
 public:
  virtual ~AsyncOp() = default;
  /// Reads its sources, writes its destination, signals that it is done.
  virtual void Run(Cluster& cluster) = 0;
  /// For the deadlock report: "cp.async.bulk.tensor (line 812)".
  virtual std::string Describe() const = 0;

  /// Operations of one non-zero key run in the order of issue (wgmma of one warpgroup, tcgen05 of
  /// one CTA pair's matrix pipe). 0: no order.
  uint64_t fifo = 0;
  /// What its end signals; kLate prefers operations that some warp wants.
  AsyncSignal signal = 0;
};

/// The pending operations of one cluster. One thread.
class AsyncQueue {
 public:
  explicit AsyncQueue(const AsyncPolicy& policy);

  /// Eager: runs it now. Operations that a running operation issues are new ones.
  void Issue(Cluster& cluster, std::unique_ptr<AsyncOp> op);
  /// The scheduler calls this between turns of warps: seeded policies may run some. True: one ran.
  bool Tick(Cluster& cluster);
  /// Nothing else can go on: runs one and wakes the cluster. Late: the oldest of those that a
  /// blocked warp wants, so that what no warp waits for stays in flight; else the oldest. Seeded: a
  /// random one. False: none is pending.
  bool RunOne(Cluster& cluster);
  bool empty() const { return pending_.empty(); }
  size_t size() const { return pending_.size(); }
  std::vector<std::string> Describe() const;

  /// A warp that returns Step::kBlocked, or polls, says what it waits for. Forgotten when an
  /// operation has run: all blocked warps are tried again then.
  void Want(AsyncSignal signal);

  /// For seeded scheduling decisions of the machine too.
  uint64_t Random();
  const AsyncPolicy& policy() const { return policy_; }

 private:
  size_t PickLate() const;
  size_t PickRandom();
  size_t HeadOf(size_t i) const;
  void RunAt(Cluster& cluster, size_t i);

  AsyncPolicy policy_;
  uint64_t random_state_ = 0;
  std::deque<std::unique_ptr<AsyncOp>> pending_;
  llvm::SmallVector<AsyncSignal, 16> wanted_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_QUEUE_H_
