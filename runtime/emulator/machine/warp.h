// One warp: registers, divergence, and what instruction families need of it.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_WARP_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_WARP_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "runtime/emulator/machine/address.h"
#include "runtime/emulator/program/program.h"
#include "runtime/emulator/sanitizer/monitor.h"
#include "runtime/emulator/sanitizer/report.h"

namespace attnjit::emulator {

class Cta;
class Cluster;
struct Counters;

inline constexpr uint32_t kAllLanes = 0xffffffffu;

/// Per-warp, per-CTA and per-cluster state of a family, made at first use.
enum class StateSlot : uint8_t { kCopies, kBarriers, kNamedBarriers, kWgmma, kTcgen05, kCount };

/// Lanes that stand at one pc.
struct Split {
  uint32_t pc = 0;
  uint32_t lanes = 0;
  std::vector<uint32_t> returns;  ///< Return pcs of calls in progress.

  enum class Wait : uint8_t {
    kNone,
    kBlocked,  ///< Its instruction returned kBlocked: retried when something has changed.
    kGather,   ///< For `members`, which stand elsewhere: until a merge brings them.
  };
  Wait wait = Wait::kNone;
  bool deferred = false;  ///< Jumped back so often that the other splits go first once.
  uint32_t members = 0;   ///< kGather.
  bool anywhere = false;  ///< kGather: they come to another instruction like this one.
  uint32_t backward = 0;  ///< Backward jumps since another split ran.
  uint64_t seen = 0;      ///< kBlocked: Cluster::changes() at the last try.
};

/// One lane's memory, resolved: where the bytes are.
struct Resolved {
  uint8_t* host = nullptr;       ///< Null: the fault was reported; return Step::kTrap.
  Space space = Space::kGlobal;  ///< kGlobal, kShared, kLocal, kParam or kConst.
  Cta* owner = nullptr;          ///< kShared: whose.
  uint64_t address = 0;  ///< In its space: the full address; kShared: the offset in the CTA.
};

enum class AccessKind : uint8_t {
  kRead,
  kWrite,
  kAtomic,       ///< atom, red.
  kStrongRead,   ///< ld.relaxed, .acquire, .volatile: no race with other strong accesses.
  kStrongWrite,  ///< st.relaxed, .release, .volatile.
};

/// Used by one thread at a time: its cluster's.
///
/// Without the sanitizer (monitor() is null) every register counts as written, and nothing but
/// faults is reported.
class Warp {
 public:
  Warp(Cta& cta, int index, const Program& program, uint32_t live_lanes);
  Warp(const Warp&) = delete;
  Warp& operator=(const Warp&) = delete;

  // Where it is.
  Cta& cta() const { return *cta_; }
  Cluster& cluster() const { return *cluster_; }
  int index() const { return index_; }  ///< In its CTA: linear thread / 32.
  WarpId id() const { return id_; }     ///< In its cluster, as the monitor counts.
  const Program& program() const { return *program_; }
  uint32_t live() const { return live_; }        ///< Lanes that exist and have not exited.
  uint32_t active() const { return active_; }    ///< Lanes of the split that runs now.
  Monitor* monitor() const { return monitor_; }  ///< Null without the sanitizer.
  Counters& counters() const { return *counters_; }
  uint64_t time() const { return time_; }  ///< Instructions it has executed.

  // Registers. The pointers are to 32 lanes; only `lanes` are meaningful. Reading checks that the
  // lanes were written and that no asynchronous operation is writing the register: each is reported
  // (uninit-register, wgmma-register-in-flight) and execution goes on with the bits that are there.
  const uint32_t* Read32(const Value& value, uint32_t lanes) {
    if (value.kind == ValueKind::kRegister && (written_[value.reg] & lanes) != lanes) {
      ReadFault(value, lanes);
    }
    return Place(value);
  }
  const uint64_t* Read64(const Value& value, uint32_t lanes) {
    return reinterpret_cast<const uint64_t*>(Read32(value, lanes));
  }
  /// Of a 16-byte value: lane l at bytes 16 l.
  const uint64_t* Read128(const Value& value, uint32_t lanes) { return Read64(value, lanes); }

