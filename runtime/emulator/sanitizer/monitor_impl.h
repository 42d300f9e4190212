// The monitor's state; its methods are in monitor.cc and monitor_*.cc.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MONITOR_IMPL_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MONITOR_IMPL_H_

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/emulator/sanitizer/agents.h"
#include "runtime/emulator/sanitizer/byte_map.h"
#include "runtime/emulator/sanitizer/knowledge.h"
#include "runtime/emulator/sanitizer/mbarrier_state.h"
#include "runtime/emulator/sanitizer/monitor.h"
#include "runtime/emulator/sanitizer/shadow.h"
#include "runtime/emulator/sanitizer/tensor_allocation.h"

namespace attnjit::emulator {

inline constexpr uint32_t kRankShift = 24;
inline constexpr uint64_t kOffsetMask = (uint64_t{1} << kRankShift) - 1;
inline uint32_t RankOf(uint64_t address) { return static_cast<uint32_t>(address >> kRankShift); }

/// An asynchronous operation between BeginAsync and EndAsync.
struct Operation {
  AgentId agent = 0;
  uint32_t tick = 0;
  AsyncKind kind = AsyncKind::kOther;
  Pc pc = kNoPc;
  Issuer issuer;            ///< The first one.
  bool one_thread = false;  ///< Issued by one thread: what that did comes before.
  Knowledge known;          ///< What all issuers knew.
};

struct CtaState {
  explicit CtaState(const MonitorOptions& options)
      : shared(options.shared_bytes),
        tensor(options.tensor_memory ? 128 * TensorAllocation::kColumns * 4 : Shadow::kBlockBytes) {
  }

  Shadow shared;
  ByteMap shared_written;
  ByteMap mbarriers;       ///< Units of 8 bytes.
  Shadow tensor;           ///< Address: (lane * 512 + column) * 4.
  ByteMap tensor_written;  ///< Units of 4 bytes.
  TensorAllocation allocation;
  bool exited = false;
};

/// A tick for each lane of a warp.
using LaneTicks = std::array<uint32_t, 32>;

/// Up to where each lane's own writes are fenced for the async proxy, in one space.
struct OwnFences {
  LaneTicks writes{};
  LaneTicks copies{};  ///< Of its cp.async operations.
};

struct WarpState {
  explicit WarpState(LaneMask lanes) : knowledge(lanes) {}

  WarpKnowledge knowledge;
  LaneTicks own_copies{};  ///< Up to which tick of the warp's cp.async each lane waited.
  OwnFences shared_fences;
  OwnFences global_fences;
  std::vector<std::pair<bool, uint32_t>> set_max_registers;
};

struct NamedBarrier {
  uint32_t threads = 0;
  uint32_t arrived = 0;
  std::unordered_map<WarpId, LaneMask> lanes;  ///< That have arrived.
};

/// An Actor that costs nothing until it is reported.
struct Who {
  WarpId warp = 0;
  int lane = -1;
  Pc pc = kNoPc;
  const char* kind = "";
  const Operation* op = nullptr;  ///< Whose kind this is, if it is an operation's.
};

class Monitor::Impl {
 public:
  Impl(const MonitorOptions& options, ReportSink* sink);

  // Reports.
  Actor WarpActor(WarpId warp, int lane, Pc pc, std::string kind = "") const;
  Actor ActorOf(const ShadowAccess& access) const;
  Actor ActorOf(const Who& who) const;
  void File(Rule rule, Actor actor, const llvm::Twine& message,
            MemorySpace space = MemorySpace::kNone, uint64_t address = 0, uint32_t size = 0,
            Actor other = {});
  void File(Rule rule, const Who& who, const llvm::Twine& message,
            MemorySpace space = MemorySpace::kNone, uint64_t address = 0, uint32_t size = 0,
            Actor other = {}) {
    File(rule, ActorOf(who), message, space, address, size, std::move(other));
  }
  /// Files at most one finding for each pair of instructions until the next NewInstruction.
  void FileConflict(Rule rule, const Who& who, const ShadowAccess& earlier,
                    const llvm::Twine& message, MemorySpace space, uint64_t address);
  void NewInstruction() { conflicts_.clear(); }
  bool HasConflict() const { return !conflicts_.empty(); }

