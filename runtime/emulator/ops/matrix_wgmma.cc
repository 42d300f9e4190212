#include "runtime/emulator/ops/matrix_wgmma.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/matrix_operands.h"
#include "runtime/emulator/ops/matrix_reads.h"
#include "runtime/emulator/ops/wgmma_state.h"

namespace attnjit::emulator {
namespace {

const WgmmaDetail& DetailOf(const Inst& inst) {
  return *static_cast<const WgmmaDetail*>(inst.detail);
}

Warpgroup& GroupOf(const Warp& warp) {
  return warp.cta().State<CtaWarpgroups>(StateSlot::kWgmma).groups[warp.index() / 4];
}

SharedWindow WindowOf(Cta& cta) {
  return {cta.shared(kSharedReserved), kSharedReserved, cta.shared_end()};
}

/// An operation that all four warps have executed.
class WgmmaOp : public AsyncOp {
 public:
  WgmmaOp(Warpgroup& group, const WgmmaOperation& operation, const WarpgroupProduct& product,
          std::vector<uint32_t*> d)
      : group_(group), operation_(operation), product_(product), d_(std::move(d)) {
    fifo = signal = WgmmaKey(*operation.warp[0]);
    product_.d = d_.data();
    Monitor* monitor = operation.warp[0]->monitor();
    if (monitor == nullptr) return;
    Issuer issuers[4];
    for (int w = 0; w < 4; ++w) issuers[w] = {operation.warp[w]->id(), kAllLanes};
    op_ = monitor->BeginAsync(issuers, AsyncKind::kWgmma, operation.inst->pc);
    const uint32_t window = operation.warp[0]->cta().window();
    if (!product_.a_in_registers) {
      WatchShared(*monitor, op_, window, product_.a, product_.a_major,
                  GridOf(WarpgroupAShape(product_)));
    }
    WatchShared(*monitor, op_, window, product_.b, product_.b_major,
                GridOf(WarpgroupBShape(product_)));
    group_.names.push_back(op_);
  }

  void Run(Cluster&) override {
    Warp& warp = *operation_.warp[0];
    if (llvm::Error error = ComputeWarpgroupProduct(product_)) {
      Fault({&warp, operation_.inst, -1}, Rule::kOutOfBounds, llvm::toString(std::move(error)));
      return;
    }
    if (op_ != 0) warp.monitor()->EndAsync(op_);
    ++group_.completed;
  }

  std::string Describe() const override {
    return llvm::formatv("wgmma.mma_async (line {0})", operation_.inst->line);
  }

