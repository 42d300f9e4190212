// tcgen05.alloc, dealloc, relinquish_alloc_permit (PTX ISA 9.7.16.7).
#include <cstring>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/tcgen05_state.h"

namespace attnjit::emulator {
namespace {

struct AllocationDetail {
  int cta_group = 1;
  Space space = Space::kGeneric;
};

const AllocationDetail& DetailOf(const Inst& inst) {
  return *static_cast<const AllocationDetail*>(inst.detail);
}

Step NeedsWarp(Warp& warp, const Inst& inst) {
  return warp.Trap(Rule::kDivergentSync, inst, -1, "tcgen05 allocation needs all lanes of a warp");
}

Step Misuse(Warp& warp, const Inst& inst, llvm::Error error) {
  return warp.Trap(Rule::kTmemMisuse, inst, -1, llvm::toString(std::move(error)));
}

/// Writes the address and tells the monitor.
Step Finish(Warp& warp, const Inst& inst, uint32_t column, uint32_t columns) {
  const AllocationDetail& detail = DetailOf(inst);
  std::array<uint64_t, 32> addresses;
  std::array<uint8_t*, 32> host;
  warp.Addresses(inst.address, 1, addresses.data());
  const uint32_t address = MakeTensorAddress(0, static_cast<int>(column));
  uint8_t bytes[4];
  std::memcpy(bytes, &address, sizeof(bytes));
  if (!warp.Locate(inst, detail.space, addresses.data(), 1, 4, 4, AccessKind::kWrite, host.data(),
                   bytes, 4)) {
    return Step::kTrap;
  }
  std::memcpy(host[0], bytes, sizeof(bytes));
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->TensorAlloc(warp.id(), column, columns, static_cast<uint32_t>(detail.cta_group),
                         inst.pc);
  }
  return Step::kNext;
}

Step AllocateAlone(Warp& warp, const Inst& inst, uint32_t columns) {
  TensorMemory& memory = TensorOf(warp.cta()).memory;
  const std::optional<uint32_t> column = memory.FindFree(columns);
  if (!column) {
    warp.SetWait(llvm::formatv("tcgen05.alloc of {0} columns: {1} of 512 are allocated", columns,
                               memory.AllocatedColumns()));
    return Step::kBlocked;
  }
  memory.AllocateAt(*column, columns);
  return Finish(warp, inst, *column, columns);
}

/// Grants both requests where both CTAs have the same columns free.
bool Grant(CtaTensor& own, CtaTensor& peer, uint32_t columns) {
  const std::optional<uint32_t> column = own.memory.FindFree(columns, &peer.memory);
  if (!column) return false;
  for (CtaTensor* each : {&own, &peer}) {
    each->memory.AllocateAt(*column, columns);
    each->column = *column;
    each->request = CtaTensor::Request::kGranted;
  }
  return true;
}

Step AllocateTogether(Warp& warp, const Inst& inst, uint32_t columns) {
  using Request = CtaTensor::Request;
  CtaTensor& own = TensorOf(warp.cta());
  CtaTensor& peer = TensorOf(warp.cluster().cta(warp.cta().rank() ^ 1));
  if (own.request == Request::kNone) {
    own.request = Request::kWaiting;
    own.requester = &warp;
    own.columns = columns;
  }
  const bool mine = own.requester == &warp;
  if (mine && own.request == Request::kWaiting && peer.request == Request::kWaiting) {
    if (peer.columns != columns) {
      return warp.Trap(
          Rule::kTmemMisuse, inst, -1,
          llvm::formatv("the pair's CTAs allocate {0} and {1} columns", columns, peer.columns));
    }
    if (Grant(own, peer, columns)) warp.cluster().Wake();
  }
  if (!mine || own.request != Request::kGranted) {
    warp.SetWait(llvm::formatv("tcgen05.alloc of {0} columns by both CTAs of the pair", columns));
    return Step::kBlocked;
  }
  own.request = Request::kNone;
  return Finish(warp, inst, own.column, columns);
}

Step ExecuteAlloc(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) return NeedsWarp(warp, inst);
  const AllocationDetail& detail = DetailOf(inst);
  const uint32_t columns = warp.Read32(inst.a, lanes)[0];
  CtaTensor& tensor = TensorOf(warp.cta());
  const bool granted = tensor.request == CtaTensor::Request::kGranted && tensor.requester == &warp;
  if (!granted) {
    if (GroupCtas(warp, inst, detail.cta_group).empty()) return Step::kTrap;
    if (llvm::Error error = tensor.memory.CheckAllocation(columns)) {
      return Misuse(warp, inst, std::move(error));
    }
  }
  return detail.cta_group == 1 ? AllocateAlone(warp, inst, columns)
                               : AllocateTogether(warp, inst, columns);
}

