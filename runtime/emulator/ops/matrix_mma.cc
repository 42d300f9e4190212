#include "runtime/emulator/ops/matrix_mma.h"

#include <algorithm>
#include <vector>

#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/async_support.h"
#include "runtime/emulator/ops/decode_helpers.h"
#include "runtime/emulator/ops/matrix_operands.h"

namespace attnjit::emulator {
namespace {

struct MmaDetail {
  WarpProduct product;  ///< Without its registers.
  int m = 16;           ///< 8: the upper half of m16n8k16; its lower half is zeros.
  std::vector<Value> a, b, c, d;
};

Step ExecuteMma(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& detail = *static_cast<const MmaDetail*>(inst.detail);
  if (lanes != kAllLanes) {
    return warp.Trap(Rule::kDivergentSync, inst, -1, "mma.sync needs all 32 lanes of the warp");
  }
  static constexpr uint32_t kZeros[32] = {};
  uint32_t sink[32];
  WarpProduct product = detail.product;
  for (int i = 0; i < 4; ++i) {
    product.a[i] = product.c[i] = kZeros;
    product.d[i] = sink;
  }
  for (size_t i = 0; i < detail.a.size(); ++i) product.a[i] = warp.Read32(detail.a[i], lanes);
  for (size_t i = 0; i < detail.b.size(); ++i) product.b[i] = warp.Read32(detail.b[i], lanes);
  for (size_t i = 0; i < detail.c.size(); ++i) product.c[i] = warp.Read32(detail.c[i], lanes);
  for (size_t i = 0; i < detail.d.size(); ++i) {
    const bool kept = detail.d[i].kind == ValueKind::kRegister;
    product.d[i] = kept ? warp.Write32(detail.d[i], lanes) : sink;
  }
  ComputeWarpProduct(product);
  warp.counters().AddMatrix(CounterKind(product.a_type), static_cast<uint64_t>(detail.m), 8,
                            static_cast<uint64_t>(product.k));
  return Step::kNext;
}

/// Whether the ISA has this combination of K and types.
bool IsLegal(const WarpProduct& product) {
  const bool wide = product.k * ElementBytes(product.a_type) == 32;
  const bool half = product.k * ElementBytes(product.a_type) == 16;
  if (!wide && !half) return false;
  const bool same = product.a_type == product.b_type;
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
      return IsInteger(product.b_type) && product.accumulator == AccumulatorType::kS32;
    default:
      return false;
  }
}

/// m8n8k16, for 8-bit integers only.
bool IsNarrow(const WarpProduct& product) {
  return product.k == 16 && IsInteger(product.a_type) && IsInteger(product.b_type) &&
         product.accumulator == AccumulatorType::kS32;
}

llvm::Error TakeForm(const ptx::Instruction& instruction, DecodeContext& context,
                     MmaDetail& detail) {
  WarpProduct& product = detail.product;
  ptx::ModifierReader modifiers(instruction);
  if (!modifiers.Take("sync") || !modifiers.Take("aligned")) {
    return ptx::ErrorAt(instruction, "mma without .sync.aligned");
  }
  MatrixShape shape;
  const llvm::StringRef shape_text = modifiers.TakePrefixed("m");
  if (!ParseMatrixShape(shape_text, shape) || (shape.m != 16 && shape.m != 8) || shape.n != 8) {
    return context.Unsupported(("mma of shape " + shape_text).str());
  }
  // Here the order says which is A's: row-major A, column-major B.
  const auto row = std::find(instruction.modifiers.begin(), instruction.modifiers.end(), "row");
  const bool in_order =
      std::find(row, instruction.modifiers.end(), "col") != instruction.modifiers.end();
  if (!in_order || !modifiers.Take("row") || !modifiers.Take("col")) {
    return context.Unsupported("mma in another layout than .row.col");
  }
  product.k = shape.k;
  detail.m = shape.m;
  product.saturate = modifiers.Take("satfinite");
  const auto d = ParseAccumulatorType(modifiers.TakeNext());
  const auto a = ParseElementType(modifiers.TakeNext());
  const auto b = ParseElementType(modifiers.TakeNext());
  const auto c = ParseAccumulatorType(modifiers.TakeNext());
  if (llvm::Error error = modifiers.Finish()) return error;
  if (!d || !a || !b || !c || *c != *d) return context.Unsupported("mma of these types");
  product.a_type = *a;
  product.b_type = *b;
  product.accumulator = *d;
  const bool legal = detail.m == 16 ? IsLegal(product) : IsNarrow(product);
  if (!legal || (product.saturate && product.accumulator != AccumulatorType::kS32)) {
    return context.Unsupported("mma of these types and this shape");
  }
  return llvm::Error::success();
}

}  // namespace

llvm::Error DecodeMma(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  auto* detail = context.New<MmaDetail>();
  WarpProduct& product = detail->product;
  if (llvm::Error error = TakeForm(instruction, context, *detail)) return error;
  const bool f8 = ElementBytes(product.a_type) == 1 && !IsInteger(product.a_type);
  if (llvm::Error error = RequireSm(context, f8 ? 89 : 80, "this mma")) return error;
  if (llvm::Error error = ExpectOperands(instruction, 4, 4)) return error;
  const int accumulators = AccumulatorRegisters(product.accumulator, 8) * detail->m / 16;
  const struct {
    int count;
    bool destination;
    std::vector<Value>* values;
  } operands[] = {{accumulators, true, &detail->d},
                  {ARegisters(product.a_type, product.k) * detail->m / 16, false, &detail->a},
                  {BRegisters(product.b_type, product.k), false, &detail->b},
                  {accumulators, false, &detail->c}};
  for (size_t i = 0; i < 4; ++i) {
    if (llvm::Error error =
            BindRegisters(instruction, context, instruction.operands[i], operands[i].count,
                          operands[i].destination, *operands[i].values)) {
      return error;
    }
  }
  inst.detail = detail;
  inst.execute = ExecuteMma;
  inst.converged = true;
  inst.inst_class = InstClass::kMatrix;
  return llvm::Error::success();
}

}  // namespace attnjit::emulator