 private:
  Warpgroup& group_;
  WgmmaOperation operation_;
  WarpgroupProduct product_;
  std::vector<uint32_t*> d_;
  OpId op_ = 0;
};

/// Reads both descriptors. False after a fault.
bool TakeDescriptors(const WgmmaOperation& operation, WarpgroupProduct& product) {
  const Origin origin = {operation.warp[0], operation.inst, -1};
  const auto take = [&](uint64_t bits, const OperandShape& shape, SharedMatrix& matrix) {
    llvm::Expected<SharedMatrix> parsed = ParseWgmmaDescriptor(bits);
    llvm::Error error =
        parsed ? CheckOperand(*parsed, shape, /*tcgen05=*/false) : parsed.takeError();
    if (error) return Fault(origin, Rule::kMisaligned, llvm::toString(std::move(error)));
    matrix = *parsed;
    return true;
  };
  if (!product.a_in_registers &&
      !take(operation.a_descriptor, WarpgroupAShape(product), product.a)) {
    return false;
  }
  return take(operation.b_descriptor, WarpgroupBShape(product), product.b);
}

bool IssueOperation(Warpgroup& group, const WgmmaOperation& operation) {
  const WgmmaDetail& detail = DetailOf(*operation.inst);
  WarpgroupProduct product = detail.product;
  product.accumulate = operation.accumulate;
  product.window = WindowOf(operation.warp[0]->cta());
  if (!TakeDescriptors(operation, product)) return false;
  std::vector<uint32_t*> d;
  d.reserve(4 * detail.d.size());
  for (int w = 0; w < 4; ++w) {
    for (const Value& value : detail.d) d.push_back(operation.warp[w]->RawSlot(value));
    for (size_t i = 0; i < detail.a.size(); ++i) {
      product.a_registers[w][i] = operation.warp[w]->RawSlot(detail.a[i]);
    }
  }
  Warp& warp = *operation.warp[0];
  warp.counters().AddMatrix(CounterKind(product.a_type), 64, static_cast<uint64_t>(product.n),
                            static_cast<uint64_t>(detail.k));
  const uint64_t rows = static_cast<uint64_t>(product.n + (product.a_in_registers ? 0 : 64));
  warp.counters().AddBytes(Traffic::kMatrixFromShared, 32 * rows);
  Cluster& cluster = warp.cluster();
  cluster.queue().Issue(cluster,
                        std::make_unique<WgmmaOp>(group, operation, product, std::move(d)));
  return true;
}

/// The one value of all lanes; the first lane's, and a report, where they differ.
uint64_t UniformDescriptor(Warp& warp, const Inst& inst, const Value& value) {
  const uint64_t* bits = warp.Read64(value, kAllLanes);
  for (int lane = 1; lane < 32; ++lane) {
    if (bits[lane] == bits[0]) continue;
    warp.Report(Rule::kWgmmaDivergentOperands, inst, lane,
                "the lanes of a warp have different matrix descriptors");
    break;
  }
  return bits[0];
}

bool UniformPredicate(Warp& warp, const Inst& inst, const Value& value) {
  const uint32_t mask = warp.ReadPredicate(value, kAllLanes);
  if (mask != 0 && mask != kAllLanes) {
    warp.Report(Rule::kWgmmaDivergentOperands, inst, __builtin_ctz(~mask),
                "the lanes of a warp have different scale-d");
  }
  return mask & 1;
}

/// This warp's part of its next operation. Null after a fault.
WgmmaOperation* Join(Warp& warp, const Inst& inst, Warpgroup& group, uint64_t number) {
  const WgmmaDetail& detail = DetailOf(inst);
  while (group.collecting.size() <= number - group.issued) group.collecting.emplace_back();
  WgmmaOperation& operation = group.collecting[number - group.issued];
  const uint64_t a = detail.a.empty() ? UniformDescriptor(warp, inst, detail.a_descriptor) : 0;
  const uint64_t b = UniformDescriptor(warp, inst, detail.b_descriptor);
  const bool accumulate = UniformPredicate(warp, inst, detail.scale_d);
  if (operation.warps == 0) {
    operation.inst = &inst;
    operation.a_descriptor = a;
    operation.b_descriptor = b;
    operation.accumulate = accumulate;
  } else if (operation.inst != &inst) {
    warp.Trap(Rule::kDivergentSync, inst, -1,
              llvm::formatv("the warps of a warpgroup execute different wgmma (the other on line "
                            "{0})",
                            operation.inst->line));
    return nullptr;
  } else if (operation.a_descriptor != a || operation.b_descriptor != b ||
             operation.accumulate != accumulate) {
    warp.Report(Rule::kWgmmaDivergentOperands, inst, -1,
                "the warps of a warpgroup have different matrix descriptors or scale-d");
  }
  operation.warp[warp.index() % 4] = &warp;
  ++operation.warps;
  return &operation;
}

Step ExecuteMmaAsync(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes ||
      warp.cta().warps().size() < static_cast<size_t>(warp.index() / 4 * 4 + 4)) {
    return warp.Trap(Rule::kDivergentSync, inst, -1,
                     "wgmma.mma_async needs all 128 threads of a warpgroup");
  }
  auto& state = warp.State<WarpWgmma>(StateSlot::kWgmma);
  Warpgroup& group = GroupOf(warp);
  WgmmaOperation* joined = Join(warp, inst, group, state.executed);
  if (joined == nullptr) return Step::kTrap;
  TakeWgmmaRegisters(warp, inst, DetailOf(inst), joined->accumulate);
  ++state.executed;
  if (joined->warps < 4) return Step::kNext;
  // All warps run their operations in order, so the first to be complete is the oldest.
  const WgmmaOperation operation = group.collecting.front();
  group.collecting.pop_front();
  ++group.issued;
  return IssueOperation(group, operation) ? Step::kNext : Step::kTrap;
}

Step ExecuteFence(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) {
    return warp.Trap(Rule::kDivergentSync, inst, -1, "wgmma.fence needs all lanes of the warp");
  }
  if (warp.monitor() == nullptr) return Step::kNext;
  auto& state = warp.State<WarpWgmma>(StateSlot::kWgmma);
  ++state.fences;
  state.fence_time = warp.time();
  return Step::kNext;
}