/// Each CTA frees its own columns when its warp comes: the ISA leaves open whether the pair's warps
/// wait for each other here.
Step ExecuteDealloc(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) return NeedsWarp(warp, inst);
  const uint32_t address = warp.Read32(inst.a, lanes)[0];
  const uint32_t columns = warp.Read32(inst.b, lanes)[0];
  const AllocationDetail& detail = DetailOf(inst);
  CtaTensor& tensor = TensorOf(warp.cta());
  if (tensor.cta_group != detail.cta_group) {
    return warp.Trap(
        Rule::kTmemMisuse, inst, -1,
        llvm::formatv("tcgen05.dealloc.cta_group::{0} of what cta_group::{1} allocated",
                      detail.cta_group, tensor.cta_group));
  }
  if (llvm::Error error = tensor.memory.Deallocate(address, columns)) {
    return Misuse(warp, inst, std::move(error));
  }
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->TensorDealloc(warp.id(), static_cast<uint32_t>(ParseTensorAddress(address).column),
                           columns, static_cast<uint32_t>(detail.cta_group), inst.pc);
  }
  warp.cluster().Wake();
  return Step::kNext;
}

Step ExecuteRelinquish(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) return NeedsWarp(warp, inst);
  TensorOf(warp.cta()).memory.Relinquish();
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->TensorRelinquish(warp.id(), inst.pc);
  }
  return Step::kNext;
}

}  // namespace

llvm::Error DecodeTensorAllocation(const ptx::Instruction& instruction, DecodeContext& context,
                                   ptx::ModifierReader& modifiers, llvm::StringRef name,
                                   Inst& inst) {
  auto* detail = context.New<AllocationDetail>();
  inst.detail = detail;
  inst.converged = true;
  detail->cta_group = TakeCtaGroup(modifiers);
  if (detail->cta_group == 0 || !modifiers.Take("sync") || !modifiers.Take("aligned")) {
    return ptx::ErrorAt(instruction, "tcgen05." + name + " without .cta_group, .sync or .aligned");
  }
  if (name == "relinquish_alloc_permit") {
    inst.execute = ExecuteRelinquish;
    if (llvm::Error error = modifiers.Finish()) return error;
    return ExpectOperands(instruction, 0, 0);
  }
  if (name == "alloc") detail->space = TakeSharedSpace(modifiers, /*cluster_allowed=*/false);
  if (!modifiers.Take("b32")) return ptx::ErrorAt(instruction, "the type must be .b32");
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 2, 2)) return error;
  if (name == "alloc") {
    inst.execute = ExecuteAlloc;
    if (llvm::Error error = Bind(inst.address, context.AddressOf(instruction.operands[0]))) {
      return error;
    }
    return Bind(inst.a, context.Source(instruction.operands[1], 4));
  }
  inst.execute = ExecuteDealloc;
  if (llvm::Error error = Bind(inst.a, context.Source(instruction.operands[0], 4))) return error;
  return Bind(inst.b, context.Source(instruction.operands[1], 4));
}

}  // namespace attnjit::emulator
