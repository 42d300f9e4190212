#include "runtime/emulator/ops/launch_control.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/async/mbarrier.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/matrix_operands.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kResponseBytes = 16;
/// The response's first word after a failure; zeros follow. Opaque to programs, so it looks like no
/// coordinates.
constexpr uint64_t kNothingCancelled = 0x0dec'11ed'0dec'11ed;
/// High half of the first word after a success. Low half: x; then y, and z in the high half.
constexpr uint64_t kCancelled = 0x0ca9'ce11;

using Response = std::array<uint64_t, 2>;

Response MakeResponse(const std::optional<Dim3>& cancelled) {
  if (!cancelled) return {kNothingCancelled, 0};
  const auto [x, y, z] = *cancelled;
  return {kCancelled << 32 | x, uint64_t{z} << 32 | y};
}

struct LaunchControlDetail {
  Space space = Space::kGeneric;
  bool multicast = false;
  Address mbarrier;
};

struct FirstCtaidDetail {
  /// Of x, y and z; none where it is not asked for.
  std::array<Value, 3> places;
};

/// One CTA's response.
class RespondOp : public AsyncOp {
 public:
  RespondOp(const Origin& origin, uint32_t address, uint32_t mbarrier, const Response& response)
      : origin_(origin), address_(address), mbarrier_(mbarrier), response_(response) {
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
    std::memcpy(place, response_.data(), kResponseBytes);
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
  Response response_;
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
  const Response answer = MakeResponse(cluster.CancelNextLaunch());
  for (uint32_t rank = 0; rank < cluster.ctas().size(); ++rank) {
    if (!detail.multicast && rank != own) continue;
    const uint32_t window = rank << kSharedRankShift;
    const uint32_t target = window | (*response & kSharedOffsetMask);
    if (SharedPlace(origin, target, kResponseBytes, kResponseBytes) == nullptr) return false;
    const uint32_t target_barrier = window | (*barrier & kSharedOffsetMask);
    cluster.queue().Issue(cluster,
                          std::make_unique<RespondOp>(origin, target, target_barrier, answer));
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

/// Of an operand. nullopt after a fault: it is no response.
std::optional<bool> IsCancelled(const Origin& origin, const uint64_t* words) {
  const uint64_t first = words[2 * origin.lane];
  if (first >> 32 == kCancelled) return true;
  if (first == kNothingCancelled && words[2 * origin.lane + 1] == 0) return false;
  Fault(origin, Rule::kPoisonRead, "the operand is no response of clusterlaunchcontrol.try_cancel");
  return std::nullopt;
}

Step ExecuteIsCancelled(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint64_t* words = warp.Read128(inst.a, lanes);
  uint32_t cancelled = 0;
  const bool ok = AllLanes(lanes, [&](int lane) {
    const std::optional<bool> answer = IsCancelled({&warp, &inst, lane}, words);
    if (answer.value_or(false)) cancelled |= 1u << lane;
    return answer.has_value();
  });
  if (!ok) return Step::kTrap;
  warp.WritePredicate(inst.dst, lanes, cancelled);
  return Step::kNext;
}

/// Undefined after a failed request.
bool WasCancelled(const Origin& origin, const uint64_t* words) {
  const std::optional<bool> cancelled = IsCancelled(origin, words);
  if (!cancelled) return false;
  return *cancelled ||
         Fault(origin, Rule::kPoisonRead, "reads the ctaid of a cluster that was not cancelled");
}

Step ExecuteFirstCtaid(Warp& warp, const Inst& inst, uint32_t lanes) {
  const uint64_t* words = warp.Read128(inst.a, lanes);
  if (!AllLanes(lanes, [&](int lane) { return WasCancelled({&warp, &inst, lane}, words); })) {
    return Step::kTrap;
  }
  const auto& detail = *static_cast<const FirstCtaidDetail*>(inst.detail);
  // All of them first: a destination may lie where the response ends its life.
  std::array<std::array<uint32_t, 32>, 3> values;
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<size_t>(__builtin_ctz(rest));
    values[0][lane] = static_cast<uint32_t>(words[2 * lane]);
    values[1][lane] = static_cast<uint32_t>(words[2 * lane + 1]);
    values[2][lane] = static_cast<uint32_t>(words[2 * lane + 1] >> 32);
  }
  for (size_t i = 0; i < 3; ++i) {
    uint32_t* to = warp.Write32(detail.places[i], lanes);
    for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
      const auto lane = static_cast<size_t>(__builtin_ctz(rest));
      to[lane] = values[i][lane];
    }
  }
  return Step::kNext;
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

/// dimension 0 to 2: one register; 3: a vector, whose fourth element the instruction leaves open.
llvm::Error BindCoordinates(const ptx::Instruction& instruction, DecodeContext& context,
                            int dimension, FirstCtaidDetail& detail) {
  std::vector<Value> values;
  const int count = dimension == 3 ? 4 : 1;
  if (llvm::Error error =
          BindRegisters(instruction, context, instruction.operands[0], count, true, values)) {
    return error;
  }
  if (dimension < 3) {
    detail.places[static_cast<size_t>(dimension)] = values[0];
  } else {
    std::copy_n(values.begin(), 3, detail.places.begin());
  }
  return llvm::Error::success();
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
  const int dimension = modifiers.TakeOneOf(
      {"get_first_ctaid::x", "get_first_ctaid::y", "get_first_ctaid::z", "get_first_ctaid"});
  if (dimension < 0) return ptx::ErrorAt(instruction, ".is_canceled or .get_first_ctaid is due");
  if (dimension == 3 && !modifiers.Take("v4")) return ptx::ErrorAt(instruction, ".v4 is due");
  if (!modifiers.Take("b32") || !modifiers.Take("b128")) {
    return ptx::ErrorAt(instruction, ".b32.b128 is due");
  }
  auto* detail = context.New<FirstCtaidDetail>();
  inst.detail = detail;
  inst.execute = ExecuteFirstCtaid;
  if (llvm::Error error = BindCoordinates(instruction, context, dimension, *detail)) return error;
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
