// Order between threads: releases, acquires, barriers, fences.
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/monitor_impl.h"

namespace attnjit::emulator {

namespace {

/// Raises each lane of an agent to its own tick.
void RaiseTicks(Clock& clock, AgentId agent, LaneMask lanes, LaneMask all, const LaneTicks& ticks) {
  const uint32_t first = ticks[static_cast<size_t>(__builtin_ctz(lanes))];
  bool equal = (all & ~lanes) == 0;
  for (uint32_t lane = 0; equal && lane < 32; ++lane) {
    equal = !(lanes >> lane & 1) || ticks[lane] == first;
  }
  if (equal) return first != 0 ? clock.RaiseAll(agent, first) : void();
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<uint32_t>(__builtin_ctz(rest));
    if (ticks[lane] != 0) clock.RaiseLanes(agent, 1u << lane, ticks[lane]);
  }
}

void SetTicks(LaneTicks& ticks, LaneMask lanes, uint32_t tick) {
  for (; lanes != 0; lanes &= lanes - 1) ticks[static_cast<size_t>(__builtin_ctz(lanes))] = tick;
}

}  // namespace

void Monitor::Impl::RaiseOwn(WarpId warp, LaneMask lanes, bool all_idle, Clock& generic,
                             Clock& async_shared, Clock& async_global) const {
  const WarpState& state = warps[warp];
  const auto self = static_cast<AgentId>(warp);
  const LaneMask all = state.knowledge.lanes();
  if ((all & ~lanes) == 0 || all_idle) {
    generic.RaiseAll(self, state.knowledge.tick());
  } else {
    generic.RaiseLanes(self, lanes, state.knowledge.tick());
  }
  RaiseTicks(async_shared, self, lanes, all, state.shared_fences.writes);
  RaiseTicks(async_global, self, lanes, all, state.global_fences.writes);
  const AgentId copies = agents.CopyAgent(warp);
  if (copies == 0) return;
  RaiseTicks(generic, copies, lanes, all, state.own_copies);
  RaiseTicks(async_shared, copies, lanes, all, state.shared_fences.copies);
  RaiseTicks(async_global, copies, lanes, all, state.global_fences.copies);
}

void Monitor::Impl::Publish(WarpId warp, LaneMask lanes, Published& out, bool tensor_only) {
  WarpKnowledge& knowledge = Lanes(warp);
  bool all_idle = false;
  knowledge.ForEach(lanes, [&](LaneMask, const Knowledge& known) {
    all_idle |= knowledge.OthersIdle(lanes, known, static_cast<AgentId>(warp));
    if (tensor_only) {
      out.tensor.Join(known.tensor_fenced);
      out.tensor.Join(known.tensor_acquired);
    } else {
      known.PublishTo(out);
    }
  });
  if (!tensor_only) {
    RaiseOwn(warp, lanes, all_idle, out.generic, out.async_shared, out.async_global);
  }
  knowledge.NextTick();
}

void Monitor::Impl::PublishOperation(AgentId agent, uint32_t tick, LaneMask lanes, Published& out) {
  agents[agent].visible = true;
  switch (agents[agent].kind) {
    case AsyncKind::kCpAsync:
      out.generic.RaiseLanes(agent, lanes, tick);
      return;
    case AsyncKind::kTcgen05Mma:
    case AsyncKind::kTcgen05Cp:
    case AsyncKind::kTcgen05Shift:
      // tcgen05.commit tracks all of them, and fences them (PTX ISA 9.7.16.6.4.2).
      for (AgentId other : agents.MatrixPipe(agents.CtaOf(agent))) {
        if (other == 0) continue;
        out.generic.RaiseAll(other, tick);
        out.tensor.RaiseAll(other, tick);
      }
      return;
    default:
      out.generic.RaiseAll(agent, tick);
      out.tensor.RaiseAll(agent, tick);
  }
}

void Monitor::WarpSync(WarpId warp, LaneMask lanes) {
  WarpKnowledge& knowledge = impl_->Lanes(warp);
  Knowledge joined;
  knowledge.ForEach(lanes, [&](LaneMask, const Knowledge& known) { joined.Join(known); });
  impl_->RaiseOwn(warp, lanes, false, joined.generic, joined.async_shared, joined.async_global);
  knowledge.Change(lanes, [&](LaneMask, Knowledge& known) { known = joined; });
  if ((knowledge.lanes() & ~lanes) == 0) knowledge.MarkOrdered();
  knowledge.NextTick();
}

