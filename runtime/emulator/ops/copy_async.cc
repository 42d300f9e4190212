#include "runtime/emulator/ops/copy_async.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/copy_groups.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/bulk_copy.h"
#include "runtime/emulator/ops/group_wait.h"
#include "runtime/emulator/ops/tensor_copy.h"

namespace attnjit::emulator {
namespace {

struct CpAsyncDetail {
  uint32_t bytes = 0;
  Address source;
};

/// cp.async by the lanes of one warp.
class CpAsyncOp : public AsyncOp {
 public:
  CpAsyncOp(Warp& warp, const Inst& inst, uint32_t lanes)
      : warp_(&warp), inst_(&inst), lanes_(lanes) {
    fifo = CpAsyncKey(warp);
    signal = fifo;
  }

  void Run(Cluster&) override {
    const uint32_t bytes = static_cast<const CpAsyncDetail*>(inst_->detail)->bytes;
    AllLanes(lanes_, [&](int lane) {
      const auto l = static_cast<size_t>(lane);
      std::memcpy(destination[l], source[l], copied[l]);
      std::memset(destination[l] + copied[l], 0, bytes - copied[l]);
      return true;
    });
    if (Monitor* monitor = warp_->monitor(); monitor != nullptr) monitor->EndAsync(op);
    CopyGroups& groups = warp_->State<WarpCopies>(StateSlot::kCopies).cp_async;
    groups.EndReads(number);
    groups.EndWrites(number);
  }

  std::string Describe() const override {
    return llvm::formatv("cp.async (line {0})", inst_->line);
  }

  OpId op = 0;
  uint64_t number = 0;
  std::array<uint8_t*, 32> destination = {};
  std::array<const uint8_t*, 32> source = {};
  std::array<uint32_t, 32> copied = {};  ///< Bytes that are not zero fill.

 private:
  Warp* warp_;
  const Inst* inst_;
  uint32_t lanes_;
};

/// Fills op.copied; false after a fault.
bool CopiedBytes(Warp& warp, const Inst& inst, uint32_t lanes, CpAsyncOp& op) {
  const uint32_t bytes = static_cast<const CpAsyncDetail*>(inst.detail)->bytes;
  op.copied.fill(bytes);
  if (inst.b.kind != ValueKind::kNone) {  // ignore-src
    const uint32_t ignored = warp.ReadPredicate(inst.b, lanes);
    for (size_t lane = 0; lane < 32; ++lane) {
      if ((ignored >> lane & 1) != 0) op.copied[lane] = 0;
    }
  }
  if (inst.a.kind == ValueKind::kNone) return true;
  const uint32_t* sizes = warp.Read32(inst.a, lanes);
  return AllLanes(lanes, [&](int lane) {
    op.copied[static_cast<size_t>(lane)] = sizes[lane];
    return sizes[lane] <= bytes ||
           Fault({&warp, &inst, lane}, Rule::kOutOfBounds,
                 llvm::formatv("src-size {0} is larger than cp-size {1}", sizes[lane], bytes));
  });
}

struct CpAsyncAddresses {
  std::array<uint64_t, 32> shared;  ///< shared::cluster addresses.
  std::array<uint64_t, 32> global;
};

bool LocateCopies(Warp& warp, const Inst& inst, uint32_t lanes, CpAsyncAddresses& at,
                  CpAsyncOp& op) {
  const uint32_t bytes = static_cast<const CpAsyncDetail*>(inst.detail)->bytes;
  return AllLanes(lanes, [&](int lane) {
    const auto l = static_cast<size_t>(lane);
    const Origin origin = {&warp, &inst, lane};
    const auto shared = SharedAddress(origin, Space::kShared, at.shared[l]);
    if (!shared) return false;
    op.destination[l] = SharedPlace(origin, *shared, bytes, bytes);
    if (op.destination[l] == nullptr) return false;
    op.source[l] = op.destination[l];  // Of a copy that reads nothing.
    if (op.copied[l] == 0) return true;
    op.source[l] = GlobalPlace(origin, at.global[l], op.copied[l], bytes, AccessKind::kRead);
    return op.source[l] != nullptr;
  });
}

void WatchCopies(Warp& warp, const Inst& inst, uint32_t lanes, const CpAsyncAddresses& at,
                 CpAsyncOp& op) {
  Monitor* monitor = warp.monitor();
  if (monitor == nullptr) return;
  op.op = monitor->BeginAsync({Issuer{warp.id(), lanes}}, AsyncKind::kCpAsync, inst.pc);
  for (uint32_t rest = lanes; rest != 0;) {
    const uint32_t same =
        SameAsFirst(rest, [&](int lane) { return op.copied[static_cast<size_t>(lane)]; });
    const uint32_t copied = op.copied[static_cast<size_t>(__builtin_ctz(rest))];
    rest &= ~same;
    if (copied == 0) continue;
    monitor->OnAsyncLanes(op.op, same, MemorySpace::kGlobal, at.global.data(), copied,
                          AccessMode::kRead);
  }
  monitor->OnAsyncLanes(op.op, lanes, MemorySpace::kShared, at.shared.data(),
                        static_cast<const CpAsyncDetail*>(inst.detail)->bytes, AccessMode::kWrite);
}

Step ExecuteCpAsync(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& detail = *static_cast<const CpAsyncDetail*>(inst.detail);
  auto op = std::make_unique<CpAsyncOp>(warp, inst, lanes);
  CpAsyncAddresses at;
  warp.Addresses(inst.address, lanes, at.shared.data());
  warp.Addresses(detail.source, lanes, at.global.data());
  if (inst.c.kind != ValueKind::kNone) warp.Read64(inst.c, lanes);  // A cache policy: a hint.
  if (!CopiedBytes(warp, inst, lanes, *op) || !LocateCopies(warp, inst, lanes, at, *op)) {
    return Step::kTrap;
  }
  WatchCopies(warp, inst, lanes, at, *op);
  CopyGroups& groups = warp.State<WarpCopies>(StateSlot::kCopies).cp_async;
  op->number = groups.Issue(lanes);
  if (op->op != 0) groups.Name(op->number, lanes, 0, op->op);
  warp.counters().AddBytes(
      Traffic::kCpAsyncToShared,
      uint64_t{detail.bytes} * static_cast<uint64_t>(__builtin_popcount(lanes)));
  warp.cluster().queue().Issue(warp.cluster(), std::move(op));
  return Step::kNext;
}

Step ExecuteCommit(Warp& warp, const Inst&, uint32_t lanes) {
  warp.State<WarpCopies>(StateSlot::kCopies).cp_async.Commit(lanes);
  return Step::kNext;
}

Step ExecuteWaitGroup(Warp& warp, const Inst& inst, uint32_t lanes) {
  return WaitForGroups(warp, warp.State<WarpCopies>(StateSlot::kCopies).cp_async,
                       {"cp.async.wait_group", static_cast<uint32_t>(inst.address.offset), false,
                        CpAsyncKey(warp), CpAsyncKey(warp)},
                       lanes);
}

/// Retried while it blocks: committing again makes an empty group, which changes nothing.
Step ExecuteWaitAll(Warp& warp, const Inst&, uint32_t lanes) {
  CopyGroups& groups = warp.State<WarpCopies>(StateSlot::kCopies).cp_async;
  groups.Commit(lanes);
  return WaitForGroups(warp, groups,
                       {"cp.async.wait_all", 0, false, CpAsyncKey(warp), CpAsyncKey(warp)}, lanes);
}

/// cp.async.mbarrier.arrive: arrives once every earlier cp.async of its lanes is done, which the
/// queue's order sees to.
class CpAsyncArriveOp : public AsyncOp {
 public:
  CpAsyncArriveOp(const Origin& origin, uint32_t lanes, uint32_t mbarrier, uint64_t key, OpId op)
      : origin_(origin), lanes_(lanes), mbarrier_(mbarrier), op_(op) {
    fifo = key;
    signal = MbarrierSignal(mbarrier);
  }

