// tcgen05.mma (PTX ISA 9.7.16.10.9.1).
#include <memory>
#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/matrix/tensor_layout.h"
#include "runtime/emulator/matrix/tensor_product.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/matrix_operands.h"
#include "runtime/emulator/ops/matrix_reads.h"
#include "runtime/emulator/ops/tcgen05_state.h"

namespace attnjit::emulator {
namespace {

struct TensorMmaDetail {
  MmaKind kind = MmaKind::kF16;
  int cta_group = 1;
  bool a_in_tensor_memory = false;
  Address d;
  Address a_address;
  Value a_descriptor;
  Value b_descriptor;
  Value instruction_descriptor;
  std::vector<Value> disabled;  ///< None, 4 or 8 words.
  Value accumulate;             ///< A predicate.
  int scale_shift = 0;
};

const TensorMmaDetail& DetailOf(const Inst& inst) {
  return *static_cast<const TensorMmaDetail*>(inst.detail);
}

/// The product as each CTA of the group computes its part of it.
using GroupProduct = llvm::SmallVector<TensorProduct, 2>;

OperandShape ShapeOf(const TensorProduct& product, bool a) {
  const InstructionDescriptor& descriptor = product.descriptor;
  const bool transposed = a ? descriptor.transpose_a : descriptor.transpose_b;
  return {a ? descriptor.a : descriptor.b, (a ? descriptor.m : descriptor.n) / product.cta_group,
          descriptor.k, transposed ? Major::kMn : Major::kK, false};
}

class TensorMmaOp : public AsyncOp {
 public:
  TensorMmaOp(const Origin& origin, llvm::SmallVector<Cta*, 2> ctas, GroupProduct products)
      : origin_(origin), ctas_(std::move(ctas)), products_(std::move(products)) {
    fifo = TensorPipeKey(*origin.warp, DetailOf(*origin.inst).cta_group);
    Monitor* monitor = origin.warp->monitor();
    if (monitor == nullptr) return;
    op_ = monitor->BeginAsync({Issuer{origin.warp->id(), 1u << origin.lane}},
                              AsyncKind::kTcgen05Mma, origin.inst->pc);
    for (size_t i = 0; i < ctas_.size(); ++i) Watch(*monitor, i);
  }

  void Run(Cluster&) override {
    for (size_t i = 0; i < ctas_.size(); ++i) {
      if (llvm::Error error = ComputeTensorProduct(TensorOf(*ctas_[i]).memory, products_[i])) {
        Fault(origin_, Rule::kOutOfBounds, llvm::toString(std::move(error)));
        return;
      }
    }
    if (op_ != 0) origin_.warp->monitor()->EndAsync(op_);
  }

  std::string Describe() const override {
    return llvm::formatv("tcgen05.mma (line {0})", origin_.inst->line);
  }

 private:
  void Watch(Monitor& monitor, size_t i) const {
    const TensorProduct& product = products_[i];
    const Cta& cta = *ctas_[i];
    if (product.a_in_tensor_memory) {
      WatchTensor(monitor, cta, product.a_address, ProductAColumns(product), AccessMode::kRead);
    } else {
      WatchShared(monitor, op_, cta.window(), product.a.matrix, ShapeOf(product, true).major,
                  GridOf(ShapeOf(product, true)));
    }
    WatchShared(monitor, op_, cta.window(), product.b[i].matrix, ShapeOf(product, false).major,
                GridOf(ShapeOf(product, false)));
    const int columns = ProductDColumns(product);
    if (product.accumulate) WatchTensor(monitor, cta, product.d, columns, AccessMode::kRead);
    WatchTensor(monitor, cta, product.d, columns, AccessMode::kWrite);
  }

  /// The lanes that hold rows, as few rectangles.
  void WatchTensor(Monitor& monitor, const Cta& cta, TensorAddress at, int columns,
                   AccessMode mode) const {
    const InstructionDescriptor& descriptor = products_[0].descriptor;
    const auto blocks = ProductBlocks(products_[0].cta_group, descriptor.m, descriptor.n);
    for (const LaneBlock& block : blocks) {
      const bool together = block.block_stride == 16;
      for (int i = 0; i < (together ? 1 : 4); ++i) {
        monitor.OnAsyncTensor(op_, cta.rank(),
                              static_cast<uint32_t>(at.lane + block.lane + i * block.block_stride),
                              together ? 64 : 16, static_cast<uint32_t>(at.column),
                              static_cast<uint32_t>(columns), mode);
      }
    }
  }