void Monitor::Release(WarpId warp, LaneMask lanes, const SyncObject& object) {
  SyncState& state = impl_->objects[KeyOf(object)];
  const bool is_barrier =
      object.kind == SyncObject::kNamedBarrier || object.kind == SyncObject::kClusterBarrier;
  impl_->Publish(warp, lanes, is_barrier ? state.pending : state.current);
}

void Monitor::Acquire(WarpId warp, LaneMask lanes, const SyncObject& object) {
  const auto found = impl_->objects.find(KeyOf(object));
  if (found == impl_->objects.end()) return;
  impl_->Lanes(warp).Change(
      lanes, [&](LaneMask, Knowledge& known) { known.Acquire(found->second.current); });
}

void Monitor::ArriveBarrier(WarpId warp, LaneMask lanes, const SyncObject& barrier,
                            uint32_t threads, Pc pc) {
  NamedBarrier& state = impl_->barriers[KeyOf(barrier)];
  const Actor actor = impl_->WarpActor(warp, -1, pc);
  const auto report = [&](const llvm::Twine& what) {
    impl_->File(Rule::kBarrierCount, actor,
                "barrier " + llvm::Twine(barrier.id & 0xff) + ": " + what);
  };
  if (threads == 0 || threads % 32 != 0 || threads > impl_->warps_per_cta * 32) {
    report(llvm::Twine(threads) + " threads, not whole warps of the CTA");
  } else if (state.arrived != 0 && state.threads != threads) {
    report(llvm::Twine(threads) + " threads where an earlier arrival expects " +
           llvm::Twine(state.threads));
  }
  if (state.arrived == 0) state.threads = threads;
  // Whole warps count, whatever their active lanes (PTX ISA 9.7.13.1).
  state.arrived += 32;
  LaneMask& before = state.lanes[warp];
  if ((before & lanes) != 0) {
    report("a thread that has arrived arrives again before the barrier has completed");
  }
  before |= lanes;
  if (state.arrived > state.threads && threads % 32 == 0 && state.threads == threads) {
    report("more threads arrive than the " + llvm::Twine(state.threads) + " that it expects");
  }
  Release(warp, lanes, barrier);
}

void Monitor::CompleteBarrier(const SyncObject& barrier) {
  impl_->barriers.erase(KeyOf(barrier));
  impl_->objects[KeyOf(barrier)].Complete();
}

void Monitor::FenceProxyAsync(WarpId warp, LaneMask lanes, FenceSpace space) {
  WarpState& state = impl_->warps[warp];
  const auto fence = [&](OwnFences& fences, Clock Knowledge::*fenced) {
    SetTicks(fences.writes, lanes, state.knowledge.tick());
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<size_t>(__builtin_ctz(rest));
      fences.copies[lane] = state.own_copies[lane];
    }
    if (!impl_->options.proxy_fence_on_path) return;
    state.knowledge.Change(
        lanes, [&](LaneMask, Knowledge& known) { (known.*fenced).Join(known.generic); });
  };
  if (space != FenceSpace::kGlobal) fence(state.shared_fences, &Knowledge::async_shared);
  if (space != FenceSpace::kShared) fence(state.global_fences, &Knowledge::async_global);
  state.knowledge.NextTick();
  if (space != FenceSpace::kGlobal) FenceMbarrierInit(warp, lanes);
}

void Monitor::FenceMbarrierInit(WarpId warp, LaneMask lanes) {
  std::erase_if(impl_->unfenced_mbarriers, [&](uint64_t address) {
    const auto found = impl_->mbarriers.find(address);
    if (found == impl_->mbarriers.end()) return true;
    const ShadowAccess& init = found->second.init;
    if (init.agent != warp || (init.lanes & ~lanes) != 0) return false;
    found->second.fenced = true;
    return true;
  });
}

void Monitor::Tcgen05FenceBefore(WarpId warp, LaneMask lanes) {
  impl_->Lanes(warp).Change(
      lanes, [](LaneMask, Knowledge& known) { known.tensor_fenced.Join(known.tensor); });
}

void Monitor::Tcgen05FenceAfter(WarpId warp, LaneMask lanes) {
  impl_->Lanes(warp).Change(lanes, [](LaneMask, Knowledge& known) {
    known.tensor.Join(known.tensor_acquired);
    known.tensor_fenced.Join(known.tensor_acquired);
  });
}

}  // namespace attnjit::emulator
