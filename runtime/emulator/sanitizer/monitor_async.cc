// Asynchronous operations and tensor memory.
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/monitor_impl.h"

namespace attnjit::emulator {
namespace {

uint8_t ShadowBits(AccessMode mode) {
  switch (mode) {
    case AccessMode::kRead:
      return 0;
    case AccessMode::kWrite:
      return ShadowAccess::kWrite;
    case AccessMode::kAtomicRead:
      return ShadowAccess::kAtomic;
    case AccessMode::kAtomicWrite:
      return ShadowAccess::kWrite | ShadowAccess::kAtomic;
  }
  return 0;
}

Who WhoOf(const Operation& op, const char* kind) {
  return {op.issuer.warp, op.one_thread ? __builtin_ctz(op.issuer.lanes) : -1, op.pc, kind, &op};
}

const char* AccessText(bool write) { return write ? "asynchronous write" : "asynchronous read"; }

/// Judges an operation's access to shared or global memory (see Shadow::Touch).
class OperationJudge {
 public:
  OperationJudge(Monitor::Impl& monitor, const Operation& op, MemorySpace space,
                 const ShadowAccess& access, uint64_t base)
      : monitor_(monitor), op_(op), space_(space), access_(access), base_(base) {}

  bool Ordered(const ShadowAccess& earlier) const {
    return earlier.agent == op_.agent || (Known(earlier) && Fenced(earlier));
  }
  bool SameInstruction(const ShadowAccess&) const { return false; }
  void Conflict(const ShadowAccess& earlier, uint64_t address) {
    const bool fence = Known(earlier);
    monitor_.FileConflict(
        fence ? Rule::kMissingProxyFence : Rule::kRaceCrossProxy,
        WhoOf(op_, AccessText(access_.is_write())), earlier,
        fence ? "the bytes were written through the generic proxy, and the writer executed no "
                "fence.proxy.async before it released them"
              : "an asynchronous operation and an access that nothing orders before its issue",
        space_, base_ | address);
  }

 private:
  bool IsOwn(const ShadowAccess& earlier) const {
    // cp.async: lane by lane; others only if one thread issued them.
    const bool mine = op_.kind == AsyncKind::kCpAsync
                          ? earlier.lanes == access_.lanes
                          : op_.one_thread && earlier.lanes == op_.issuer.lanes;
    return mine && earlier.agent == op_.issuer.warp;
  }
  bool Known(const ShadowAccess& earlier) const {
    return IsOwn(earlier) || op_.known.generic.Covers(earlier.agent, earlier.lanes, earlier.tick);
  }
  bool Fenced(const ShadowAccess& earlier) const {
    if (!access_.is_async_proxy() || earlier.is_async_proxy() || !earlier.is_write()) return true;
    const Clock& fenced =
        space_ == MemorySpace::kShared ? op_.known.async_shared : op_.known.async_global;
    return fenced.Covers(earlier.agent, earlier.lanes, earlier.tick);
  }

  Monitor::Impl& monitor_;
  const Operation& op_;
  const MemorySpace space_;
  const ShadowAccess& access_;
  const uint64_t base_;
};

/// Judges an operation's access to tensor memory.
class TensorJudge {
 public:
  TensorJudge(Monitor::Impl& monitor, const Operation& op, Who who)
      : monitor_(monitor), op_(op), who_(who) {}

  bool Ordered(const ShadowAccess& earlier) const {
    if (earlier.agent == op_.agent) return true;
    const Agent& first = monitor_.agents[earlier.agent];
    const bool same_cta = monitor_.agents.CtaOf(earlier.agent) == monitor_.agents.CtaOf(op_.agent);
    if (same_cta && IsPipelined(first.kind, op_.kind)) return true;
    if (op_.known.tensor.Covers(earlier.agent, ~0u, earlier.tick)) return true;
    return !monitor_.options.tcgen05_fences &&
           op_.known.generic.Covers(earlier.agent, ~0u, earlier.tick);
  }
  bool SameInstruction(const ShadowAccess&) const { return false; }
  void Conflict(const ShadowAccess& earlier, uint64_t address) {
    const uint64_t column = address / 4 % TensorAllocation::kColumns;
    const uint64_t lane = address / 4 / TensorAllocation::kColumns;
    monitor_.FileConflict(Rule::kTcgen05Order, who_, earlier, Why(earlier), MemorySpace::kTensor,
                          lane << 16 | column);
  }

 private:
  const char* Why(const ShadowAccess& earlier) const {
    const Knowledge& known = op_.known;
    if (known.tensor_acquired.Covers(earlier.agent, ~0u, earlier.tick)) {
      return "no tcgen05.fence::after_thread_sync stands between the thread synchronisation and "
             "the operation";
    }
    if (known.generic.Covers(earlier.agent, ~0u, earlier.tick)) {
      return "no tcgen05.fence::before_thread_sync stands between the earlier operation's wait and "
             "the thread synchronisation";
    }
    return "the earlier operation's completion is not waited for (tcgen05.wait or commit)";
  }