  void Run(Cluster&) override {
    if (Monitor* monitor = origin_.warp->monitor(); monitor != nullptr) monitor->EndAsync(op_);
    ArriveMbarrierAsync(origin_, op_, mbarrier_, static_cast<uint32_t>(__builtin_popcount(lanes_)));
  }

  std::string Describe() const override {
    return llvm::formatv("cp.async.mbarrier.arrive (line {0})", origin_.inst->line);
  }

 private:
  Origin origin_;
  uint32_t lanes_;
  uint32_t mbarrier_;
  OpId op_;
};

/// Inst::kind of cp.async.mbarrier.arrive: bits.
constexpr uint8_t kNoIncrement = 1;  ///< .noinc
constexpr uint8_t kInShared = 2;     ///< A shared::cta address, else a generic one.

bool IssueArrival(const Origin& origin, uint32_t lanes, uint32_t mbarrier) {
  const Inst& inst = *origin.inst;
  if (FindMbarrier(origin, mbarrier) == nullptr) return false;
  if ((inst.kind & kNoIncrement) == 0 && !AddMbarrierPending(origin, lanes, mbarrier)) {
    return false;
  }
  Warp& warp = *origin.warp;
  OpId op = 0;
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    op = monitor->BeginAsync({Issuer{warp.id(), lanes}}, AsyncKind::kCpAsync, inst.pc);
  }
  warp.cluster().queue().Issue(warp.cluster(), std::make_unique<CpAsyncArriveOp>(
                                                   origin, lanes, mbarrier, CpAsyncKey(warp), op));
  return !warp.cluster().trapped();
}

Step ExecuteMbarrierArrive(Warp& warp, const Inst& inst, uint32_t lanes) {
  std::array<uint64_t, 32> addresses;
  warp.Addresses(inst.address, lanes, addresses.data());
  const Space space = (inst.kind & kInShared) != 0 ? Space::kShared : Space::kGeneric;
  while (lanes != 0) {
    const uint32_t group =
        SameAsFirst(lanes, [&](int lane) { return addresses[static_cast<size_t>(lane)]; });
    const int first = __builtin_ctz(lanes);
    lanes &= ~group;
    const Origin origin = {&warp, &inst, first};
    const auto mbarrier = SharedAddress(origin, space, addresses[static_cast<size_t>(first)]);
    if (!mbarrier || !IssueArrival(origin, group, *mbarrier)) return Step::kTrap;
  }
  return Step::kNext;
}

llvm::Error DecodeWait(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                       Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  inst.execute = ExecuteWaitGroup;
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  uint32_t pending = 0;
  if (llvm::Error error = Bind(pending, TakeInteger(instruction, 0, INT32_MAX))) return error;
  inst.address.offset = pending;
  return llvm::Error::success();
}

llvm::Error DecodePlain(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                        Execute execute, Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  inst.execute = execute;
  if (llvm::Error error = modifiers.Finish()) return error;
  return ExpectOperands(instruction, 0, 0);
}

llvm::Error DecodeMbarrierArrive(const ptx::Instruction& instruction, DecodeContext& context,
                                 ptx::ModifierReader& modifiers, Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  inst.execute = ExecuteMbarrierArrive;
  if (!modifiers.Take("arrive")) return context.Unsupported("cp.async.mbarrier is .arrive");
  if (modifiers.Take("noinc")) inst.kind |= kNoIncrement;
  if (TakeSharedSpace(modifiers, false) == Space::kShared) inst.kind |= kInShared;
  if (!modifiers.Take("b64")) return ptx::ErrorAt(instruction, "the type must be .b64");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  return Bind(inst.address, context.AddressOf(instruction.operands[0]));
}

/// The operands after the size: src-size or ignore-src, then a cache policy.
llvm::Error BindOptional(const ptx::Instruction& instruction, DecodeContext& context, bool hint,
                         Inst& inst) {
  const size_t count = instruction.operands.size() - (hint ? 1 : 0);
  if (hint) {
    if (llvm::Error error = Bind(inst.c, context.Source(instruction.operands.back(), 8))) {
      return error;
    }
  }
  if (count == 3) return llvm::Error::success();
  const ptx::Operand& operand = instruction.operands[3];
  llvm::Expected<Value> size = context.Source(operand, 4);
  if (size) {
    inst.a = *size;
    return llvm::Error::success();
  }
  llvm::consumeError(size.takeError());
  llvm::Expected<Value> ignored = context.Predicate(operand, false);
  if (!ignored) return ignored.takeError();
  inst.b = *ignored;
  return llvm::Error::success();
}

llvm::Error DecodeCpAsync(const ptx::Instruction& instruction, DecodeContext& context,
                          ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<CpAsyncDetail>();
  inst.detail = detail;
  inst.execute = ExecuteCpAsync;
  inst.inst_class = InstClass::kCopy;
  const int cache = modifiers.TakeOneOf({"ca", "cg"});
  const bool hint = modifiers.Take("L2::cache_hint");
  modifiers.TakeOneOf({"L2::64B", "L2::128B", "L2::256B"});
  if (cache < 0 || modifiers.TakeOneOf({"shared", "shared::cta"}) < 0 ||
      !modifiers.Take("global")) {
    return ptx::ErrorAt(instruction, ".ca or .cg, .shared and .global are due");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, hint ? 4 : 3, hint ? 5 : 4)) return error;
  llvm::Expected<uint32_t> bytes = TakeInteger(instruction, 2, 16);
  if (!bytes) return bytes.takeError();
  if (*bytes != 16 && (cache == 1 || (*bytes != 4 && *bytes != 8))) {
    return ptx::ErrorAt(instruction, "cp-size must be 16, or with .ca 4 or 8");
  }
  detail->bytes = *bytes;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[0]))) {
    return error;
  }
  if (llvm::Error error = Bind(detail->source, context.AddressOf(instruction.operands[1]))) {
    return error;
  }
  return BindOptional(instruction, context, hint, inst);
}

llvm::Error DecodeCp(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  if (instruction.Has("bulk")) {
    return instruction.Has("tensor") ? DecodeBulkTensor(instruction, context, inst)
                                     : DecodeBulk(instruction, context, inst);
  }
  if (llvm::Error error = RequireSm(context, 80, "cp.async")) return error;
  ptx::ModifierReader modifiers(instruction);
  if (!modifiers.Take("async")) return context.Unsupported("cp is .async or .reduce.async");
  if (modifiers.Take("commit_group")) {
    return DecodePlain(instruction, modifiers, ExecuteCommit, inst);
  }
  if (modifiers.Take("wait_all")) return DecodePlain(instruction, modifiers, ExecuteWaitAll, inst);
  if (modifiers.Take("wait_group")) return DecodeWait(instruction, modifiers, inst);
  if (modifiers.Take("mbarrier")) {
    return DecodeMbarrierArrive(instruction, context, modifiers, inst);
  }
  return DecodeCpAsync(instruction, context, modifiers, inst);
}

constexpr OpcodeDecoder kDecoders[] = {{"cp", DecodeCp}};

}  // namespace

llvm::ArrayRef<OpcodeDecoder> CopyDecoders() { return kDecoders; }

}  // namespace attnjit::emulator