Step ExecuteCommit(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) {
    return warp.Trap(Rule::kDivergentSync, inst, -1,
                     "wgmma.commit_group needs all lanes of the warp");
  }
  auto& state = warp.State<WarpWgmma>(StateSlot::kWgmma);
  state.group_ends.push_back(state.executed);
  return Step::kNext;
}

Step ExecuteWait(Warp& warp, const Inst& inst, uint32_t lanes) {
  if (lanes != kAllLanes) {
    return warp.Trap(Rule::kDivergentSync, inst, -1,
                     "wgmma.wait_group needs all lanes of the warp");
  }
  auto& state = warp.State<WarpWgmma>(StateSlot::kWgmma);
  const auto pending = static_cast<size_t>(inst.address.offset);
  if (state.group_ends.size() <= pending) return Step::kNext;
  const uint64_t end = state.group_ends[state.group_ends.size() - 1 - pending];
  if (end <= state.waited) return Step::kNext;
  Warpgroup& group = GroupOf(warp);
  if (group.completed < end) {
    warp.cluster().queue().Want(WgmmaKey(warp));
    warp.SetWait(llvm::formatv("wgmma.wait_group {0}: {1} of {2} operations done{3}", pending,
                               group.completed, end,
                               group.issued < end ? ", other warps have yet to issue theirs" : ""));
    return Step::kBlocked;
  }
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->WgmmaWait(warp.id(), lanes, group.names[end - 1]);
  }
  ReleaseWgmmaRegisters(warp, end);
  return Step::kNext;
}

// --- Decoding.

/// imm-scale-a and -b: 1 or -1.
llvm::Error TakeSign(const ptx::Instruction& instruction, size_t operand, bool& negate) {
  const ptx::Operand& o = instruction.operands[operand];
  const auto value = static_cast<int64_t>(o.value);
  if (!o.IsInteger() || (value != 1 && value != -1)) {
    return ptx::ErrorAt(instruction, "imm-scale must be 1 or -1");
  }
  negate = value == -1;
  return llvm::Error::success();
}

llvm::Error TakeMajor(const ptx::Instruction& instruction, size_t operand, Major& major) {
  const ptx::Operand& o = instruction.operands[operand];
  if (!o.IsInteger() || o.value > 1) {
    return ptx::ErrorAt(instruction, "imm-trans must be 0 or 1");
  }
  major = o.value == 1 ? Major::kMn : Major::kK;
  return llvm::Error::success();
}

bool IsLegal(const WarpgroupProduct& product, const MatrixShape& shape) {
  const bool same = product.a_type == product.b_type;
  if (shape.m != 64 || shape.k * ElementBytes(product.a_type) != 32) return false;
  if (shape.n % 8 != 0 || shape.n > 256) return false;
  switch (product.a_type) {
    case ElementType::kF16:
      return same && product.accumulator != AccumulatorType::kS32;
    case ElementType::kBf16:
    case ElementType::kTf32:
      return same && product.accumulator == AccumulatorType::kF32;
    case ElementType::kE4m3:
    case ElementType::kE5m2:
      return (product.b_type == ElementType::kE4m3 || product.b_type == ElementType::kE5m2) &&
             product.accumulator != AccumulatorType::kS32;
    case ElementType::kS8:
    case ElementType::kU8:
      return IsInteger(product.b_type) && product.accumulator == AccumulatorType::kS32 &&
             (shape.n <= 32 || shape.n % 16 == 0);
    default:
      return false;
  }
}

llvm::Error TakeForm(const ptx::Instruction& instruction, DecodeContext& context,
                     ptx::ModifierReader& modifiers, WgmmaDetail& detail) {
  WarpgroupProduct& product = detail.product;
  MatrixShape shape;
  const llvm::StringRef text = modifiers.TakePrefixed("m64");
  if (!ParseMatrixShape(text, shape)) return context.Unsupported(("wgmma of shape " + text).str());
  product.saturate = modifiers.Take("satfinite");
  const auto d = ParseAccumulatorType(modifiers.TakeNext());
  const auto a = ParseElementType(modifiers.TakeNext());
  const auto b = ParseElementType(modifiers.TakeNext());
  if (llvm::Error error = modifiers.Finish()) return error;
  if (!d || !a || !b) return context.Unsupported("wgmma of these types");
  product.accumulator = *d;
  product.a_type = *a;
  product.b_type = *b;
  product.n = shape.n;
  detail.k = shape.k;
  detail.shape = static_cast<uint32_t>(shape.n << 16 | shape.k << 8 | static_cast<int>(*d));
  if (!IsLegal(product, shape) || (product.saturate && *d != AccumulatorType::kS32)) {
    return context.Unsupported("wgmma of these types and this shape");
  }
  return llvm::Error::success();
}

