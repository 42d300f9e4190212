// Comparisons: setp, set, testp (PTX ISA 9.7.6).
#include "runtime/emulator/ops/predicate.h"

#include <array>
#include <string>
#include <utility>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/float_math.h"
#include "runtime/emulator/ops/lane_kernel.h"
#include "runtime/emulator/ops/run_lanes.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {
namespace {

enum Comparison : int {
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kEqu,
  kNeu,
  kLtu,
  kLeu,
  kGtu,
  kGeu,  // True too where an operand is NaN.
  kNum,
  kNan,
  kComparisons
};
constexpr std::array<const char*, kComparisons> kComparisonNames = {
    "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};

template <int kOp, class T>
bool Compare(T a, T b) {
  switch (kOp) {
    case kEq:
      return a == b;
    case kNe:
      return a < b || a > b;  // False for NaN.
    case kLt:
      return a < b;
    case kLe:
      return a <= b;
    case kGt:
      return a > b;
    case kGe:
      return a >= b;
    case kEqu:
      return !(a < b || a > b);
    case kNeu:
      return !(a == b);
    case kLtu:
      return !(a >= b);
    case kLeu:
      return !(a > b);
    case kGtu:
      return !(a <= b);
    case kGeu:
      return !(a < b);
    case kNum:
      return a == a && b == b;
    case kNan:
      return a != a || b != b;
  }
  return false;
}

template <int kOp, class T>
struct CompareValues {
  bool operator()(T a, T b) const { return Compare<kOp>(a, b); }
};
template <int kOp>
struct CompareFlushed {
  bool operator()(float a, float b) const { return Compare<kOp>(Flush(a), Flush(b)); }
};
template <int kOp, const FloatFormat& kFormat, bool kFtz>
struct CompareNarrow {
  bool operator()(uint16_t a, uint16_t b) const {
    using N = Narrow<kFormat>;
    if (kFtz) {
      a = N::Flush(a);
      b = N::Flush(b);
    }
    return Compare<kOp>(N::Decode(a), N::Decode(b));
  }
};

/// One half of a pair, the lower one at shift 0.
template <class Op, int kShift>
struct CompareHalf {
  bool operator()(uint32_t a, uint32_t b) const {
    return Op()(static_cast<uint16_t>(a >> kShift), static_cast<uint16_t>(b >> kShift));
  }
};

/// One comparison of one type.
struct Comparer {
  LaneKernel kernel;  ///< Its function is null: there is none such.
  int bytes = 0;      ///< Of the operands as declared.
  LaneKernel high;    ///< Of pairs: the upper halves' comparison.
};

template <class Op>
Comparer MakeComparer(int bytes) {
  return {MakeLaneKernel<Op>(), bytes, {}};
}
template <class Op>
Comparer MakePairComparer() {
  return {MakeLaneKernel<CompareHalf<Op, 0>>(), 4, MakeLaneKernel<CompareHalf<Op, 16>>()};
}

template <class T, int... kOps>
Comparer ForValues(int op, std::integer_sequence<int, kOps...>) {
  Comparer found;
  ((op == kOps ? (found = MakeComparer<CompareValues<kOps, T>>(sizeof(T)), 0) : 0), ...);
  return found;
}
template <int... kOps>
Comparer ForFlushed(int op, std::integer_sequence<int, kOps...>) {
  Comparer found;
  ((op == kOps ? (found = MakeComparer<CompareFlushed<kOps>>(4), 0) : 0), ...);
  return found;
}
template <const FloatFormat& kFormat, bool kFtz, int... kOps>
Comparer ForNarrow(int op, std::integer_sequence<int, kOps...>) {
  Comparer found;
  ((op == kOps ? (found = MakeComparer<CompareNarrow<kOps, kFormat, kFtz>>(2), 0) : 0), ...);
  return found;
}

template <const FloatFormat& kFormat, bool kFtz, int... kOps>
Comparer ForPairs(int op, std::integer_sequence<int, kOps...>) {
  Comparer found;
  ((op == kOps ? (found = MakePairComparer<CompareNarrow<kOps, kFormat, kFtz>>(), 0) : 0), ...);
  return found;
}

constexpr auto kIntegerOps = std::make_integer_sequence<int, kGe + 1>();
constexpr auto kFloatOps = std::make_integer_sequence<int, kComparisons>();

/// `op` of `type`.
Comparer FindComparer(llvm::StringRef type, int op, bool ftz) {
  if (type == "f32") return ftz ? ForFlushed(op, kFloatOps) : ForValues<float>(op, kFloatOps);
  if (type == "f16") {
    return ftz ? ForNarrow<kF16, true>(op, kFloatOps) : ForNarrow<kF16, false>(op, kFloatOps);
  }
  if (type == "f16x2") {
    return ftz ? ForPairs<kF16, true>(op, kFloatOps) : ForPairs<kF16, false>(op, kFloatOps);
  }
  if (ftz) return {};
  if (type == "bf16x2") return ForPairs<kBf16, false>(op, kFloatOps);
  if (type == "f64") return ForValues<double>(op, kFloatOps);
  if (type == "bf16") return ForNarrow<kBf16, false>(op, kFloatOps);
  if (type == "u16" || (type == "b16" && op <= kNe)) return ForValues<uint16_t>(op, kIntegerOps);
  if (type == "u32" || (type == "b32" && op <= kNe)) return ForValues<uint32_t>(op, kIntegerOps);
  if (type == "u64" || (type == "b64" && op <= kNe)) return ForValues<uint64_t>(op, kIntegerOps);
  if (type == "s16") return ForValues<int16_t>(op, kIntegerOps);
  if (type == "s32") return ForValues<int32_t>(op, kIntegerOps);
  if (type == "s64") return ForValues<int64_t>(op, kIntegerOps);
  return {};
}

/// Takes the comparison from the modifiers: -1 where there is none. lo, ls, hi, hs are the unsigned
/// lt, le, gt, ge.
int TakeComparison(ptx::ModifierReader& reader) {
  const int unsigned_op = reader.TakeOneOf({"lo", "ls", "hi", "hs"});
  if (unsigned_op >= 0) return kLt + unsigned_op;
  for (int op = 0; op < kComparisons; ++op) {
    if (reader.Take(kComparisonNames[op])) return op;
  }
  return -1;
}

enum class Combine : uint8_t { kNone, kAnd, kOr, kXor };

/// What a comparison with a boolean operation, a second destination, a pair of operands or a result
/// that is no predicate does.
struct Compound {
  LaneKernel kernel;
  LaneKernel high;  ///< Of a pair's upper halves; its function is null for single operands.
  Combine combine = Combine::kNone;
  uint32_t true_bits = 0;  ///< set: what stands for true; of pairs, in each half.

  bool pair() const { return high.function != nullptr; }
};

uint32_t Combined(const Compound& compound, uint32_t result, uint32_t c) {
  switch (compound.combine) {
    case Combine::kNone:
      return result;
    case Combine::kAnd:
      return result & c;
    case Combine::kOr:
      return result | c;
    case Combine::kXor:
      return result ^ c;
  }
  return result;
}

Step RunSetpCompound(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& compound = *static_cast<const Compound*>(inst.detail);
  const uint32_t result = TestLanes(compound.kernel, warp, inst, lanes);
  const uint32_t c = compound.combine == Combine::kNone ? 0 : warp.ReadPredicate(inst.c, lanes);
  warp.WritePredicate(inst.dst, lanes, Combined(compound, result, c));
  if (inst.dst2.kind != ValueKind::kNone) {
    const uint32_t second = compound.pair() ? TestLanes(compound.high, warp, inst, lanes) : ~result;
    warp.WritePredicate(inst.dst2, lanes, Combined(compound, second, c));
  }
  return Step::kNext;
}

Step RunSet(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& compound = *static_cast<const Compound*>(inst.detail);
  const uint32_t result = TestLanes(compound.kernel, warp, inst, lanes);
  const uint32_t c = compound.combine == Combine::kNone ? 0 : warp.ReadPredicate(inst.c, lanes);
  const uint32_t holds = Combined(compound, result, c);
  const uint32_t high =
      compound.pair() ? Combined(compound, TestLanes(compound.high, warp, inst, lanes), c) : 0;
  uint32_t* dst = warp.Write32(inst.dst, lanes);
  for (uint32_t rest = lanes; rest != 0; rest &= rest - 1) {
    const int l = std::countr_zero(rest);
    dst[l] = (holds >> l & 1) * compound.true_bits | (high >> l & 1) * compound.true_bits << 16;
  }
  return Step::kNext;
}

/// The parts that setp and set share: comparison, boolean operation, sources.
llvm::Error DecodeComparison(const ptx::Instruction& instruction, DecodeContext& context,
                             ptx::ModifierReader& reader, llvm::StringRef type, int op, bool ftz,
                             Combine combine, Inst& inst, Comparer& comparer) {
  if (llvm::Error error = reader.Finish()) return error;
  if (op < 0) return context.Unsupported("no comparison is given");
  comparer = FindComparer(type, op, ftz);
  if (comparer.kernel.function == nullptr) {
    return context.Unsupported("there is no comparison " + std::string(kComparisonNames[op]) +
                               (ftz ? ".ftz" : "") + " of type " + type.str());
  }
  const size_t expected = combine == Combine::kNone ? 3 : 4;
  if (instruction.operands.size() != expected) {
    return context.Unsupported(std::to_string(expected) + " operands are needed here");
  }
  llvm::Expected<Value> a = context.Source(instruction.operands[1], comparer.bytes);
  if (!a) return a.takeError();
  llvm::Expected<Value> b = context.Source(instruction.operands[2], comparer.bytes);
  if (!b) return b.takeError();
  inst.a = *a;
  inst.b = *b;
  if (combine != Combine::kNone) {
    llvm::Expected<Value> c = context.Predicate(instruction.operands[3], false);
    if (!c) return c.takeError();
    inst.c = *c;
  }
  inst.inst_class = InstClass::kPredicate;
  return llvm::Error::success();
}

Combine TakeCombine(ptx::ModifierReader& reader) {
  return static_cast<Combine>(reader.TakeOneOf({"and", "or", "xor"}) + 1);
}

llvm::Error DecodeSetp(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader reader(instruction);
  const int op = TakeComparison(reader);
  const Combine combine = TakeCombine(reader);
  const bool ftz = reader.Take("ftz");
  const llvm::StringRef type = reader.TakeNext();
  Comparer comparer;
  if (llvm::Error error =
          DecodeComparison(instruction, context, reader, type, op, ftz, combine, inst, comparer)) {
    return error;
  }
  const ptx::Operand& target = instruction.operands[0];
  const bool pair = target.kind == ptx::OperandKind::kPair;
  llvm::Expected<Value> p = context.Predicate(pair ? target.list[0] : target, true);
  if (!p) return p.takeError();
  inst.dst = *p;
  if (pair) {
    llvm::Expected<Value> q = context.Predicate(target.list[1], true);
    if (!q) return q.takeError();
    inst.dst2 = *q;
  }
  const bool halves = comparer.high.function != nullptr;
  if (halves && !pair) return context.Unsupported("a comparison of pairs has two results");
  if (!pair && combine == Combine::kNone) {
    SetLaneKernel(comparer.kernel, -1, context, inst);
    return llvm::Error::success();
  }
  auto* compound = context.New<Compound>();
  *compound = {comparer.kernel, comparer.high, combine, 0};
  inst.detail = compound;
  inst.execute = &RunSetpCompound;
  return llvm::Error::success();
}

/// What stands for true in a result of set; 0: there is no such form.
uint32_t TrueBits(llvm::StringRef result, llvm::StringRef type) {
  constexpr uint32_t kOneF16 = 0x3c00;
  constexpr uint32_t kOneBf16 = 0x3f80;
  if (type.endswith("x2")) {
    if (result == "u32" || result == "s32") return 0xffff;
    if (result != type) return 0;
    return type == "f16x2" ? kOneF16 : kOneBf16;
  }
  if (result == "u32" || result == "s32") return 0xffffffff;
  if (result == "f16") return kOneF16;
  if (result == "bf16") return kOneBf16;
  const bool narrow = type == "f16" || type == "bf16";
  if (result == "f32" && !narrow) return 0x3f800000;
  return narrow && (result == "u16" || result == "s16") ? 0xffff : 0;
}

llvm::Error DecodeSet(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader reader(instruction);
  const int op = TakeComparison(reader);
  const Combine combine = TakeCombine(reader);
  const bool ftz = reader.Take("ftz");
  const llvm::StringRef result = reader.TakeNext();
  const llvm::StringRef type = reader.TakeNext();
  const uint32_t true_bits = TrueBits(result, type);
  if (true_bits == 0) {
    return context.Unsupported("set of " + type.str() + " does not give " + result.str());
  }
  Comparer comparer;
  if (llvm::Error error =
          DecodeComparison(instruction, context, reader, type, op, ftz, combine, inst, comparer)) {
    return error;
  }
  const int bytes = result.endswith("16") ? 2 : 4;
  llvm::Expected<Value> dst = context.Destination(instruction.operands[0], bytes);
  if (!dst) return dst.takeError();
  inst.dst = *dst;
  auto* compound = context.New<Compound>();
  *compound = {comparer.kernel, comparer.high, combine, true_bits};
  inst.detail = compound;
  inst.execute = &RunSet;
  return llvm::Error::success();
}

enum class Property : uint8_t { kFinite, kInfinite, kNumber, kNotANumber, kNormal, kSubnormal };

template <Property kProperty, class T>
struct TestProperty {
  bool operator()(T a) const {
    switch (kProperty) {
      case Property::kFinite:
        return std::isfinite(a);
      case Property::kInfinite:
        return std::isinf(a);
      case Property::kNumber:
        return !std::isnan(a);
      case Property::kNotANumber:
        return std::isnan(a);
      case Property::kNormal:  // PTX ISA 9.7.3.1: zeros too.
        return std::isfinite(a) && std::fpclassify(a) != FP_SUBNORMAL;
      case Property::kSubnormal:
        return std::fpclassify(a) == FP_SUBNORMAL;
    }
    return false;
  }
};

template <Property kProperty>
void AddProperty(FormTable& table, const std::string& name) {
  const auto p = FormOperand::kPredicate;
  table.Add("testp." + name + ".f32", {MakeLaneKernel<TestProperty<kProperty, float>>(),
                                       p,
                                       {FormOperand::kBytes4},
                                       InstClass::kPredicate});
  table.Add("testp." + name + ".f64", {MakeLaneKernel<TestProperty<kProperty, double>>(),
                                       p,
                                       {FormOperand::kBytes8},
                                       InstClass::kPredicate});
}

}  // namespace

void AddPropertyForms(FormTable& table) {
  AddProperty<Property::kFinite>(table, "finite");
  AddProperty<Property::kInfinite>(table, "infinite");
  AddProperty<Property::kNumber>(table, "number");
  AddProperty<Property::kNotANumber>(table, "notanumber");
  AddProperty<Property::kNormal>(table, "normal");
  AddProperty<Property::kSubnormal>(table, "subnormal");
}

llvm::ArrayRef<OpcodeDecoder> PredicateDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {{"setp", &DecodeSetp}, {"set", &DecodeSet}};
  return kDecoders;
}

}  // namespace attnjit::emulator
