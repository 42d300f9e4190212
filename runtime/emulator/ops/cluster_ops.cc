#include "runtime/emulator/ops/cluster_ops.h"

#include <cstring>
#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/grid_control.h"
#include "runtime/emulator/ops/launch_control.h"
#include "runtime/emulator/ops/register_pool.h"
#include "runtime/emulator/ops/thread_fence.h"

namespace attnjit::emulator {
namespace {

/// The cluster's one barrier, in StateSlot::kBarriers; entries by WarpId.
struct ClusterBarrier {
  std::vector<uint32_t> arrived;  ///< Lanes that arrived in the phase that is not complete yet.
  std::vector<uint32_t> owed;     ///< Lanes that arrived and have not waited for it.

  void Resize(size_t warps) {
    if (arrived.size() >= warps) return;
    arrived.resize(warps);
    owed.resize(warps);
  }
};

ClusterBarrier& BarrierOf(Warp& warp) {
  auto& barrier = warp.cluster().State<ClusterBarrier>(StateSlot::kBarriers);
  barrier.Resize(warp.id() + size_t{1});
  return barrier;
}

/// Completes the phase if every thread that has not exited has arrived (PTX ISA 9.7.13.3).
void CompleteIfDone(Cluster& cluster, ClusterBarrier& barrier) {
  for (const auto& cta : cluster.ctas()) {
    for (const auto& warp : cta->warps()) {
      const uint32_t arrived =
          warp->id() < barrier.arrived.size() ? barrier.arrived[warp->id()] : 0;
      if ((warp->live() & ~arrived) != 0) return;
    }
  }
  std::fill(barrier.arrived.begin(), barrier.arrived.end(), 0);
  if (Monitor* monitor = cluster.monitor(); monitor != nullptr) {
    monitor->CompleteBarrier(SyncObject::ClusterBarrier());
  }
  cluster.Wake();
}

enum class Arrival : uint8_t { kRelease, kRelaxed };

Step ExecuteArrive(Warp& warp, const Inst& inst, uint32_t lanes) {
  ClusterBarrier& barrier = BarrierOf(warp);
  uint32_t& arrived = barrier.arrived[warp.id()];
  if ((arrived & lanes) != 0) {
    return warp.Trap(Rule::kBarrierCount, inst, __builtin_ctz(arrived & lanes),
                     "arrives at the cluster's barrier twice in one phase");
  }
  arrived |= lanes;
  barrier.owed[warp.id()] |= lanes;
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    const uint32_t releasing =
        inst.kind == static_cast<uint8_t>(Arrival::kRelaxed) ? ReleasedByFence(warp, lanes) : lanes;
    if (releasing != 0) monitor->Release(warp.id(), releasing, SyncObject::ClusterBarrier());
  }
  CompleteIfDone(warp.cluster(), barrier);
  return Step::kNext;
}

Step ExecuteWait(Warp& warp, const Inst& inst, uint32_t lanes) {
  ClusterBarrier& barrier = BarrierOf(warp);
  const uint32_t unpaired = lanes & ~barrier.owed[warp.id()];
  if (unpaired != 0) {
    return warp.Trap(Rule::kBarrierCount, inst, __builtin_ctz(unpaired),
                     "waits at the cluster's barrier without having arrived");
  }
  // Threads that exited since may have been the last ones missing.
  if ((barrier.arrived[warp.id()] & lanes) != 0) CompleteIfDone(warp.cluster(), barrier);
  if ((barrier.arrived[warp.id()] & lanes) != 0) {
    warp.SetWait("barrier.cluster.wait: threads of the cluster that have not arrived");
    return Step::kBlocked;
  }
  barrier.owed[warp.id()] &= ~lanes;
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->Acquire(warp.id(), lanes, SyncObject::ClusterBarrier());
  }
  ++warp.counters().barrier_waits;
  return Step::kNext;
}

constexpr OpcodeDecoder kDecoders[] = {{"clusterlaunchcontrol", DecodeLaunchControl},
                                       {"griddepcontrol", DecodeGridDepControl},
                                       {"setmaxnreg", DecodeSetMaxNReg}};

}  // namespace

llvm::Error DecodeBarrierCluster(const ptx::Instruction& instruction, DecodeContext& context,
                                 Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  if (llvm::Error error = RequireSm(context, 90, "barrier.cluster")) return error;
  ptx::ModifierReader modifiers(instruction);
  modifiers.Take("cluster");
  if (modifiers.Take("arrive")) {
    inst.execute = ExecuteArrive;
    const bool relaxed = modifiers.TakeOneOf({"release", "relaxed"}) == 1;
    inst.kind = static_cast<uint8_t>(relaxed ? Arrival::kRelaxed : Arrival::kRelease);
  } else if (modifiers.Take("wait")) {
    inst.execute = ExecuteWait;
    modifiers.Take("acquire");
  } else {
    return context.Unsupported("barrier.cluster is .arrive or .wait");
  }
  inst.converged = modifiers.Take("aligned");
  if (llvm::Error error = modifiers.Finish()) return error;
  return ExpectOperands(instruction, 0, 0);
}

llvm::ArrayRef<OpcodeDecoder> ClusterDecoders() { return kDecoders; }

}  // namespace attnjit::emulator