/// What follows scale-d: signs for floating point, majors for 16-bit types.
llvm::Error TakeImmediates(const ptx::Instruction& instruction, WgmmaDetail& detail) {
  WarpgroupProduct& product = detail.product;
  size_t next = 4;
  size_t due = next;
  const bool floating = !IsInteger(product.a_type);
  const bool transposable = floating && ElementBytes(product.a_type) == 2;
  if (floating) due += 2;
  if (transposable) due += product.a_in_registers ? 1 : 2;
  if (llvm::Error error = ExpectOperands(instruction, due, due)) return error;
  if (!floating) return llvm::Error::success();
  if (llvm::Error error = TakeSign(instruction, next++, product.negate_a)) return error;
  if (llvm::Error error = TakeSign(instruction, next++, product.negate_b)) return error;
  if (!transposable) return llvm::Error::success();
  if (!product.a_in_registers) {
    if (llvm::Error error = TakeMajor(instruction, next++, product.a_major)) return error;
  }
  return TakeMajor(instruction, next, product.b_major);
}

llvm::Error DecodeMmaAsync(const ptx::Instruction& instruction, DecodeContext& context,
                           ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<WgmmaDetail>();
  WarpgroupProduct& product = detail->product;
  if (modifiers.Take("sp")) return context.Unsupported("wgmma.mma_async.sp");
  if (llvm::Error error = TakeForm(instruction, context, modifiers, *detail)) return error;
  if (llvm::Error error = ExpectOperands(instruction, 4, 8)) return error;
  if (llvm::Error error =
          BindRegisters(instruction, context, instruction.operands[0],
                        AccumulatorRegisters(product.accumulator, product.n), true, detail->d)) {
    return error;
  }
  for (const Value& value : detail->d) {
    if (value.kind != ValueKind::kRegister) {
      return ptx::ErrorAt(instruction, "an accumulator must be a register");
    }
  }
  product.a_in_registers = instruction.operands[1].kind == ptx::OperandKind::kVector;
  if (product.a_in_registers) {
    if (llvm::Error error =
            BindRegisters(instruction, context, instruction.operands[1], 4, false, detail->a)) {
      return error;
    }
  } else if (llvm::Error error =
                 Bind(detail->a_descriptor, context.Source(instruction.operands[1], 8))) {
    return error;
  }
  if (llvm::Error error = Bind(detail->b_descriptor, context.Source(instruction.operands[2], 8))) {
    return error;
  }
  if (llvm::Error error =
          Bind(detail->scale_d, context.Predicate(instruction.operands[3], false))) {
    return error;
  }
  inst.detail = detail;
  inst.execute = ExecuteMmaAsync;
  inst.inst_class = InstClass::kMatrix;
  return TakeImmediates(instruction, *detail);
}

llvm::Error DecodeSimple(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                         Execute execute, size_t operands, Inst& inst) {
  if (llvm::Error error = modifiers.Finish()) return error;
  inst.execute = execute;
  inst.inst_class = InstClass::kBarrier;
  return ExpectOperands(instruction, operands, operands);
}

}  // namespace

llvm::Error DecodeWgmma(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  if (context.target().sm != 90 || !context.target().arch_specific) {
    return context.Unsupported("wgmma for another target than sm_90a");
  }
  if (!modifiers.Take("sync") || !modifiers.Take("aligned")) {
    return ptx::ErrorAt(instruction, "wgmma without .sync.aligned");
  }
  inst.converged = true;
  if (modifiers.Take("mma_async")) return DecodeMmaAsync(instruction, context, modifiers, inst);
  if (modifiers.Take("fence")) return DecodeSimple(instruction, modifiers, ExecuteFence, 0, inst);
  if (modifiers.Take("commit_group")) {
    return DecodeSimple(instruction, modifiers, ExecuteCommit, 0, inst);
  }
  if (!modifiers.Take("wait_group")) return context.Unsupported("this form of wgmma");
  if (llvm::Error error = DecodeSimple(instruction, modifiers, ExecuteWait, 1, inst)) return error;
  llvm::Expected<uint32_t> pending = TakeInteger(instruction, 0, UINT32_MAX);
  if (!pending) return pending.takeError();
  inst.address.offset = *pending;
  return llvm::Error::success();
}

}  // namespace attnjit::emulator
