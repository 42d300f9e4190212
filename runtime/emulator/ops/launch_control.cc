#include "runtime/emulator/ops/launch_control.h"

#include <cstring>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kResponseBytes = 16;
/// The response: this word, then zeros. Opaque to programs, so it looks like no coordinates.
constexpr uint64_t kNothingCancelled = 0x0dec'11ed'0dec'11ed;

struct LaunchControlDetail {
  Space space = Space::kGeneric;
  bool multicast = false;
  Address mbarrier;
};

/// One CTA's response.
class RespondOp : public AsyncOp {
 public:
  RespondOp(const Origin& origin, uint32_t address, uint32_t mbarrier)
      : origin_(origin), address_(address), mbarrier_(mbarrier) {
    signal = MbarrierSignal(mbarrier);
    Monitor* monitor = origin.warp->monitor();
    if (monitor == nullptr) return;
    op_ = monitor->BeginAsync({Issuer{origin.warp->id(), 1u << origin.lane}}, AsyncKind::kBulk,
                              origin.inst->pc);
    monitor->OnAsyncAccess(op_, MemorySpace::kShared, address, kResponseBytes, AccessMode::kWrite);
  }

  void Run(Cluster&) override {
    uint8_t* place = SharedPlace(origin_, address_, kResponseBytes, kResponseBytes);
    if (place == nullptr) return;
    const uint64_t response[2] = {kNothingCancelled, 0};
    std::memcpy(place, response, sizeof(response));
    if (Monitor* monitor = origin_.warp->monitor(); monitor != nullptr) monitor->EndAsync(op_);
    CompleteMbarrierTx(origin_, op_, mbarrier_, kResponseBytes);
  }

  std::string Describe() const override {
    return llvm::formatv("clusterlaunchcontrol.try_cancel (line {0})", origin_.inst->line);
  }

 private:
  Origin origin_;
  uint32_t address_;
  uint32_t mbarrier_;
  OpId op_ = 0;
};

bool TryCancel(const Origin& origin, uint64_t address, uint64_t mbarrier) {
  const auto& detail = *static_cast<const LaunchControlDetail*>(origin.inst->detail);
  const auto response = SharedAddress(origin, detail.space, address);
  if (!response) return false;
  const auto barrier = SharedAddress(origin, detail.space, mbarrier);
  if (!barrier) return false;
  Cluster& cluster = origin.cluster();
  const uint32_t own = origin.warp->cta().rank();
  for (uint32_t rank = 0; rank < cluster.ctas().size(); ++rank) {
    if (!detail.multicast && rank != own) continue;
    const uint32_t window = rank << kSharedRankShift;
    const uint32_t target = window | (*response & kSharedOffsetMask);
    if (SharedPlace(origin, target, kResponseBytes, kResponseBytes) == nullptr) return false;
    cluster.queue().Issue(cluster, std::make_unique<RespondOp>(
                                       origin, target, window | (*barrier & kSharedOffsetMask)));
  }
  return !cluster.trapped();
}

Step ExecuteTryCancel(Warp& warp, const Inst& inst, uint32_t lanes) {
  uint64_t addresses[32];
  uint64_t mbarriers[32];
  warp.Addresses(inst.address, lanes, addresses);
  warp.Addresses(static_cast<const LaunchControlDetail*>(inst.detail)->mbarrier, lanes, mbarriers);
  const bool ok = AllLanes(lanes, [&](int lane) {
    return TryCancel({&warp, &inst, lane}, addresses[lane], mbarriers[lane]);
  });
  return ok ? Step::kNext : Step::kTrap;
}

bool IsResponse(const uint64_t* words, int lane) {
  return words[2 * lane] == kNothingCancelled && words[2 * lane + 1] == 0;
}

Step ExecuteIsCancelled(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint64_t* words = warp.Read128(inst.a, lanes);
  const bool ok = AllLanes(lanes, [&](int lane) {
    return IsResponse(words, lane) ||
           Fault({&warp, &inst, lane}, Rule::kPoisonRead,
                 "the operand is no response of clusterlaunchcontrol.try_cancel");
  });
  if (!ok) return Step::kTrap;
  warp.WritePredicate(inst.dst, lanes, 0);
  return Step::kNext;
}

/// Undefined after a failed request, and all requests fail.
Step ExecuteFirstCtaid(Warp& warp, const Inst& inst, uint32_t lanes) {
  return warp.Trap(Rule::kPoisonRead, inst, __builtin_ctz(lanes),
                   "reads the ctaid of a cluster that was not cancelled");
}

llvm::Error DecodeTryCancel(const ptx::Instruction& instruction, DecodeContext& context,
                            ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<LaunchControlDetail>();
  inst.detail = detail;
  inst.execute = ExecuteTryCancel;
  inst.inst_class = InstClass::kCopy;
  detail->multicast = modifiers.Take("multicast::cluster::all");
  detail->space = TakeSharedSpace(modifiers, false);
  if (!modifiers.Take("async") || !modifiers.Take("mbarrier::complete_tx::bytes") ||
      !modifiers.Take("b128")) {
    return ptx::ErrorAt(instruction, ".async.mbarrier::complete_tx::bytes.b128 is due");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[0]))) {
    return error;
  }
  return Bind(detail->mbarrier, context.AddressOf(instruction.operands[1]));
}

llvm::Error DecodeQueryCancel(const ptx::Instruction& instruction, DecodeContext& context,
                              ptx::ModifierReader& modifiers, Inst& inst) {
  inst.inst_class = InstClass::kOther;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  if (llvm::Error error = Bind(inst.a, context.Source(instruction.operands[1], 16))) return error;
  if (modifiers.Take("is_canceled")) {
    inst.execute = ExecuteIsCancelled;
    if (!modifiers.Take("pred") || !modifiers.Take("b128")) {
      return ptx::ErrorAt(instruction, ".pred.b128 is due");
    }
    if (llvm::Error error = Bind(inst.dst, context.Predicate(instruction.operands[0], true))) {
      return error;
    }
    return modifiers.Finish();
  }
  if (modifiers.TakeOneOf({"get_first_ctaid", "get_first_ctaid::x", "get_first_ctaid::y",
                           "get_first_ctaid::z"}) < 0) {
    return ptx::ErrorAt(instruction, ".is_canceled or .get_first_ctaid is due");
  }
  modifiers.Take("v4");
  if (!modifiers.Take("b32") || !modifiers.Take("b128")) {
    return ptx::ErrorAt(instruction, ".b32.b128 is due");
  }
  inst.execute = ExecuteFirstCtaid;
  return modifiers.Finish();
}

}  // namespace

llvm::Error DecodeLaunchControl(const ptx::Instruction& instruction, DecodeContext& context,
                                Inst& inst) {
  if (llvm::Error error = RequireSm(context, 100, "clusterlaunchcontrol")) return error;
  ptx::ModifierReader modifiers(instruction);
  if (modifiers.Take("try_cancel")) {
    return DecodeTryCancel(instruction, context, modifiers, inst);
  }
  if (modifiers.Take("query_cancel")) {
    return DecodeQueryCancel(instruction, context, modifiers, inst);
  }
  return context.Unsupported("clusterlaunchcontrol is .try_cancel or .query_cancel");
}

}  // namespace attnjit::emulator
