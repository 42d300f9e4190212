// tcgen05.ld, st, wait and fence (PTX ISA 9.7.16.8, 9.7.16.11).
#include <memory>
#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/matrix/tensor_layout.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/matrix_operands.h"
#include "runtime/emulator/ops/tcgen05_state.h"

namespace attnjit::emulator {
namespace {

struct AccessDetail {
  TensorAccess access;
  std::vector<Value> registers;
};

const AccessDetail& DetailOf(const Inst& inst) {
  return *static_cast<const AccessDetail*>(inst.detail);
}

/// The operation as the monitor sees it: one rectangle, or two.
OpId Watch(Warp& warp, const Inst& inst, const TensorAccess& access, TensorAddress base,
           AsyncKind kind, AccessMode mode) {
  Monitor* monitor = warp.monitor();
  if (monitor == nullptr) return 0;
  const OpId op = monitor->BeginAsync({Issuer{warp.id(), kAllLanes}}, kind, inst.pc);
  const auto watch = [&](int column) {
    monitor->OnAsyncTensor(op, warp.cta().rank(), static_cast<uint32_t>(base.lane),
                           static_cast<uint32_t>(TensorShapeLanes(access.shape)),
                           static_cast<uint32_t>(column),
                           static_cast<uint32_t>(TensorAccessColumns(access)), mode);
  };
  watch(base.column);
  if (access.shape == TensorShape::k16x32bx2) watch(base.column + access.half_split);
  return op;
}

/// The base address, checked. False after a fault.
bool TakeBase(Warp& warp, const Inst& inst, uint32_t lanes, TensorAddress& base) {
  if (lanes != kAllLanes) {
    warp.Trap(Rule::kDivergentSync, inst, -1, "tcgen05.ld and st need all lanes of the warp");
    return false;
  }
  const uint32_t address = UniformAddress(warp, inst, inst.address, lanes);
  base = ParseTensorAddress(address);
  if (llvm::Error error = CheckTensorAccess(TensorOf(warp.cta()).memory, DetailOf(inst).access,
                                            base, warp.index() % 4)) {
    warp.Trap(Rule::kTmemMisuse, inst, -1, llvm::toString(std::move(error)), MemorySpace::kTensor,
              address, 4);
    return false;
  }
  return true;
}

Step ExecuteWaitLoad(Warp& warp, const Inst&, uint32_t lanes) {
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->AcquireAsync(warp.id(), lanes, warp.State<WarpTensor>(StateSlot::kTcgen05).last_load);
  }
  return Step::kNext;
}

Step ExecuteWaitStore(Warp& warp, const Inst&, uint32_t lanes) {
  auto& state = warp.State<WarpTensor>(StateSlot::kTcgen05);
  if (state.stores_done < state.stores_issued) {
    warp.cluster().queue().Want(TensorStoreKey(warp));
    warp.SetWait(llvm::formatv("tcgen05.wait::st: {0} of {1} stores done", state.stores_done,
                               state.stores_issued));
    return Step::kBlocked;
  }
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->AcquireAsync(warp.id(), lanes, state.last_store);
  }
  return Step::kNext;
}

Step ExecuteLoad(Warp& warp, const Inst& inst, uint32_t lanes) {
  const AccessDetail& detail = DetailOf(inst);
  TensorAddress base;
  if (!TakeBase(warp, inst, lanes, base)) return Step::kTrap;
  std::vector<uint32_t*> registers;
  std::vector<uint32_t> unknown(detail.registers.size());
  uint32_t sink[32];
  for (const Value& value : detail.registers) {
    registers.push_back(value.kind == ValueKind::kRegister ? warp.Write32(value, lanes) : sink);
  }
  const OpId op = Watch(warp, inst, detail.access, base, AsyncKind::kTcgen05Ld, AccessMode::kRead);
  LoadTensor(TensorOf(warp.cta()).memory, detail.access, base, registers, unknown.data());
  warp.counters().AddBytes(Traffic::kTensorLoad, 128 * registers.size());
  if (op == 0) return Step::kNext;
  warp.monitor()->EndAsync(op);
  warp.State<WarpTensor>(StateSlot::kTcgen05).last_load = op;
  return warp.cluster().options().tcgen05_waits ? Step::kNext : ExecuteWaitLoad(warp, inst, lanes);
}

class TensorStoreOp : public AsyncOp {
 public:
  TensorStoreOp(Warp& warp, const Inst& inst, TensorAddress base)
      : warp_(warp), inst_(inst), base_(base) {
    fifo = signal = TensorStoreKey(warp);
    const AccessDetail& detail = DetailOf(inst);
    values_.reserve(32 * detail.registers.size());
    for (const Value& value : detail.registers) {
      const uint32_t* from = warp.Read32(value, kAllLanes);
      values_.insert(values_.end(), from, from + 32);
    }
    op_ = Watch(warp, inst, detail.access, base, AsyncKind::kTcgen05St, AccessMode::kWrite);
    auto& state = warp.State<WarpTensor>(StateSlot::kTcgen05);
    ++state.stores_issued;
    if (op_ != 0) state.last_store = op_;
  }