  Monitor::Impl& monitor_;
  const Operation& op_;
  const Who who_;
};

ShadowAccess ShadowOf(const Operation& op, AccessMode mode) {
  ShadowAccess access;
  access.agent = op.agent;
  access.tick = op.tick;
  access.pc = op.pc;
  access.lanes = 1;
  access.bits = ShadowBits(mode);
  if (IsAsyncProxy(op.kind)) access.bits |= ShadowAccess::kAsyncProxy;
  return access;
}

}  // namespace

OpId Monitor::BeginAsync(llvm::ArrayRef<Issuer> issuers, AsyncKind kind, Pc pc) {
  Operation op;
  op.kind = kind;
  op.pc = pc;
  op.issuer = issuers.front();
  op.one_thread = issuers.size() == 1 && (op.issuer.lanes & (op.issuer.lanes - 1)) == 0;
  bool first = true;
  for (const Issuer& issuer : issuers) {
    impl_->Lanes(issuer.warp).ForEach(issuer.lanes, [&](LaneMask, const Knowledge& known) {
      if (first) {
        op.known = known;
      } else {
        op.known.Meet(known);
      }
      first = false;
    });
  }
  if (op.one_thread) {
    impl_->RaiseOwn(op.issuer.warp, op.issuer.lanes, false, op.known.generic, op.known.async_shared,
                    op.known.async_global);
  }
  const AgentTable::Started started = impl_->agents.Start(op.issuer, kind, op.known.generic);
  op.agent = started.agent;
  op.tick = started.tick;
  const OpId id = MakeOpId(op.agent, op.tick);
  impl_->operations.insert_or_assign(id, std::move(op));
  return id;
}

void Monitor::Impl::AsyncRange(const Operation& op, MemorySpace space, uint64_t address,
                               uint64_t bytes, ShadowAccess access, uint32_t lane) {
  agents[op.agent].visible = true;
  if (space == MemorySpace::kGlobal) {
    if (!options.track_global) return;
    OperationJudge judge(*this, op, space, access, 0);
    return global.Touch(address, bytes, access, judge);
  }
  Who who = WhoOf(op, AccessText(access.is_write()));
  if (op.kind == AsyncKind::kCpAsync) who.lane = static_cast<int>(lane);
  CtaState* cta = CtaAt(address, who, static_cast<uint32_t>(bytes));
  if (cta == nullptr) return;
  const uint64_t offset = address & kOffsetMask;
  if (cta->mbarriers.AnySet(offset / 8, (offset + bytes + 7) / 8 - offset / 8)) {
    File(Rule::kMbarrierRawAccess, who, "an asynchronous operation on a live mbarrier",
         MemorySpace::kShared, address, static_cast<uint32_t>(bytes));
  }
  OperationJudge judge(*this, op, space, access, address & ~kOffsetMask);
  cta->shared.Touch(offset, bytes, access, judge);
  if (access.is_write() && !access.is_atomic()) return cta->shared_written.Set(offset, bytes);
  const uint64_t bad = cta->shared_written.FirstClear(offset, bytes);
  if (bad == offset + bytes || HasConflict()) return;
  File(Rule::kUninitShared, who, "shared memory is read that nothing has written",
       MemorySpace::kShared, address - offset + bad, static_cast<uint32_t>(offset + bytes - bad));
}

void Monitor::OnAsyncAccess(OpId op, MemorySpace space, uint64_t address, uint64_t bytes,
                            AccessMode mode) {
  const Operation* operation = impl_->Find(op);
  if (operation == nullptr || bytes == 0) return;
  impl_->NewInstruction();
  impl_->AsyncRange(*operation, space, address, bytes, ShadowOf(*operation, mode), 0);
}

void Monitor::OnAsyncLanes(OpId op, LaneMask lanes, MemorySpace space, const uint64_t* addresses,
                           uint32_t bytes, AccessMode mode) {
  const Operation* operation = impl_->Find(op);
  if (operation == nullptr) return;
  impl_->NewInstruction();
  ShadowAccess access = ShadowOf(*operation, mode);
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(lanes));
    if (operation->kind == AsyncKind::kCpAsync) access.lanes = 1u << lane;
    impl_->AsyncRange(*operation, space, addresses[lane], bytes, access, lane);
  }
}

