#include "runtime/emulator/ops/convert.h"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>

#include "runtime/emulator/machine/warp.h"
#include "runtime/emulator/ops/convert_value.h"
#include "runtime/emulator/ops/float_math.h"
#include "runtime/emulator/ops/lane_kernel.h"
#include "runtime/emulator/ops/run_lanes.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {
namespace {

/// How one cvt works where no vectorised form exists.
struct Conversion {
  ScalarType from;
  ScalarType to;
  ConvertFlags flags;
  int elements = 1;          ///< 2: a pair in the destination.
  bool pair_source = false;  ///< The pair comes packed in one source; else from two (b is the low).
  bool from_wide = false;    ///< The source register has 64 bits.
  bool to_wide = false;
  int extend_to = 0;  ///< Bits to which a signed result is extended; 0: none.
};

uint64_t SignExtended(uint64_t value, int bits, int to) {
  const auto extended =
      static_cast<uint64_t>(static_cast<int64_t>(value << (64 - bits)) >> (64 - bits));
  return to == 64 ? extended : extended & ((uint64_t{1} << to) - 1);
}

uint64_t ConvertLane(const Conversion& cvt, uint64_t a, uint64_t b) {
  if (cvt.elements == 1) {
    const uint64_t result = ConvertValue(cvt.from, cvt.to, cvt.flags, a);
    return cvt.extend_to != 0 ? SignExtended(result, cvt.to.bits, cvt.extend_to) : result;
  }
  const uint64_t low = cvt.pair_source ? a : b;
  const uint64_t high = cvt.pair_source ? a >> cvt.from.bits : a;
  return ConvertValue(cvt.from, cvt.to, cvt.flags, low) |
         ConvertValue(cvt.from, cvt.to, cvt.flags, high) << cvt.to.bits;
}

/// f(lane) for each lane of the mask.
template <class F>
void ForEach(uint32_t lanes, F&& f) {
  for (; lanes != 0; lanes &= lanes - 1) f(std::countr_zero(lanes));
}

Step RunConversion(Warp& warp, const Inst& inst, uint32_t lanes) {
  const auto& cvt = *static_cast<const Conversion*>(inst.detail);
  const bool two = cvt.elements == 2 && !cvt.pair_source;
  const uint64_t* a64 = cvt.from_wide ? warp.Read64(inst.a, lanes) : nullptr;
  const uint32_t* a32 = cvt.from_wide ? nullptr : warp.Read32(inst.a, lanes);
  const uint32_t* b = two ? warp.Read32(inst.b, lanes) : nullptr;
  uint64_t results[32];
  ForEach(lanes, [&](int l) {
    results[l] = ConvertLane(cvt, cvt.from_wide ? a64[l] : a32[l], two ? b[l] : 0);
  });
  if (cvt.to_wide) {
    uint64_t* dst = warp.Write64(inst.dst, lanes);
    ForEach(lanes, [&](int l) { dst[l] = results[l]; });
  } else {
    uint32_t* dst = warp.Write32(inst.dst, lanes);
    ForEach(lanes, [&](int l) { dst[l] = static_cast<uint32_t>(results[l]); });
  }
  return Step::kNext;
}

// Vectorised forms of what kernels use in their inner loops.

template <class D, class S>
struct IntegerCast {
  D operator()(S a) const { return static_cast<D>(a); }
};
struct Bf16Bits {
  static uint32_t Of(float x) {
    const uint32_t bits = std::bit_cast<uint32_t>(x);
    return x != x ? 0x7fffu : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  }
};
/// Normal results by rounding the mantissa in place; subnormal ones by an addition whose unit in
/// the last place is f16's.
struct F16Bits {
  static uint32_t Of(float x) {
    const uint32_t bits = std::bit_cast<uint32_t>(x);
    const uint32_t magnitude = bits & 0x7fffffff;
    const uint32_t normal = (magnitude - (112u << 23) + 0xfff + (magnitude >> 13 & 1)) >> 13;
    const uint32_t subnormal =
        std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - 0x3f000000;
    const uint32_t finite = magnitude < 0x38800000 ? subnormal : normal;
    const uint32_t limited = magnitude >= 0x477ff000 ? 0x7c00 : finite;
    return x != x ? 0x7fff : limited | (bits >> 16 & 0x8000);
  }
};
template <class Bits>
struct PackPair {
  uint32_t operator()(float a, float b) const { return Bits::Of(a) << 16 | Bits::Of(b); }
};
template <class Bits>
struct PackOne {
  uint16_t operator()(float a) const { return static_cast<uint16_t>(Bits::Of(a)); }
};
struct Bf16ToF32 {
  float operator()(uint16_t a) const {
    return Canonical(std::bit_cast<float>(static_cast<uint32_t>(a) << 16));
  }
};
struct S32ToF32 {
  float operator()(int32_t a) const { return static_cast<float>(a); }
};

/// The vectorised form, if there is one. Both registers have the width of their type.
template <class D>
LaneKernel CastTo(const ScalarType& from) {
  const bool is_signed = from.kind == ScalarType::Kind::kSigned;
  switch (from.bits) {
    case 8:
      return is_signed ? MakeLaneKernel<IntegerCast<D, int8_t>>()
                       : MakeLaneKernel<IntegerCast<D, uint8_t>>();
    case 16:
      return is_signed ? MakeLaneKernel<IntegerCast<D, int16_t>>()
                       : MakeLaneKernel<IntegerCast<D, uint16_t>>();
    case 32:
      return is_signed ? MakeLaneKernel<IntegerCast<D, int32_t>>()
                       : MakeLaneKernel<IntegerCast<D, uint32_t>>();
    default:
      return MakeLaneKernel<IntegerCast<D, uint64_t>>();
  }
}

LaneKernel FastForm(const Conversion& cvt) {
  const ConvertFlags& f = cvt.flags;
  if (f.ftz || f.sat || f.satfinite || f.relu || f.to_integral) return {};
  if (!cvt.from.is_float() && !cvt.to.is_float()) {
    if (cvt.from_wide != (cvt.from.bits == 64) || cvt.to_wide != (cvt.to.bits == 64)) {
      return {};
    }
    if (cvt.to.bits == 64) return CastTo<uint64_t>(cvt.from);
    if (cvt.to.bits == 32) return CastTo<uint32_t>(cvt.from);
    if (cvt.to.bits == 16) return CastTo<uint16_t>(cvt.from);
    return {};
  }
  if (f.rounding != Rounding::kNearest) return {};
  const auto& bf16 = kBf16;
  const bool from_f32 = cvt.from.format == &kF32;
  if (from_f32 && cvt.to.format == &bf16) {
    return cvt.elements == 2 ? MakeLaneKernel<PackPair<Bf16Bits>>()
                             : MakeLaneKernel<PackOne<Bf16Bits>>();
  }
  if (from_f32 && cvt.to.format == &kF16) {
    return cvt.elements == 2 ? MakeLaneKernel<PackPair<F16Bits>>()
                             : MakeLaneKernel<PackOne<F16Bits>>();
  }
  if (cvt.from.format == &bf16 && cvt.to.format == &kF32) return MakeLaneKernel<Bf16ToF32>();
  if (cvt.from == ScalarType{ScalarType::Kind::kSigned, 32, nullptr} && cvt.to.format == &kF32 &&
      !cvt.from_wide) {
    return MakeLaneKernel<S32ToF32>();
  }
  return {};
}

/// Takes one type; `pair` says that it ended in x2.
std::optional<ScalarType> TakeType(ptx::ModifierReader& reader, bool& pair) {
  llvm::StringRef name = reader.TakeNext();
  pair = name.consume_back("x2");
  return ParseScalarType(name);
}

void TakeFlags(ptx::ModifierReader& reader, ConvertFlags& flags, bool& rounded) {
  const int integral = reader.TakeOneOf({"rni", "rzi", "rmi", "rpi"});
  const int floating = integral < 0 ? reader.TakeOneOf({"rn", "rz", "rm", "rp", "rna"}) : -1;
  constexpr Rounding kRoundings[] = {Rounding::kNearest, Rounding::kZero, Rounding::kDown,
                                     Rounding::kUp, Rounding::kAway};
  flags.to_integral = integral >= 0;
  rounded = integral >= 0 || floating >= 0;
  if (rounded) flags.rounding = kRoundings[integral >= 0 ? integral : floating];
  flags.ftz = reader.Take("ftz");
  flags.sat = reader.Take("sat");
  flags.satfinite = reader.Take("satfinite");
  flags.relu = reader.Take("relu");
}

/// Whether the ISA has this conversion at all; "" or what is wrong.
std::string ShapeProblem(const Conversion& cvt, bool to_pair, bool from_pair, bool rounded) {
  if (from_pair && !to_pair) return "a pair converts to a pair only";
  const bool both_float = cvt.from.is_float() && cvt.to.is_float();
  const bool to_int = cvt.from.is_float() && !cvt.to.is_float();
  if (to_int && !cvt.flags.to_integral) return "float to integer needs an integer rounding";
  if (!cvt.from.is_float() && cvt.to.is_float() && (!rounded || cvt.flags.to_integral)) {
    return "integer to float needs a rounding";
  }
  if (!both_float && (cvt.flags.relu || cvt.flags.satfinite)) {
    return "relu and satfinite are for floating-point conversions";
  }
  if (to_pair && !both_float) return "pairs are of floating-point types";
  if (both_float && !rounded && cvt.from.bits > cvt.to.bits) return "narrowing needs a rounding";
  return "";
}

llvm::Error BindSources(const ptx::Instruction& instruction, DecodeContext& context,
                        Conversion& cvt, Inst& inst) {
  const size_t sources = cvt.elements == 2 && !cvt.pair_source ? 2 : 1;
  if (instruction.operands.size() != sources + 1) {
    return context.Unsupported("cvt takes " + std::to_string(sources + 1) + " operands here");
  }
  const int bits = cvt.pair_source ? 2 * cvt.from.bits : cvt.from.bits;
  llvm::Expected<Value> a = context.Source(instruction.operands[1], bits / 8, true);
  if (!a) return a.takeError();
  inst.a = *a;
  cvt.from_wide = a->bytes == 8;
  if (sources == 2) {
    llvm::Expected<Value> b = context.Source(instruction.operands[2], cvt.from.bits / 8, true);
    if (!b) return b.takeError();
    inst.b = *b;
  }
  return llvm::Error::success();
}

llvm::Error BindDestination(const ptx::Instruction& instruction, DecodeContext& context,
                            Conversion& cvt, Inst& inst) {
  const int bits = cvt.elements * cvt.to.bits;
  llvm::Expected<Value> dst = context.Destination(instruction.operands[0], bits / 8, true);
  if (!dst) return dst.takeError();
  inst.dst = *dst;
  cvt.to_wide = dst->bytes == 8;
  const int declared = 8 * context.RegisterBytes(instruction.operands[0]);
  if (cvt.to.kind == ScalarType::Kind::kSigned && declared > bits) cvt.extend_to = declared;
  return llvm::Error::success();
}

/// cvt.pack: a and b saturated to kBits each, a above b, and the low bits of c above both (PTX ISA
/// 9.7.9.22).
template <int kBits, bool kSigned>
struct PackSaturated {
  static uint32_t Of(int32_t x) {
    constexpr int32_t kLeast = kSigned ? -(1 << (kBits - 1)) : 0;
    constexpr int32_t kMost = (1 << (kSigned ? kBits - 1 : kBits)) - 1;
    return static_cast<uint32_t>(std::clamp(x, kLeast, kMost)) & ((1u << kBits) - 1);
  }
  uint32_t operator()(int32_t a, int32_t b, uint32_t c) const {
    const uint64_t above = static_cast<uint64_t>(c) << (2 * kBits);
    return static_cast<uint32_t>(above | Of(a) << kBits | Of(b));
  }
};

template <int kBits>
LaneKernel PackOf(bool is_signed) {
  return is_signed ? MakeLaneKernel<PackSaturated<kBits, true>>()
                   : MakeLaneKernel<PackSaturated<kBits, false>>();
}

llvm::Error DecodePack(const ptx::Instruction& instruction, ptx::ModifierReader& reader,
                       DecodeContext& context, Inst& inst) {
  const bool saturated = reader.Take("sat");
  const int type = reader.TakeOneOf({"u2", "s2", "u4", "s4", "u8", "s8", "u16", "s16"});
  const bool halves = type >= 6;
  if (!saturated || type < 0 || !reader.Take("s32") || (!halves && !reader.Take("b32"))) {
    return context.Unsupported("expected cvt.pack.sat of .s32 to an integer of at most 16 bits");
  }
  if (llvm::Error error = reader.Finish()) return error;
  const size_t count = halves ? 3 : 4;
  const std::vector<ptx::Operand>& operands = instruction.operands;
  if (operands.size() != count)
    return context.Unsupported("cvt.pack has another number of operands here");
  const auto bind = [](Value& place, llvm::Expected<Value> value) -> llvm::Error {
    if (!value) return value.takeError();
    place = *value;
    return llvm::Error::success();
  };
  if (llvm::Error error = bind(inst.dst, context.Destination(operands[0], 4))) return error;
  if (llvm::Error error = bind(inst.a, context.Source(operands[1], 4))) return error;
  if (llvm::Error error = bind(inst.b, context.Source(operands[2], 4))) return error;
  inst.c = context.Constant(0, 4);
  if (!halves) {
    if (llvm::Error error = bind(inst.c, context.Source(operands[3], 4))) return error;
  }
  static const std::array<LaneKernel (*)(bool), 4> kPacks = {&PackOf<2>, &PackOf<4>, &PackOf<8>,
                                                             &PackOf<16>};
  inst.inst_class = InstClass::kConvert;
  SetLaneKernel(kPacks[type / 2](type % 2 == 1), -1, context, inst);
  return llvm::Error::success();
}

llvm::Error DecodeCvt(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader reader(instruction);
  if (reader.Take("pack")) return DecodePack(instruction, reader, context, inst);
  auto* cvt = context.New<Conversion>();
  bool rounded = false;
  TakeFlags(reader, cvt->flags, rounded);
  bool to_pair = false;
  bool from_pair = false;
  const std::optional<ScalarType> to = TakeType(reader, to_pair);
  const std::optional<ScalarType> from = TakeType(reader, from_pair);
  if (llvm::Error error = reader.Finish()) return error;
  if (!to || !from) return context.Unsupported("cvt does not know these types");
  cvt->to = *to;
  cvt->from = *from;
  cvt->elements = to_pair ? 2 : 1;
  cvt->pair_source = from_pair;
  const std::string problem = ShapeProblem(*cvt, to_pair, from_pair, rounded);
  if (!problem.empty()) return context.Unsupported(problem);
  if (llvm::Error error = BindSources(instruction, context, *cvt, inst)) return error;
  if (llvm::Error error = BindDestination(instruction, context, *cvt, inst)) return error;
  inst.inst_class = InstClass::kConvert;
  inst.detail = cvt;
  inst.execute = &RunConversion;
  const LaneKernel fast = cvt->extend_to == 0 ? FastForm(*cvt) : LaneKernel();
  if (fast.function != nullptr) SetLaneKernel(fast, -1, context, inst);
  return llvm::Error::success();
}

}  // namespace

llvm::ArrayRef<OpcodeDecoder> ConvertDecoders() {
  static constexpr OpcodeDecoder kDecoders[] = {{"cvt", &DecodeCvt}};
  return kDecoders;
}

}  // namespace attnjit::emulator