  void Run(Cluster&) override {
    const AccessDetail& detail = DetailOf(inst_);
    std::vector<const uint32_t*> registers;
    for (size_t r = 0; r < detail.registers.size(); ++r) {
      registers.push_back(values_.data() + 32 * r);
    }
    StoreTensor(TensorOf(warp_.cta()).memory, detail.access, base_, registers);
    if (op_ != 0) warp_.monitor()->EndAsync(op_);
    ++warp_.State<WarpTensor>(StateSlot::kTcgen05).stores_done;
  }

  std::string Describe() const override {
    return llvm::formatv("tcgen05.st (line {0})", inst_.line);
  }

 private:
  Warp& warp_;
  const Inst& inst_;
  TensorAddress base_;
  std::vector<uint32_t> values_;
  OpId op_ = 0;
};

Step ExecuteStore(Warp& warp, const Inst& inst, uint32_t lanes) {
  TensorAddress base;
  if (!TakeBase(warp, inst, lanes, base)) return Step::kTrap;
  warp.counters().AddBytes(Traffic::kTensorStore, 128 * DetailOf(inst).registers.size());
  Cluster& cluster = warp.cluster();
  auto op = std::make_unique<TensorStoreOp>(warp, inst, base);
  if (cluster.options().tcgen05_waits) {
    cluster.queue().Issue(cluster, std::move(op));
    return Step::kNext;
  }
  op->Run(cluster);
  cluster.Wake();
  return ExecuteWaitStore(warp, inst, lanes);
}

Step ExecuteFenceBefore(Warp& warp, const Inst&, uint32_t lanes) {
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->Tcgen05FenceBefore(warp.id(), lanes);
  }
  return Step::kNext;
}

Step ExecuteFenceAfter(Warp& warp, const Inst&, uint32_t lanes) {
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->Tcgen05FenceAfter(warp.id(), lanes);
  }
  return Step::kNext;
}

llvm::Error TakeAccessForm(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                           bool load, TensorAccess& access) {
  const int shape = modifiers.TakeOneOf({"32x32b", "16x64b", "16x128b", "16x256b", "16x32bx2"});
  const int repeat = modifiers.TakeOneOf({"x1", "x2", "x4", "x8", "x16", "x32", "x64", "x128"});
  access.packed = modifiers.Take(load ? "pack::16b" : "unpack::16b");
  if (!modifiers.Take("sync") || !modifiers.Take("aligned") || !modifiers.Take("b32") ||
      shape < 0 || repeat < 0) {
    return ptx::ErrorAt(instruction, "tcgen05.ld and st need .sync.aligned, a shape, .xN and .b32");
  }
  access.shape = static_cast<TensorShape>(shape);
  access.repeat = 1 << repeat;
  if (TensorRegisters(access) == 0) {
    return ptx::ErrorAt(instruction, "this shape has no such repetition");
  }
  return modifiers.Finish();
}

}  // namespace

llvm::Error DecodeTensorAccess(const ptx::Instruction& instruction, DecodeContext& context,
                               ptx::ModifierReader& modifiers, bool load, Inst& inst) {
  auto* detail = context.New<AccessDetail>();
  if (llvm::Error error = TakeAccessForm(instruction, modifiers, load, detail->access))
    return error;
  const bool halves = detail->access.shape == TensorShape::k16x32bx2;
  const size_t count = halves ? 3 : 2;
  if (llvm::Error error = ExpectOperands(instruction, count, count)) return error;
  if (halves) {
    const ptx::Operand& split = instruction.operands[load ? 2 : 1];
    if (!split.IsInteger() || split.value >= static_cast<uint64_t>(kTensorColumns)) {
      return ptx::ErrorAt(instruction, "immHalfSplitoff must be an integer from 0 to 511");
    }
    detail->access.half_split = static_cast<int>(split.value);
  }
  const ptx::Operand& registers = instruction.operands[load ? 0 : count - 1];
  if (llvm::Error error = BindRegisters(instruction, context, registers,
                                        TensorRegisters(detail->access), load, detail->registers)) {
    return error;
  }
  inst.detail = detail;
  inst.execute = load ? ExecuteLoad : ExecuteStore;
  inst.converged = true;
  inst.inst_class = InstClass::kMatrix;
  return Bind(inst.address, context.AddressOf(instruction.operands[load ? 1 : 0]));
}

llvm::Error DecodeTensorWait(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                             bool load, Inst& inst) {
  if (!modifiers.Take("sync") || !modifiers.Take("aligned")) {
    return ptx::ErrorAt(instruction, "tcgen05.wait without .sync.aligned");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = load ? ExecuteWaitLoad : ExecuteWaitStore;
  inst.converged = true;
  inst.inst_class = InstClass::kBarrier;
  return ExpectOperands(instruction, 0, 0);
}

llvm::Error DecodeTensorFence(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                              bool before, Inst& inst) {
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = before ? ExecuteFenceBefore : ExecuteFenceAfter;
  inst.inst_class = InstClass::kBarrier;
  return ExpectOperands(instruction, 0, 0);
}

}  // namespace attnjit::emulator
