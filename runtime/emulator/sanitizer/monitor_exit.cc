// What must be over when a CTA exits.
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/monitor_impl.h"

namespace attnjit::emulator {

/// All that some thread of the CTA knows. What its own warps did is known by having exited.
Clock Monitor::Impl::KnownAtExit(uint32_t cta) const {
  Clock known;
  for (uint32_t warp = cta * warps_per_cta; warp < (cta + 1) * warps_per_cta; ++warp) {
    const WarpKnowledge& knowledge = warps[warp].knowledge;
    knowledge.ForEach(knowledge.lanes(),
                      [&](LaneMask, const Knowledge& lanes) { known.Join(lanes.generic); });
    known.RaiseAll(static_cast<AgentId>(warp), UINT32_MAX);
    const AgentId copies = agents.CopyAgent(warp);
    for (uint32_t lane = 0; copies != 0 && lane < 32; ++lane) {
      known.RaiseLanes(copies, 1u << lane, warps[warp].own_copies[lane]);
    }
  }
  return known;
}

void Monitor::Impl::CheckSharedAtExit(uint32_t cta, const Clock& known) {
  NewInstruction();
  const Who exit = {cta * warps_per_cta, -1, kNoPc, "exit"};
  ctas[cta]->shared.ForEach([&](const ShadowAccess& access, uint64_t offset) {
    if (known.Covers(access.agent, access.lanes, access.tick)) return;
    const bool async = !agents[access.agent].is_warp;
    FileConflict(async ? Rule::kUnwaitedAsync : Rule::kDsmemExited, exit, access,
                 async ? "the CTA exits while an operation may still use its shared memory"
                       : "the CTA exits while another one may still use its shared memory",
                 MemorySpace::kShared, uint64_t{cta} << kRankShift | offset);
  });
}

void Monitor::Impl::CheckMbarriersAtExit(uint32_t cta, const Clock& known) {
  const Who exit = {cta * warps_per_cta, -1, kNoPc, "exit"};
  for (const auto& [address, state] : mbarriers) {
    if (RankOf(address) != cta) continue;
    if (state.bytes != 0) {
      File(Rule::kMbarrierPending, exit,
           llvm::formatv("the CTA exits while an mbarrier's transaction count is {0}", state.bytes)
               .str(),
           MemorySpace::kShared, address, 8, ActorOf(state.init));
    }
    for (const ShadowAccess& access : state.remote) {
      if (known.Covers(access.agent, access.lanes, access.tick)) continue;
      FileConflict(Rule::kDsmemExited, exit, access,
                   "the CTA exits while another one may still arrive on its mbarrier",
                   MemorySpace::kShared, address);
    }
  }
}

void Monitor::Impl::CheckRegistersAtExit(uint32_t cta) {
  for (uint32_t first = 0; first < warps_per_cta; first += 4) {
    for (uint32_t warp = first + 1; warp < std::min(first + 4, warps_per_cta); ++warp) {
      const WarpId base = cta * warps_per_cta;
      if (warps[base + warp].set_max_registers.size() ==
          warps[base + first].set_max_registers.size()) {
        continue;
      }
      File(Rule::kSetmaxnreg, WarpActor(base + warp, -1, kNoPc),
           llvm::formatv("warps {0} and {1} of one warpgroup executed different numbers of "
                         "setmaxnreg",
                         first, warp)
               .str());
    }
  }
}

void Monitor::CtaExit(uint32_t cta) {
  CtaState& state = *impl_->ctas[cta];
  if (state.exited) return;
  const Clock known = impl_->KnownAtExit(cta);
  impl_->CheckSharedAtExit(cta, known);
  impl_->CheckMbarriersAtExit(cta, known);
  impl_->CheckRegistersAtExit(cta);
  for (const TensorAllocation::Range& range : state.allocation.ranges()) {
    impl_->File(Rule::kTmemLeak, impl_->WarpActor(cta * impl_->warps_per_cta, -1, kNoPc, "exit"),
                llvm::formatv("{0} columns of tensor memory were not freed", range.columns).str(),
                MemorySpace::kTensor, range.column, range.columns * 4);
  }
  state.exited = true;
}

void Monitor::ClusterExit() {
  for (uint32_t cta = 0; cta < impl_->ctas.size(); ++cta) CtaExit(cta);
}

}  // namespace attnjit::emulator