  Origin origin_;
  llvm::SmallVector<Cta*, 2> ctas_;
  GroupProduct products_;
  OpId op_ = 0;
};

bool TakeDescriptor(const Origin& origin, uint64_t bits, SharedMatrix& matrix) {
  llvm::Expected<SharedMatrix> parsed = ParseTcgen05Descriptor(bits);
  if (!parsed) return Fault(origin, Rule::kMisaligned, llvm::toString(parsed.takeError()));
  matrix = *parsed;
  return true;
}

/// What is the same for all CTAs of the group. False after a fault.
bool TakeProduct(const Origin& origin, const uint64_t* d, const uint64_t* a, TensorProduct& product,
                 SharedMatrix& a_matrix, SharedMatrix& b_matrix) {
  Warp& warp = *origin.warp;
  const TensorMmaDetail& detail = DetailOf(*origin.inst);
  const auto lane = static_cast<size_t>(origin.lane);
  const uint32_t mask = 1u << origin.lane;
  llvm::Expected<InstructionDescriptor> descriptor = ParseInstructionDescriptor(
      warp.Read32(detail.instruction_descriptor, mask)[lane], detail.kind, detail.cta_group);
  if (!descriptor) {
    return Fault(origin, Rule::kTmemMisuse, llvm::toString(descriptor.takeError()));
  }
  product.descriptor = *descriptor;
  product.cta_group = detail.cta_group;
  product.a_in_tensor_memory = detail.a_in_tensor_memory;
  product.d = ParseTensorAddress(static_cast<uint32_t>(d[lane]));
  product.accumulate = (warp.ReadPredicate(detail.accumulate, mask) & mask) != 0;
  product.scale_shift = detail.scale_shift;
  if (detail.a_in_tensor_memory) {
    product.a_address = ParseTensorAddress(static_cast<uint32_t>(a[lane]));
  } else if (!TakeDescriptor(origin, warp.Read64(detail.a_descriptor, mask)[lane], a_matrix)) {
    return false;
  }
  return TakeDescriptor(origin, warp.Read64(detail.b_descriptor, mask)[lane], b_matrix);
}

/// cta_group::2 has the even CTA's lanes in the first four words (inferred).
std::bitset<kTensorLanes> DisabledLanes(const Origin& origin, size_t cta) {
  const TensorMmaDetail& detail = DetailOf(*origin.inst);
  std::bitset<kTensorLanes> lanes;
  for (size_t word = 0; word < 4 && !detail.disabled.empty(); ++word) {
    const uint32_t bits =
        origin.warp->Read32(detail.disabled[4 * cta + word], 1u << origin.lane)[origin.lane];
    lanes |= std::bitset<kTensorLanes>(bits) << (32 * word);
  }
  return lanes;
}

bool IssueMma(const Origin& origin, const uint64_t* d, const uint64_t* a,
              const llvm::SmallVector<Cta*, 2>& ctas) {
  TensorProduct product;
  SharedMatrix a_matrix, b_matrix;
  if (!TakeProduct(origin, d, a, product, a_matrix, b_matrix)) return false;
  GroupProduct products;
  for (size_t i = 0; i < ctas.size(); ++i) {
    product.a = {SharedWindowOf(*ctas[i]), a_matrix};
    for (size_t v = 0; v < ctas.size(); ++v) product.b[v] = {SharedWindowOf(*ctas[v]), b_matrix};
    product.disabled = DisabledLanes(origin, i);
    if (llvm::Error error = CheckTensorProduct(TensorOf(*ctas[i]).memory, product)) {
      return Fault(origin, Rule::kTmemMisuse, llvm::toString(std::move(error)));
    }
    products.push_back(product);
  }
  const InstructionDescriptor& descriptor = product.descriptor;
  Counters& counters = origin.warp->counters();
  counters.AddMatrix(CounterKind(descriptor.a), static_cast<uint64_t>(descriptor.m),
                     static_cast<uint64_t>(descriptor.n), static_cast<uint64_t>(descriptor.k));
  const int shared_rows = descriptor.n + (product.a_in_tensor_memory ? 0 : descriptor.m);
  counters.AddBytes(Traffic::kMatrixFromShared, 32 * static_cast<uint64_t>(shared_rows));
  if (product.a_in_tensor_memory) {
    counters.AddBytes(Traffic::kMatrixFromTensor, 32 * static_cast<uint64_t>(descriptor.m));
  }
  Cluster& cluster = origin.cluster();
  cluster.queue().Issue(cluster, std::make_unique<TensorMmaOp>(origin, ctas, std::move(products)));
  return true;
}

Step ExecuteTensorMma(Warp& warp, const Inst& inst, uint32_t lanes) {
  const TensorMmaDetail& detail = DetailOf(inst);
  const llvm::SmallVector<Cta*, 2> ctas = GroupCtas(warp, inst, detail.cta_group);
  if (ctas.empty()) return Step::kTrap;
  std::array<uint64_t, 32> d, a = {};
  warp.Addresses(detail.d, lanes, d.data());
  if (detail.a_in_tensor_memory) warp.Addresses(detail.a_address, lanes, a.data());
  const bool ok = AllLanes(lanes, [&](int lane) {
    return IssueMma({&warp, &inst, lane}, d.data(), a.data(), ctas);
  });
  return ok ? Step::kNext : Step::kTrap;
}

llvm::Error TakeForm(const ptx::Instruction& instruction, DecodeContext& context,
                     ptx::ModifierReader& modifiers, TensorMmaDetail& detail) {
  detail.cta_group = TakeCtaGroup(modifiers);
  if (detail.cta_group == 0) return ptx::ErrorAt(instruction, "tcgen05.mma without .cta_group");
  const int kind = modifiers.TakeOneOf({"kind::f16", "kind::tf32", "kind::f8f6f4"});
  if (kind < 0) return context.Unsupported("tcgen05.mma of another kind than f16, tf32, f8f6f4");
  detail.kind = static_cast<MmaKind>(kind);
  // The collector is a cache: its contents must equal memory's, so reading memory is the same.
  modifiers.TakeOneOf({"collector::a::fill", "collector::a::use", "collector::a::lastuse",
                       "collector::a::discard"});
  return modifiers.Finish();
}

/// What follows idesc: {lanes}, enable-input-d, scale-input-d.
llvm::Error TakeRest(const ptx::Instruction& instruction, DecodeContext& context,
                     TensorMmaDetail& detail) {
  size_t next = 4;
  if (instruction.operands[next].kind == ptx::OperandKind::kVector) {
    if (llvm::Error error = BindRegisters(instruction, context, instruction.operands[next++],
                                          4 * detail.cta_group, false, detail.disabled)) {
      return error;
    }
  }
  if (llvm::Error error = ExpectOperands(instruction, next + 1, next + 2)) return error;
  if (llvm::Error error =
          Bind(detail.accumulate, context.Predicate(instruction.operands[next++], false))) {
    return error;
  }
  if (next == instruction.operands.size()) return llvm::Error::success();
  llvm::Expected<uint32_t> shift = TakeInteger(instruction, next, 15);
  if (!shift) return shift.takeError();
  if (detail.kind == MmaKind::kF8f6f4) {
    return ptx::ErrorAt(instruction, "scale-input-d is for kinds f16 and tf32 only");
  }
  detail.scale_shift = static_cast<int>(*shift);
  return llvm::Error::success();
}

}  // namespace

llvm::Error DecodeTensorMma(const ptx::Instruction& instruction, DecodeContext& context,
                            ptx::ModifierReader& modifiers, Inst& inst) {
  auto* detail = context.New<TensorMmaDetail>();
  if (llvm::Error error = TakeForm(instruction, context, modifiers, *detail)) return error;
  if (llvm::Error error = ExpectOperands(instruction, 5, 7)) return error;
  const auto& operands = instruction.operands;
  if (llvm::Error error = Bind(detail->d, context.AddressOf(operands[0]))) return error;
  detail->a_in_tensor_memory = operands[1].kind == ptx::OperandKind::kAddress;
  if (llvm::Error error = detail->a_in_tensor_memory
                              ? Bind(detail->a_address, context.AddressOf(operands[1]))
                              : Bind(detail->a_descriptor, context.Source(operands[1], 8))) {
    return error;
  }
  if (llvm::Error error = Bind(detail->b_descriptor, context.Source(operands[2], 8))) return error;
  if (llvm::Error error = Bind(detail->instruction_descriptor, context.Source(operands[3], 4))) {
    return error;
  }
  inst.detail = detail;
  inst.execute = ExecuteTensorMma;
  inst.inst_class = InstClass::kMatrix;
  return TakeRest(instruction, context, *detail);
}

}  // namespace attnjit::emulator
