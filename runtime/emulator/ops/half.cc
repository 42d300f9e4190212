// Floating-point arithmetic on f16, bf16 and their pairs (PTX ISA 9.7.4).
#include <string>

#include "runtime/emulator/ops/float.h"
#include "runtime/emulator/ops/float_math.h"
#include "runtime/emulator/ops/lane_kernel.h"

namespace attnjit::emulator {
namespace {

/// The modifiers of one form.
template <const FloatFormat& kFormatOf, bool kFtzOf, bool kSatOf, bool kReluOf>
struct Mode {
  using N = Narrow<kFormatOf>;
  static uint16_t In(uint16_t x) { return kFtzOf ? N::Flush(x) : x; }
  static uint16_t Out(uint16_t x) {
    if (kFtzOf) x = N::Flush(x);
    if (kSatOf) return Clamp(x);
    if (kReluOf) return N::IsNan(x) ? x : (x & 0x8000) != 0 ? 0 : x;
    return x;
  }
  static uint16_t Clamp(uint16_t x) {
    constexpr uint16_t kOne = kFormatOf.bias() << kFormatOf.mantissa_bits;
    if (N::IsNan(x) || (x & 0x8000) != 0) return 0;
    return x > kOne ? kOne : x;
  }
};

template <class M>
struct HalfAdd {
  uint16_t operator()(uint16_t a, uint16_t b) const {
    return M::Out(M::N::Encode(AddRoundedToOdd(M::N::Decode(M::In(a)), M::N::Decode(M::In(b)))));
  }
};
template <class M>
struct HalfSub {
  uint16_t operator()(uint16_t a, uint16_t b) const {
    return M::Out(M::N::Encode(AddRoundedToOdd(M::N::Decode(M::In(a)), -M::N::Decode(M::In(b)))));
  }
};
template <class M>
struct HalfMul {
  uint16_t operator()(uint16_t a, uint16_t b) const {
    return M::Out(M::N::Encode(M::N::Decode(M::In(a)) * M::N::Decode(M::In(b))));
  }
};
template <class M>
struct HalfFma {
  uint16_t operator()(uint16_t a, uint16_t b, uint16_t c) const {
    const double product = M::N::Decode(M::In(a)) * M::N::Decode(M::In(b));  // Exact.
    return M::Out(M::N::Encode(AddRoundedToOdd(product, M::N::Decode(M::In(c)))));
  }
};
/// .oob: +0 where a or b is the NaN that a tensor copy fills with (PTX ISA 5.5.3.3).
template <class M>
struct HalfFmaOob {
  uint16_t operator()(uint16_t a, uint16_t b, uint16_t c) const {
    constexpr uint16_t kFill = 0x7fff;
    return a == kFill || b == kFill ? 0 : HalfFma<M>()(a, b, c);
  }
};
/// NaN stays NaN here, canonical.
template <class M>
struct HalfAbs {
  uint16_t operator()(uint16_t a) const { return M::N::IsNan(a) ? 0x7fff : M::In(a) & 0x7fff; }
};
template <class M>
struct HalfNeg {
  uint16_t operator()(uint16_t a) const { return M::N::IsNan(a) ? 0x7fff : M::In(a) ^ 0x8000; }
};
template <class M, bool kMax, bool kNan>
struct HalfExtremum {
  uint16_t operator()(uint16_t a, uint16_t b) const {
    a = M::In(a);
    b = M::In(b);
    const bool a_nan = M::N::IsNan(a);
    const bool b_nan = M::N::IsNan(b);
    if (a_nan && (kNan || b_nan)) return 0x7fff;
    if (b_nan && kNan) return 0x7fff;
    if (a_nan) return b;
    if (b_nan) return a;
    const auto key = [](uint16_t x) {  // Orders as the numbers do, -0 below +0.
      return (x & 0x8000) != 0 ? -static_cast<int>(x & 0x7fff) - 1 : static_cast<int>(x);
    };
    return (kMax ? key(a) > key(b) : key(a) < key(b)) ? a : b;
  }
};
/// .xorsign.abs: the extremum of the magnitudes, with the product's sign.
template <class M, bool kMax, bool kNan>
struct HalfExtremumXorsign {
  uint16_t operator()(uint16_t a, uint16_t b) const {
    const uint16_t sign = (a ^ b) & 0x8000;
    const uint16_t magnitude = HalfExtremum<M, kMax, kNan>()(a & 0x7fff, b & 0x7fff);
    return M::N::IsNan(magnitude) ? magnitude : magnitude | sign;
  }
};

template <class Op>
struct Pair1 {
  uint32_t operator()(uint32_t a) const {
    return Op()(static_cast<uint16_t>(a)) |
           static_cast<uint32_t>(Op()(static_cast<uint16_t>(a >> 16))) << 16;
  }
};
template <class Op>
struct Pair2 {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    return Op()(static_cast<uint16_t>(a), static_cast<uint16_t>(b)) |
           static_cast<uint32_t>(
               Op()(static_cast<uint16_t>(a >> 16), static_cast<uint16_t>(b >> 16)))
               << 16;
  }
};
template <class Op>
struct Pair3 {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    return Op()(static_cast<uint16_t>(a), static_cast<uint16_t>(b), static_cast<uint16_t>(c)) |
           static_cast<uint32_t>(Op()(static_cast<uint16_t>(a >> 16),
                                      static_cast<uint16_t>(b >> 16),
                                      static_cast<uint16_t>(c >> 16)))
               << 16;
  }
};