  // Knowledge.
  WarpKnowledge& Lanes(WarpId warp) { return warps[warp].knowledge; }
  void Publish(WarpId warp, LaneMask lanes, Published& out, bool tensor_only = false);
  /// Adds what the lanes did, waited for and fenced themselves to clocks of others.
  /// `all_idle`: the warp's other lanes made no access that the releaser does not know.
  void RaiseOwn(WarpId warp, LaneMask lanes, bool all_idle, Clock& generic, Clock& async_shared,
                Clock& async_global) const;
  void PublishOperation(AgentId agent, uint32_t tick, LaneMask lanes, Published& out);
  bool ThreadKnows(WarpId warp, uint32_t lane, const Knowledge& knowledge,
                   const ShadowAccess& earlier) const;

  // Memory.
  /// The owner of a shared address; null, and reported, if the cluster lacks it.
  CtaState* CtaAt(uint64_t shared_address, const Who& who, uint32_t bytes) {
    const uint32_t rank = RankOf(shared_address);
    if (rank < ctas.size() && !ctas[rank]->exited) return ctas[rank].get();
    return BadCta(shared_address, who, bytes);
  }
  CtaState* BadCta(uint64_t shared_address, const Who& who, uint32_t bytes);
  void CheckWritten(const WarpAccess& access, uint32_t lane, const ByteMap& written,
                    uint64_t offset);
  void AccessShared(const WarpAccess& access, ShadowAccess shadow);
  void AccessLocal(const WarpAccess& access);
  void AccessGlobal(const WarpAccess& access, ShadowAccess shadow);
  void AsyncRange(const Operation& op, MemorySpace space, uint64_t address, uint64_t bytes,
                  ShadowAccess access, uint32_t lane);

  // mbarriers.
  MbarrierState* FindMbarrier(const Who& who, uint64_t address, bool known_init);
  bool KnowsInit(WarpId warp, LaneMask lanes, const MbarrierState& state) const;
  /// The barrier for an operation; reports what it lacks.
  MbarrierState* MbarrierForOp(const Operation& op, uint64_t address);
  MbarrierState* MbarrierForLanes(WarpId warp, LaneMask lanes, uint64_t address, Pc pc,
                                  const char* kind);
  void ArriveAt(MbarrierState& state, uint64_t address, uint64_t arrivals, const Who& who);
  void AddBytes(MbarrierState& state, uint64_t address, int64_t bytes, const Who& who);
  void NoteRemote(MbarrierState& state, ShadowAccess access);
  void AfterPhase(MbarrierState& state, uint64_t address);

  // Life.
  Clock KnownAtExit(uint32_t cta) const;
  void CheckSharedAtExit(uint32_t cta, const Clock& known);
  void CheckMbarriersAtExit(uint32_t cta, const Clock& known);
  void CheckRegistersAtExit(uint32_t cta);

  Operation* Find(OpId op) {
    const auto found = operations.find(op);
    return found == operations.end() ? nullptr : &found->second;
  }
  uint32_t CtaOfWarp(WarpId warp) const { return warp / warps_per_cta; }

  /// So many operations can still signal after they have ended.
  static constexpr size_t kMaxEnded = 512;

  const MonitorOptions options;
  ReportSink* const sink;
  const uint32_t warps_per_cta;
  std::vector<WarpState> warps;
  AgentTable agents;
  std::vector<std::unique_ptr<CtaState>> ctas;
  Shadow global;
  std::unordered_map<uint32_t, ByteMap> local_written;  ///< By warp * 32 + lane.
  std::unordered_map<uint64_t, SyncState> objects;      ///< By kind << 56 | id.
  std::unordered_map<uint64_t, NamedBarrier> barriers;  ///< The same keys.
  std::unordered_map<uint64_t, MbarrierState> mbarriers;
  std::vector<uint64_t> unfenced_mbarriers;
  std::unordered_map<OpId, Operation> operations;
  std::deque<OpId> ended;  ///< Those of `operations` that have ended, in order.

 private:
  std::vector<std::tuple<Rule, Pc, Pc>> conflicts_;
};

inline OpId MakeOpId(AgentId agent, uint32_t tick) { return uint64_t{agent} << 32 | tick; }
inline AgentId AgentOfOp(OpId op) { return static_cast<AgentId>(op >> 32); }
inline uint32_t TickOfOp(OpId op) { return static_cast<uint32_t>(op); }
inline uint64_t KeyOf(const SyncObject& object) { return uint64_t{object.kind} << 56 | object.id; }

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_MONITOR_IMPL_H_