void Monitor::OnAsyncTensor(OpId op, uint32_t cta, uint32_t first_lane, uint32_t lanes,
                            uint32_t column, uint32_t columns, AccessMode mode) {
  const Operation* operation = impl_->Find(op);
  if (operation == nullptr || columns == 0 || cta >= impl_->ctas.size()) return;
  CtaState& state = *impl_->ctas[cta];
  const uint64_t address = uint64_t{first_lane} << 16 | column;
  impl_->NewInstruction();
  impl_->agents[operation->agent].visible = true;
  if (first_lane + lanes > 128 || !state.allocation.Contains({column, columns})) {
    impl_->File(
        Rule::kTmemMisuse, WhoOf(*operation, AccessText(mode != AccessMode::kRead)),
        llvm::formatv("{0} lanes x {1} columns of tensor memory are not allocated", lanes, columns)
            .str(),
        MemorySpace::kTensor, address, columns * 4);
  }
  if (first_lane + lanes > 128 || column + columns > TensorAllocation::kColumns) return;
  const ShadowAccess access = ShadowOf(*operation, mode);
  bool uninitialised = false;
  TensorJudge judge(*impl_, *operation, WhoOf(*operation, AccessText(access.is_write())));
  for (uint32_t lane = first_lane; lane < first_lane + lanes; ++lane) {
    const uint64_t word = uint64_t{lane} * TensorAllocation::kColumns + column;
    state.tensor.Touch(word * 4, uint64_t{columns} * 4, access, judge);
    if (mode == AccessMode::kRead) uninitialised |= !state.tensor_written.AllSet(word, columns);
    if (access.is_write()) state.tensor_written.Set(word, columns);
  }
  if (!uninitialised || impl_->HasConflict()) return;
  impl_->File(Rule::kUninitTensor, WhoOf(*operation, AccessText(false)),
              "tensor memory is read that nothing has written", MemorySpace::kTensor, address,
              columns * 4);
}

void Monitor::EndAsync(OpId op) {
  if (op == 0) return;
  // What it still signals comes right after; then it is forgotten.
  impl_->ended.push_back(op);
  if (impl_->ended.size() > Impl::kMaxEnded) {
    impl_->operations.erase(impl_->ended.front());
    impl_->ended.pop_front();
  }
  Agent& agent = impl_->agents[AgentOfOp(op)];
  if (agent.tick == TickOfOp(op)) agent.running = false;
}

void Monitor::AcquireAsync(WarpId warp, LaneMask lanes, OpId op) {
  if (op == 0) return;
  const AgentId agent = AgentOfOp(op);
  if (impl_->agents[agent].kind == AsyncKind::kCpAsync) {
    for (; lanes != 0; lanes &= lanes - 1) {
      uint32_t& tick = impl_->warps[warp].own_copies[static_cast<size_t>(__builtin_ctz(lanes))];
      tick = std::max(tick, TickOfOp(op));
    }
    return;
  }
  impl_->Lanes(warp).Change(lanes, [&](LaneMask, Knowledge& known) {
    known.generic.RaiseAll(agent, TickOfOp(op));
    known.tensor.RaiseAll(agent, TickOfOp(op));
  });
}

void Monitor::ReleaseAsync(OpId op, const SyncObject& object) {
  if (op == 0) return;
  const AgentId agent = AgentOfOp(op);
  impl_->PublishOperation(agent, TickOfOp(op), impl_->agents[agent].issuer.lanes,
                          impl_->objects[KeyOf(object)].current);
}

void Monitor::TensorAlloc(WarpId warp, uint32_t column, uint32_t columns, uint32_t cta_group,
                          Pc pc) {
  CtaState& cta = *impl_->ctas[impl_->CtaOfWarp(warp)];
  const std::string problem = cta.allocation.Allocate({column, columns}, cta_group);
  if (!problem.empty()) {
    impl_->File(Rule::kTmemMisuse, Who{warp, -1, pc}, problem, MemorySpace::kTensor, column,
                columns * 4);
  }
  for (uint64_t lane = 0; lane < 128; ++lane) {
    cta.tensor_written.Clear(lane * TensorAllocation::kColumns + column, columns);
  }
}

void Monitor::TensorDealloc(WarpId warp, uint32_t column, uint32_t columns, uint32_t cta_group,
                            Pc pc) {
  CtaState& cta = *impl_->ctas[impl_->CtaOfWarp(warp)];
  const std::string problem = cta.allocation.Free({column, columns}, cta_group);
  if (!problem.empty()) {
    impl_->File(Rule::kTmemMisuse, Who{warp, -1, pc}, problem, MemorySpace::kTensor, column,
                columns * 4);
  }
  // Everything that uses the columns must be over and known: by the freeing warp's clock.
  Operation op;
  op.agent = static_cast<AgentId>(warp);
  op.issuer = {warp, ~0u};
  op.pc = pc;
  op.known = impl_->Lanes(warp).Of(0);
  op.known.tensor.Join(op.known.generic);
  ShadowAccess access;
  access.bits = ShadowAccess::kWrite;
  impl_->NewInstruction();
  TensorJudge judge(*impl_, op, {warp, -1, pc, "tcgen05.dealloc"});
  for (uint64_t lane = 0; lane < 128 && column + columns <= TensorAllocation::kColumns; ++lane) {
    const uint64_t address = (lane * TensorAllocation::kColumns + column) * 4;
    cta.tensor.Touch(address, uint64_t{columns} * 4, access, judge);
    cta.tensor.Forget(address, uint64_t{columns} * 4);
  }
}

void Monitor::TensorRelinquish(WarpId warp, Pc) {
  impl_->ctas[impl_->CtaOfWarp(warp)]->allocation.Relinquish();
}

}  // namespace attnjit::emulator