constexpr FormOperand k2 = FormOperand::kBytes2;
constexpr FormOperand k4 = FormOperand::kBytes4;

/// Adds a form for the single type and for pairs.
class Both {
 public:
  Both(FormTable& table, std::string modifiers, std::string type)
      : table_(table), modifiers_(std::move(modifiers)), type_(std::move(type)) {}
  template <class Op>
  void One(const std::string& name) const {
    Add(name, MakeLaneKernel<Op>(), MakeLaneKernel<Pair1<Op>>(), 1);
  }
  template <class Op>
  void Two(const std::string& name) const {
    Add(name, MakeLaneKernel<Op>(), MakeLaneKernel<Pair2<Op>>(), 2);
  }
  template <class Op>
  void Three(const std::string& name) const {
    Add(name, MakeLaneKernel<Op>(), MakeLaneKernel<Pair3<Op>>(), 3);
  }

 private:
  void Add(const std::string& name, LaneKernel single, LaneKernel pair, size_t sources) const {
    const std::string spelling = name + modifiers_ + "." + type_;
    table_.Add(spelling, {single, k2, std::vector<FormOperand>(sources, k2), InstClass::kFloat});
    table_.Add(spelling + "x2",
               {pair, k4, std::vector<FormOperand>(sources, k4), InstClass::kFloat});
  }
  FormTable& table_;
  std::string modifiers_;
  std::string type_;
};

/// add, sub, mul and fma: the rounding may be named or not, fma's must.
template <class M>
void AddArithmetic(FormTable& table, const std::string& modifiers, const std::string& type) {
  for (const char* rounding : {"", ".rn"}) {
    const Both both(table, rounding + modifiers, type);
    both.Two<HalfAdd<M>>("add");
    both.Two<HalfSub<M>>("sub");
    both.Two<HalfMul<M>>("mul");
  }
  Both(table, ".rn" + modifiers, type).template Three<HalfFma<M>>("fma");
}

template <class M>
void AddSigns(FormTable& table, const std::string& modifiers, const std::string& type) {
  const Both both(table, modifiers, type);
  both.One<HalfAbs<M>>("abs");
  both.One<HalfNeg<M>>("neg");
  both.Two<HalfExtremum<M, false, false>>("min");
  both.Two<HalfExtremum<M, true, false>>("max");
  const Both nan(table, modifiers + ".NaN", type);
  nan.Two<HalfExtremum<M, false, true>>("min");
  nan.Two<HalfExtremum<M, true, true>>("max");
  const Both xorsign(table, modifiers + ".xorsign.abs", type);
  xorsign.Two<HalfExtremumXorsign<M, false, false>>("min");
  xorsign.Two<HalfExtremumXorsign<M, true, false>>("max");
  const Both xorsign_nan(table, modifiers + ".NaN.xorsign.abs", type);
  xorsign_nan.Two<HalfExtremumXorsign<M, false, true>>("min");
  xorsign_nan.Two<HalfExtremumXorsign<M, true, true>>("max");
}

}  // namespace

void AddHalfForms(FormTable& table) {
  AddArithmetic<Mode<kF16, false, false, false>>(table, "", "f16");
  AddArithmetic<Mode<kF16, true, false, false>>(table, ".ftz", "f16");
  AddArithmetic<Mode<kF16, false, true, false>>(table, ".sat", "f16");
  AddArithmetic<Mode<kF16, true, true, false>>(table, ".ftz.sat", "f16");
  AddArithmetic<Mode<kBf16, false, false, false>>(table, "", "bf16");
  Both(table, ".rn.relu", "f16").Three<HalfFma<Mode<kF16, false, false, true>>>("fma");
  Both(table, ".rn.ftz.relu", "f16").Three<HalfFma<Mode<kF16, true, false, true>>>("fma");
  Both(table, ".rn.relu", "bf16").Three<HalfFma<Mode<kBf16, false, false, true>>>("fma");
  Both(table, ".rn.oob", "f16").Three<HalfFmaOob<Mode<kF16, false, false, false>>>("fma");
  Both(table, ".rn.oob.relu", "f16").Three<HalfFmaOob<Mode<kF16, false, false, true>>>("fma");
  Both(table, ".rn.oob", "bf16").Three<HalfFmaOob<Mode<kBf16, false, false, false>>>("fma");
  Both(table, ".rn.oob.relu", "bf16").Three<HalfFmaOob<Mode<kBf16, false, false, true>>>("fma");
  AddSigns<Mode<kF16, false, false, false>>(table, "", "f16");
  AddSigns<Mode<kF16, true, false, false>>(table, ".ftz", "f16");
  AddSigns<Mode<kBf16, false, false, false>>(table, "", "bf16");
}

}  // namespace attnjit::emulator