  /// Marks `lanes` as written; the caller writes them and no others.
  uint32_t* Write32(const Value& value, uint32_t lanes) {  ///< kSink: a scratch place.
    if (value.kind != ValueKind::kRegister) return scratch_.data();
    written_[value.reg] |= lanes;
    if (monitor_ != nullptr) NoteWrite(value, lanes);
    return registers_ + size_t{value.slot} * 32;
  }
  uint64_t* Write64(const Value& value, uint32_t lanes) {
    return reinterpret_cast<uint64_t*>(Write32(value, lanes));
  }
  uint64_t* Write128(const Value& value, uint32_t lanes) { return Write64(value, lanes); }

  /// Mask, negation applied; also of a kConstant (lanes whose word is not 0).
  uint32_t ReadPredicate(const Value& value, uint32_t lanes) {
    if (value.kind != ValueKind::kPredicate) return ReadConstantPredicate(value);
    if ((written_[value.reg] & lanes) != lanes) ReadFault(value, lanes);
    const uint32_t mask = predicates_[value.reg];
    return value.negated ? ~mask : mask;
  }
  void WritePredicate(const Value& value, uint32_t lanes, uint32_t mask) {
    if (value.kind != ValueKind::kPredicate) return;
    written_[value.reg] |= lanes;
    uint32_t& word = predicates_[value.reg];
    word = (word & ~lanes) | (mask & lanes);
  }

  // Copies hand on the state of their source instead of using it.
  /// The 32 (8-byte: 64, 16-byte: 128) words of an operand as they are, for copies and for
  /// operations in flight.
  uint32_t* RawSlot(const Value& value) { return const_cast<uint32_t*>(Place(value)); }
  /// Like Read32, for any width: only a register that an operation in flight writes is reported,
  /// and `written` says which lanes hold a value, for SetWritten of the copy.
  const uint32_t* ReadForCopy(const Value& value, uint32_t lanes, uint32_t& written) {
    written = WrittenLanes(value);
    if ((written & lanes) != lanes && !busy_.empty() && busy_[value.reg] == Busy::kWrite) {
      ReadFault(value, lanes);
      written = kAllLanes;
    }
    return Place(value);
  }
  /// The lanes that are written (constants: all).
  uint32_t WrittenLanes(const Value& value) const {
    return value.kind == ValueKind::kRegister || value.kind == ValueKind::kPredicate
               ? written_[value.reg]
               : kAllLanes;
  }
  /// After a Write: of `lanes`, only those of `written` hold a value.
  void SetWritten(const Value& value, uint32_t lanes, uint32_t written) {
    if (value.kind != ValueKind::kRegister && value.kind != ValueKind::kPredicate) return;
    written_[value.reg] = (written_[value.reg] & ~lanes) | (written & lanes);
  }

  /// An asynchronous operation owns these registers until SetBusy(value, kNone): kWrite reports
  /// reads and writes, kRead reports writes (rule wgmma-register-in-flight). The end of kWrite
  /// marks all live lanes as written. Nothing is tracked without the sanitizer.
  enum class Busy : uint8_t { kNone, kRead, kWrite };
  void SetBusy(const Value& value, Busy busy);
  /// Fills the lanes with a pattern that is a NaN in every float format, and has their use
  /// reported.
  void Poison(const Value& value, uint32_t lanes);
  /// With the sanitizer: time() and pc of the last write of a register (0, kNoPc: none), for rules
  /// on what was written since a fence.
  struct LastWrite {
    uint64_t time = 0;
    Pc pc = kNoPc;
  };
  LastWrite last_write(const Value& value) const {
    return last_write_.empty() ? LastWrite() : last_write_[value.reg];
  }

  // Memory.
  /// The address of `address` for each lane of `lanes`: base + offset; `out` has 32 entries (those
  /// of other lanes repeat an active lane's). 32-bit bases are zero-extended, and wrap at 32 bits.
  void Addresses(const Address& address, uint32_t lanes, uint64_t* out);

