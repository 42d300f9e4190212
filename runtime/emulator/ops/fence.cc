#include "runtime/emulator/ops/fence.h"

#include <atomic>

#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/thread_fence.h"

namespace attnjit::emulator {
namespace {

/// Within a cluster instructions run one at a time, in program order; clusters run on threads of
/// their own, and for those every fence is a full one.
Step ExecuteThreadFence(Warp& warp, const Inst& inst, uint32_t lanes) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  FenceThreads(warp, static_cast<FenceKind>(inst.kind), inst.pc, lanes);
  return Step::kNext;
}

/// It is followed by a relaxed arrival at the cluster's barrier, which it makes one that releases.
Step ExecuteMbarrierInit(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->FenceMbarrierInit(warp.id(), lanes);
    FenceThreads(warp, FenceKind::kRelease, inst.pc, lanes);
  }
  return Step::kNext;
}

Step ExecuteProxyAsync(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->FenceProxyAsync(warp.id(), lanes, static_cast<FenceSpace>(inst.kind));
  }
  return Step::kNext;
}

/// fence.proxy.alias: no two addresses name one place. fence.proxy.tensormap without an address:
/// tensor maps are read from memory when an instruction uses them, through no cache.
Step ExecuteNothing(Warp&, const Inst&, uint32_t) { return Step::kNext; }

constexpr uint32_t kTensorMapBytes = 128;

Step ExecuteTensormapAcquire(Warp& warp, const Inst& inst, uint32_t lanes) {
  uint64_t addresses[32];
  warp.Addresses(inst.address, lanes, addresses);
  const bool ok = AllLanes(lanes, [&](int lane) {
    return warp.Resolve(inst, Space::kGeneric, addresses[lane], kTensorMapBytes, kTensorMapBytes,
                        AccessKind::kRead, lane, /*watched=*/false)
               .host != nullptr;
  });
  return ok ? Step::kNext : Step::kTrap;
}

llvm::Error Finish(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                   size_t operands = 0) {
  if (llvm::Error error = modifiers.Finish()) return error;
  return ExpectOperands(instruction, operands, operands);
}

llvm::Error DecodeProxyAsync(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                             Inst& inst) {
  FenceSpace space = FenceSpace::kAll;
  if (modifiers.Take("global")) {
    space = FenceSpace::kGlobal;
  } else if (modifiers.TakeOneOf({"shared::cta", "shared::cluster"}) >= 0) {
    space = FenceSpace::kShared;
  }
  inst.execute = ExecuteProxyAsync;
  inst.kind = static_cast<uint8_t>(space);
  return Finish(instruction, modifiers);
}

/// fence.proxy.async::generic.{acquire,release}.sync_restrict::shared::{cluster,cta}.cluster
llvm::Error DecodeProxyOneWay(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                              Inst& inst) {
  const bool acquire = modifiers.Take("acquire");
  if (!acquire && !modifiers.Take("release")) {
    return ptx::ErrorAt(instruction, ".acquire or .release is due");
  }
  if (!modifiers.Take(acquire ? "sync_restrict::shared::cluster" : "sync_restrict::shared::cta") ||
      !modifiers.Take("cluster")) {
    return ptx::ErrorAt(instruction, acquire ? ".sync_restrict::shared::cluster.cluster is due"
                                             : ".sync_restrict::shared::cta.cluster is due");
  }
  inst.execute = ExecuteProxyAsync;
  inst.kind = static_cast<uint8_t>(FenceSpace::kShared);
  return Finish(instruction, modifiers);
}

llvm::Error DecodeProxyTensormap(const ptx::Instruction& instruction, DecodeContext& context,
                                 ptx::ModifierReader& modifiers, Inst& inst) {
  const bool acquire = modifiers.Take("acquire");
  if (!acquire && !modifiers.Take("release")) {
    return ptx::ErrorAt(instruction, ".acquire or .release is due");
  }
  if (modifiers.TakeOneOf({"cta", "cluster", "gpu", "sys"}) < 0) {
    return ptx::ErrorAt(instruction, "a scope is due");
  }
  inst.execute = acquire ? ExecuteTensormapAcquire : ExecuteNothing;
  if (llvm::Error error = Finish(instruction, modifiers, acquire ? 2 : 0)) return error;
  if (!acquire) return llvm::Error::success();
  const ptx::Operand& size = instruction.operands[1];
  if (!size.IsInteger() || size.value != kTensorMapBytes) {
    return ptx::ErrorAt(instruction, "the size must be 128");
  }
  return Bind(inst.address, context.AddressOf(instruction.operands[0]));
}

llvm::Error DecodeProxy(const ptx::Instruction& instruction, DecodeContext& context,
                        ptx::ModifierReader& modifiers, Inst& inst) {
  if (modifiers.Take("alias")) {
    inst.execute = ExecuteNothing;
    return Finish(instruction, modifiers);
  }
  if (llvm::Error error = RequireSm(context, 90, "this proxy fence")) return error;
  if (modifiers.Take("async")) return DecodeProxyAsync(instruction, modifiers, inst);
  if (modifiers.Take("async::generic")) return DecodeProxyOneWay(instruction, modifiers, inst);
  if (modifiers.Take("tensormap::generic")) {
    return DecodeProxyTensormap(instruction, context, modifiers, inst);
  }
  return context.Unsupported("unknown proxy");
}

llvm::Error DecodeFence(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  ptx::ModifierReader modifiers(instruction);
  if (modifiers.Take("proxy")) return DecodeProxy(instruction, context, modifiers, inst);
  if (modifiers.Take("mbarrier_init")) {
    if (llvm::Error error = RequireSm(context, 90, "fence.mbarrier_init")) return error;
    if (!modifiers.Take("release") || !modifiers.Take("cluster")) {
      return ptx::ErrorAt(instruction, ".release.cluster is due");
    }
    inst.execute = ExecuteMbarrierInit;
    return Finish(instruction, modifiers);
  }
  inst.execute = ExecuteThreadFence;
  const int semantics = modifiers.TakeOneOf({"sc", "acq_rel", "acquire", "release"});
  inst.kind = static_cast<uint8_t>(semantics == 2   ? FenceKind::kAcquire
                                   : semantics == 3 ? FenceKind::kRelease
                                                    : FenceKind::kBoth);
  modifiers.TakeOneOf({"sync_restrict::shared::cta", "sync_restrict::shared::cluster"});
  if (modifiers.TakeOneOf({"cta", "cluster", "gpu", "sys"}) < 0) {
    return ptx::ErrorAt(instruction, "a scope is due");
  }
  return Finish(instruction, modifiers);
}

llvm::Error DecodeMembar(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  inst.inst_class = InstClass::kBarrier;
  ptx::ModifierReader modifiers(instruction);
  if (modifiers.Take("proxy")) return DecodeProxy(instruction, context, modifiers, inst);
  if (modifiers.TakeOneOf({"cta", "gl", "sys"}) < 0) {
    return ptx::ErrorAt(instruction, "a level is due");
  }
  inst.execute = ExecuteThreadFence;
  inst.kind = static_cast<uint8_t>(FenceKind::kBoth);
  return Finish(instruction, modifiers);
}

constexpr OpcodeDecoder kDecoders[] = {{"fence", DecodeFence}, {"membar", DecodeMembar}};

}  // namespace

llvm::ArrayRef<OpcodeDecoder> FenceDecoders() { return kDecoders; }

}  // namespace attnjit::emulator
