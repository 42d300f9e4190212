// mbarriers: life cycle, counts, phases, and what is released through them.
#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/monitor_impl.h"

namespace attnjit::emulator {
namespace {

Who WhoArrives(const Operation& op) {
  return {op.issuer.warp, op.one_thread ? __builtin_ctz(op.issuer.lanes) : -1, op.pc,
          "asynchronous arrival", &op};
}

}  // namespace

bool Monitor::Impl::KnowsInit(WarpId warp, LaneMask lanes, const MbarrierState& state) const {
  bool known = true;
  warps[warp].knowledge.ForEach(lanes, [&](LaneMask mask, const Knowledge& knowledge) {
    for (; mask != 0; mask &= mask - 1) {
      known &= ThreadKnows(warp, static_cast<uint32_t>(__builtin_ctz(mask)), knowledge, state.init);
      if (known && mask == (mask & -mask)) break;
    }
  });
  return known;
}

MbarrierState* Monitor::Impl::FindMbarrier(const Who& who, uint64_t address, bool known_init) {
  const auto found = mbarriers.find(address);
  if (found == mbarriers.end()) {
    File(Rule::kMbarrierUninit, who, "no mbarrier was initialised at this address",
         MemorySpace::kShared, address, 8);
    return nullptr;
  }
  CtaAt(address, who, 8);  // Reports a CTA that has exited.
  if (!known_init) {
    File(Rule::kMbarrierUninit, who, "nothing orders the mbarrier's initialisation before its use",
         MemorySpace::kShared, address, 8, ActorOf(found->second.init));
  }
  return &found->second;
}

MbarrierState* Monitor::Impl::MbarrierForLanes(WarpId warp, LaneMask lanes, uint64_t address, Pc pc,
                                               const char* kind) {
  const auto found = mbarriers.find(address);
  const bool known = found == mbarriers.end() || KnowsInit(warp, lanes, found->second);
  const int lane = (lanes & (lanes - 1)) == 0 ? __builtin_ctz(lanes) : -1;
  MbarrierState* state = FindMbarrier({warp, lane, pc, kind}, address, known);
  if (state != nullptr && CtaOfWarp(warp) != RankOf(address)) {
    ShadowAccess access;
    access.agent = static_cast<AgentId>(warp);
    access.tick = Lanes(warp).tick();
    access.lanes = lanes;
    access.pc = pc;
    NoteRemote(*state, access);
    Lanes(warp).MarkActive(lanes);
  }
  return state;
}

MbarrierState* Monitor::Impl::MbarrierForOp(const Operation& op, uint64_t address) {
  const auto found = mbarriers.find(address);
  bool known = true;
  if (found != mbarriers.end()) {
    const ShadowAccess& init = found->second.init;
    known = (op.one_thread && init.agent == op.issuer.warp && init.lanes == op.issuer.lanes) ||
            op.known.generic.Covers(init.agent, init.lanes, init.tick);
  }
  const Who who = WhoArrives(op);
  MbarrierState* state = FindMbarrier(who, address, known);
  if (state == nullptr) return nullptr;
  if (!state->fenced && IsAsyncProxy(op.kind)) {
    File(Rule::kMissingProxyFence, who,
         "an asynchronous operation arrives on an mbarrier whose initialiser executed no "
         "fence.mbarrier_init or fence.proxy.async",
         MemorySpace::kShared, address, 8, ActorOf(state->init));
    state->fenced = true;  // Once is enough.
  }
  if (CtaOfWarp(op.issuer.warp) != RankOf(address)) {
    ShadowAccess access;
    access.agent = op.agent;
    access.tick = op.tick;
    access.lanes = 1;
    access.pc = op.pc;
    NoteRemote(*state, access);
  }
  return state;
}

void Monitor::Impl::NoteRemote(MbarrierState& state, ShadowAccess access) {
  std::erase_if(state.remote, [&](const ShadowAccess& earlier) {
    return earlier.agent == access.agent && (earlier.lanes & ~access.lanes) == 0;
  });
  state.remote.push_back(access);
}

void Monitor::Impl::AfterPhase(MbarrierState& state, uint64_t address) {
  if (!state.Advance()) return;
  for (const MbarrierState::Waiter& waiter : state.waiters) {
    if (state.phase < waiter.phase + 2) continue;
    File(Rule::kMbarrierPhase, Who{waiter.warp, -1, waiter.pc, "wait"},
         "two phases completed while a thread waited for the first: the parity is its former one "
         "again",
         MemorySpace::kShared, address, 8);
  }
  std::erase_if(state.waiters, [&](const MbarrierState::Waiter& waiter) {
    return state.phase >= waiter.phase + 2;
  });
}

void Monitor::Impl::ArriveAt(MbarrierState& state, uint64_t address, uint64_t arrivals,
                             const Who& who) {
  state.pending -= static_cast<int64_t>(arrivals);
  if (state.pending < 0) {
    File(Rule::kMbarrierOverarrive, who,
         llvm::formatv("an arrival beyond the {0} that the phase expects", state.count).str(),
         MemorySpace::kShared, address, 8);
    state.pending = 0;
  }
  AfterPhase(state, address);
}

void Monitor::Impl::AddBytes(MbarrierState& state, uint64_t address, int64_t bytes,
                             const Who& who) {
  state.bytes += bytes;
  if (state.bytes <= MbarrierState::kMaxCount && state.bytes >= -MbarrierState::kMaxCount) return;
  File(Rule::kMbarrierTxOverflow, who,
       llvm::formatv("the transaction count becomes {0}, outside of +-(2^20 - 1)", state.bytes)
           .str(),
       MemorySpace::kShared, address, 8);
}

void Monitor::MbarrierInit(WarpId warp, int lane, uint64_t address, uint32_t count, Pc pc) {
  const Who who = {warp, lane, pc, "mbarrier.init"};
  if (count == 0 || count > MbarrierState::kMaxCount) {
    impl_->File(Rule::kMbarrierCount, who,
                llvm::formatv("mbarrier.init with a count of {0}, not 1 to 2^20 - 1", count).str(),
                MemorySpace::kShared, address, 8);
  }
  const auto found = impl_->mbarriers.find(address);
  if (found != impl_->mbarriers.end()) {
    impl_->File(Rule::kMbarrierReinit, who, "the mbarrier is alive: mbarrier.inval must come first",
                MemorySpace::kShared, address, 8, impl_->ActorOf(found->second.init));
    MbarrierInval(warp, lane, address, pc);
  }
  // Its bytes may have served for something else: that must be over.
  std::array<uint64_t, 32> addresses{};
  addresses[static_cast<size_t>(lane)] = address;
  WarpAccess write;
  write.warp = warp;
  write.lanes = 1u << lane;
  write.mode = AccessMode::kWrite;
  write.bytes = 8;
  write.pc = pc;
  write.addresses = addresses.data();
  OnAccess(write);
  if (RankOf(address) >= impl_->ctas.size()) return;

  MbarrierState& state = impl_->mbarriers[address];
  state = MbarrierState();
  state.init.agent = static_cast<AgentId>(warp);
  state.init.tick = impl_->Lanes(warp).tick();
  state.init.lanes = 1u << lane;
  state.init.pc = pc;
  state.init.bits = ShadowAccess::kWrite;
  state.count = state.pending = count;
  impl_->unfenced_mbarriers.push_back(address);
  impl_->ctas[RankOf(address)]->mbarriers.Set((address & kOffsetMask) / 8, 1);
}

void Monitor::MbarrierInval(WarpId warp, int lane, uint64_t address, Pc pc) {
  const Who who = {warp, lane, pc, "mbarrier.inval"};
  MbarrierState* state = impl_->MbarrierForLanes(warp, 1u << lane, address, pc, "mbarrier.inval");
  if (state == nullptr) return;
  if (state->bytes != 0) {
    impl_->File(Rule::kMbarrierPending, who, "the mbarrier ends with a pending transaction count",
                MemorySpace::kShared, address, 8);
  }
  impl_->mbarriers.erase(address);
  impl_->ctas[RankOf(address)]->mbarriers.Clear((address & kOffsetMask) / 8, 1);
}

void Monitor::MbarrierArrive(WarpId warp, LaneMask lanes, uint64_t address, uint32_t count, Pc pc,
                             bool drop, bool relaxed) {
  MbarrierState* state = impl_->MbarrierForLanes(warp, lanes, address, pc, "mbarrier.arrive");
  if (state == nullptr) return;
  impl_->Publish(warp, lanes, state->sync.pending, relaxed);
  const uint64_t arrivals = uint64_t{count} * static_cast<uint64_t>(__builtin_popcount(lanes));
  if (drop) state->count = std::max<int64_t>(0, state->count - static_cast<int64_t>(arrivals));
  const int lane = (lanes & (lanes - 1)) == 0 ? __builtin_ctz(lanes) : -1;
  impl_->ArriveAt(*state, address, arrivals, {warp, lane, pc, "mbarrier.arrive"});
}

void Monitor::MbarrierExpectTx(WarpId warp, LaneMask lanes, uint64_t address, uint32_t bytes,
                               Pc pc) {
  MbarrierState* state = impl_->MbarrierForLanes(warp, lanes, address, pc, "mbarrier.expect_tx");
  if (state == nullptr) return;
  const int64_t total = int64_t{bytes} * __builtin_popcount(lanes);
  impl_->AddBytes(*state, address, total, {warp, -1, pc, "mbarrier.expect_tx"});
}

void Monitor::MbarrierAddPending(WarpId warp, LaneMask lanes, uint64_t address, Pc pc) {
  MbarrierState* state =
      impl_->MbarrierForLanes(warp, lanes, address, pc, "cp.async.mbarrier.arrive");
  if (state == nullptr) return;
  state->pending += __builtin_popcount(lanes);
  if (state->pending <= MbarrierState::kMaxCount) return;
  impl_->File(Rule::kMbarrierCount, Who{warp, -1, pc, "cp.async.mbarrier.arrive"},
              "the pending count exceeds 2^20 - 1", MemorySpace::kShared, address, 8);
}

void Monitor::MbarrierCompleteTx(OpId op, uint64_t address, uint32_t bytes) {
  const Operation* operation = impl_->Find(op);
  if (operation == nullptr) return;
  MbarrierState* state = impl_->MbarrierForOp(*operation, address);
  if (state == nullptr) return;
  impl_->PublishOperation(operation->agent, operation->tick, 1, state->sync.pending);
  impl_->AddBytes(*state, address, -int64_t{bytes}, WhoArrives(*operation));
  impl_->AfterPhase(*state, address);
}

void Monitor::MbarrierArriveAsync(OpId op, uint64_t address, uint32_t count) {
  const Operation* operation = impl_->Find(op);
  if (operation == nullptr) return;
  MbarrierState* state = impl_->MbarrierForOp(*operation, address);
  if (state == nullptr) return;
  Published& pending = state->sync.pending;
  impl_->PublishOperation(operation->agent, operation->tick, operation->issuer.lanes, pending);
  if (operation->kind == AsyncKind::kTcgen05Mma) operation->known.PublishAll(pending);
  impl_->ArriveAt(*state, address, count, WhoArrives(*operation));
}

void Monitor::MbarrierObserve(WarpId warp, LaneMask lanes, uint64_t address, Pc pc, bool relaxed) {
  MbarrierState* state = impl_->MbarrierForLanes(warp, lanes, address, pc, "mbarrier wait");
  if (state == nullptr) return;
  for (MbarrierState::Waiter& waiter : state->waiters) {
    if (waiter.warp == warp) waiter.lanes &= ~lanes;
  }
  std::erase_if(state->waiters, [](const auto& waiter) { return waiter.lanes == 0; });
  const Published& published = state->sync.current;
  impl_->Lanes(warp).Change(lanes, [&](LaneMask, Knowledge& known) {
    if (relaxed) {
      known.tensor_acquired.Join(published.tensor);
    } else {
      known.Acquire(published);
    }
  });
}

void Monitor::MbarrierBlocked(WarpId warp, LaneMask lanes, uint64_t address, uint32_t parity,
                              Pc pc) {
  MbarrierState* state = impl_->MbarrierForLanes(warp, lanes, address, pc, "mbarrier wait");
  if (state == nullptr || (state->phase & 1) != (parity & 1)) return;
  for (MbarrierState::Waiter& waiter : state->waiters) {
    if (waiter.warp == warp && waiter.pc == pc && waiter.phase == state->phase) {
      waiter.lanes |= lanes;
      return;
    }
  }
  state->waiters.push_back({warp, lanes, state->phase, pc});
}

}  // namespace attnjit::emulator