  /// One access by all `lanes`: checks and locates `bytes` at addresses[lane] of `space` for each:
  /// bounds, alignment (a multiple of `align`, a power of two), the CTA's life; tells the monitor
  /// and the counters. host[lane] is set for all 32 lanes (those of other lanes repeat an active
  /// lane's). `values`: what a write stores, lane l's bytes at values + l * stride, or null.
  /// False: reported on behalf of `inst`; return Step::kTrap.
  bool Locate(const Inst& inst, Space space, const uint64_t* addresses, uint32_t lanes,
              uint32_t bytes, uint32_t align, AccessKind kind, uint8_t** host,
              const uint8_t* values = nullptr, uint32_t stride = 0);

  /// The same for one lane, with where it is. `watched` false: the monitor and the counters are not
  /// told (asynchronous operations tell them what they do).
  Resolved Resolve(const Inst& inst, Space space, uint64_t address, uint32_t bytes, uint32_t align,
                   AccessKind kind, int lane, bool watched = true);

  // Reports. `lane` -1: the warp. Report files a finding of the sanitizer (nothing without it);
  // Trap a fault, always, and ends the grid.
  void Report(Rule rule, const Inst& inst, int lane, std::string message,
              MemorySpace space = MemorySpace::kNone, uint64_t address = 0, uint32_t size = 0);
  Step Trap(Rule rule, const Inst& inst, int lane, std::string message,
            MemorySpace space = MemorySpace::kNone, uint64_t address = 0, uint32_t size = 0);

  /// What it waits for, for the deadlock report; set by an instruction that returns kBlocked.
  void SetWait(std::string what) { wait_ = std::move(what); }
  const std::string& wait() const { return wait_; }

  /// An instruction that programs poll with (ld.acquire, test_wait, a failing atom.cas) saw nothing
  /// new: kYield after some such polls in a row, so that others can bring what it waits for.
  Step Poll(bool unchanged) {
    if (!unchanged) {
      polls_ = 0;
      return Step::kNext;
    }
    return ++polls_ >= kPollsPerTurn ? Step::kYield : Step::kNext;
  }

  /// State of an instruction family. T is default-constructible.
  template <class T>
  T& State(StateSlot slot) {
    std::shared_ptr<void>& state = states_[static_cast<size_t>(slot)];
    if (state == nullptr) state = std::make_shared<T>();
    return *static_cast<T*>(state.get());
  }
  bool HasState(StateSlot slot) const { return states_[static_cast<size_t>(slot)] != nullptr; }

  /// setmaxnreg: registers that each of its threads may use now (see Cta::TakeRegisters).
  uint32_t registers_per_thread() const { return registers_per_thread_; }
  void set_registers_per_thread(uint32_t count) { registers_per_thread_ = count; }

  // Control flow: for Step::kJump.
  void Jump(const Inst& inst, uint32_t lanes, uint32_t target);  ///< The rest falls through.
  void Scatter(const Inst& inst, uint32_t lanes, const uint32_t* targets);  ///< Of 32 lanes.
  void Call(const Inst& inst, uint32_t lanes, uint32_t target);
  void Return(const Inst& inst, uint32_t lanes);  ///< From a call, or exits.
  void Exit(const Inst& inst, uint32_t lanes);    ///< The rest falls through.

  /// For an instruction that needs lanes which may stand elsewhere (shfl.sync with a member mask):
  /// true once `members` (those alive) all stand at `inst`; false: return kBlocked.
  bool Gather(const Inst& inst, uint32_t members);
  /// For bar.warp.sync, which joins lanes wherever they execute one: true once every live lane of
  /// `members` stands at an instruction that called this with the same members; the others are
  /// moved past theirs.
  bool GatherAnywhere(const Inst& inst, uint32_t members);

  enum class State_ : uint8_t { kRunnable, kBlocked, kExited };
  State_ state() const;

 private:
  friend class Cluster;
  friend class Cta;
  friend class Executor;

  static constexpr uint32_t kPollsPerTurn = 16;

  /// Adds a report to the cluster's, watched or not.
  void File(Rule rule, const Inst& inst, int lane, std::string message, MemorySpace space,
            uint64_t address, uint32_t size);

  const uint32_t* Place(const Value& value) const {
    switch (value.kind) {
      case ValueKind::kRegister:
        return registers_ + size_t{value.slot} * 32;
      case ValueKind::kConstant:
        return constants_ + size_t{value.slot} * 32;
      default:
        return scratch_.data();
    }
  }
  void NoteWrite(const Value& value, uint32_t lanes) {
    last_write_[value.reg] = {time_, running_->pc};
    if (busy_[value.reg] != Busy::kNone) WriteFault(value, lanes);
  }
  /// The lanes of `lanes` whose guard holds.
  uint32_t GuardLanes(const Inst& inst, uint32_t lanes) {
    const auto reg = static_cast<uint32_t>(inst.guard);
    if ((written_[reg] & lanes) != lanes) {
      Value guard;
      guard.reg = reg;
      ReadFault(guard, lanes);
    }
    return (inst.guard_negated ? ~predicates_[reg] : predicates_[reg]) & lanes;
  }
  void ReadFault(const Value& value, uint32_t lanes);
  void WriteFault(const Value& value, uint32_t lanes);
  uint32_t ReadConstantPredicate(const Value& value) const;
  void SetSpecials();
  /// One memory access as the functions below hand it on.
  struct Request {
    const Inst* inst;
    Space space;
    uint32_t lanes;
    uint32_t bytes;
    uint32_t align;
    AccessKind kind;
    const uint8_t* values;
    uint32_t stride;
  };
  bool LocateTogether(const Request& request, const uint64_t* addresses, uint8_t** host);
  bool LocateApart(const Request& request, const uint64_t* addresses, uint8_t** host);
  Resolved ResolveLane(const Request& request, uint64_t address, int lane);
  Resolved ResolveShared(const Request& request, uint64_t address, int lane);
  Resolved ResolveGlobal(const Request& request, uint64_t address, int lane);
  Resolved ResolveLocal(const Request& request, uint64_t address, int lane);
  Resolved ResolveParam(const Request& request, uint64_t address, int lane);
  /// Counts, and tells the monitor of, lanes that access one space; addresses without tags.
  void Watch(const Request& request, Space space, uint32_t lanes, const uint64_t* addresses,
             bool remote);
  /// Takes `lanes` out of the running split, whose rest falls through.
  void RemoveLanes(const Inst& inst, uint32_t lanes, Split* taken);
  uint8_t* LocalFrame(int lane);  ///< Program::local_bytes of a lane.

  Cta* cta_;
  Cluster* cluster_;
  int index_;
  WarpId id_ = 0;
  const Program* program_;
  Monitor* monitor_ = nullptr;
  Counters* counters_ = nullptr;

  uint32_t live_ = 0;
  uint32_t active_ = 0;
  uint32_t current_ = 0;  ///< The running split.
  std::vector<Split> splits_;
  const Inst* running_ = nullptr;
  uint64_t time_ = 0;
  uint32_t polls_ = 0;

  struct Unmap {
    size_t words = 0;
    void operator()(uint32_t* p) const;
  };
  std::unique_ptr<uint32_t, Unmap> register_file_;
  uint32_t* registers_ = nullptr;  ///< register_slots x 32 words, 64-byte aligned.
  const uint32_t* constants_ = nullptr;
  std::vector<uint32_t> written_;      ///< Lanes written, for each register.
  std::vector<uint32_t> predicates_;   ///< Values, indexed as `written_`.
  std::vector<Busy> busy_;             ///< With the sanitizer: for each register.
  std::vector<LastWrite> last_write_;  ///< With the sanitizer: for each register.
  alignas(64) std::array<uint32_t, 128> scratch_{};

  std::unique_ptr<uint8_t[]> local_;  ///< 32 frames of Program::local_bytes, made at first use.
  uint32_t registers_per_thread_ = 0;
  std::string wait_;
  std::array<std::shared_ptr<void>, static_cast<size_t>(StateSlot::kCount)> states_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_WARP_H_
