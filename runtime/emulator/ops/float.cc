// Floating-point arithmetic on f32, f32x2 and f64 (PTX ISA 9.7.3).
#include "runtime/emulator/ops/float.h"

#include <cfenv>
#include <string>

#include "runtime/emulator/ops/float_math.h"
#include "runtime/emulator/ops/lane_kernel.h"

namespace attnjit::emulator {
namespace {

struct Plus {
  template <class T>
  static T Of(T a, T b) {
    return a + b;
  }
};
struct Minus {
  template <class T>
  static T Of(T a, T b) {
    return a - b;
  }
};
struct Times {
  template <class T>
  static T Of(T a, T b) {
    return a * b;
  }
};
struct Over {
  template <class T>
  static T Of(T a, T b) {
    return a / b;
  }
};

template <class Op, bool kFtz, bool kSat>
struct F32Binary {
  float operator()(float a, float b) const {
    return Finish<kFtz, kSat>(Op::Of(FlushIf<kFtz>(a), FlushIf<kFtz>(b)));
  }
};
template <bool kFtz, bool kSat>
struct F32Fma {
  float operator()(float a, float b, float c) const {
    return Finish<kFtz, kSat>(std::fma(FlushIf<kFtz>(a), FlushIf<kFtz>(b), FlushIf<kFtz>(c)));
  }
};

/// Two f32 in the halves of 64 bits.
template <class Op>
struct PackedBinary {
  uint64_t operator()(uint64_t a, uint64_t b) const {
    return Half(static_cast<uint32_t>(a), static_cast<uint32_t>(b)) |
           static_cast<uint64_t>(
               Half(static_cast<uint32_t>(a >> 32), static_cast<uint32_t>(b >> 32)))
               << 32;
  }
  static uint32_t Half(uint32_t a, uint32_t b) {
    return std::bit_cast<uint32_t>(Op()(std::bit_cast<float>(a), std::bit_cast<float>(b)));
  }
};
template <bool kFtz>
struct PackedFma {
  uint64_t operator()(uint64_t a, uint64_t b, uint64_t c) const {
    return Half(a, b, c) | static_cast<uint64_t>(Half(a >> 32, b >> 32, c >> 32)) << 32;
  }
  static uint32_t Half(uint64_t a, uint64_t b, uint64_t c) {
    return std::bit_cast<uint32_t>(F32Fma<kFtz, false>()(Low(a), Low(b), Low(c)));
  }
  static float Low(uint64_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits)); }
};

template <bool kFtz>
struct F32Abs {
  float operator()(float a) const {
    const uint32_t bits = std::bit_cast<uint32_t>(FlushIf<kFtz>(a));
    return std::bit_cast<float>(bits & 0x7fffffff);
  }
};
template <bool kFtz>
struct F32Neg {
  float operator()(float a) const { return FlipSign(FlushIf<kFtz>(a), 0x80000000); }
};

template <bool kMax, bool kFtz, bool kNan>
struct F32Extremum {
  float operator()(float a, float b) const {
    return Extremum<kMax, kNan>(FlushIf<kFtz>(a), FlushIf<kFtz>(b));
  }
};
template <bool kMax, bool kFtz, bool kNan>
struct F32Extremum3 {
  float operator()(float a, float b, float c) const {
    const F32Extremum<kMax, kFtz, kNan> op;
    return op(op(a, b), c);
  }
};
/// .xorsign.abs: the extremum of the magnitudes, with the product's sign.
template <bool kMax, bool kFtz, bool kNan>
struct F32ExtremumXorsign {
  float operator()(float a, float b) const {
    const uint32_t sign = (std::bit_cast<uint32_t>(a) ^ std::bit_cast<uint32_t>(b)) & 0x80000000;
    const float magnitude = F32Extremum<kMax, kFtz, kNan>()(F32Abs<kFtz>()(a), F32Abs<kFtz>()(b));
    return magnitude != magnitude ? magnitude
                                  : std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
};
struct F32CopySign {
  float operator()(float a, float b) const { return std::copysign(b, a); }
};

template <class Op>
struct F64Binary {
  double operator()(double a, double b) const { return Op::Of(a, b); }
};
struct F64Fma {
  double operator()(double a, double b, double c) const { return std::fma(a, b, c); }
};
struct F64Abs {
  double operator()(double a) const { return std::fabs(a); }
};
struct F64Neg {
  double operator()(double a) const { return -a; }
};
template <bool kMax>
struct F64Extremum {
  double operator()(double a, double b) const {
    if (a != a) return b;
    if (b != b) return a;
    if (a == b) return std::signbit(a) != kMax ? a : b;
    return (kMax ? a > b : a < b) ? a : b;
  }
};
struct F64CopySign {
  double operator()(double a, double b) const { return std::copysign(b, a); }
};

constexpr FormOperand k4 = FormOperand::kBytes4;
constexpr FormOperand k8 = FormOperand::kBytes8;

struct RoundingName {
  const char* modifier;  ///< With the dot; "" is .rn.
  int host;
};
constexpr RoundingName kRoundings[] = {
    {"", -1}, {".rn", -1}, {".rz", FE_TOWARDZERO}, {".rm", FE_DOWNWARD}, {".rp", FE_UPWARD}};

template <bool kFtz, bool kSat>
void AddF32Rounded(FormTable& table, const RoundingName& rounding) {
  const std::string tail =
      std::string(rounding.modifier) + (kFtz ? ".ftz" : "") + (kSat ? ".sat" : "") + ".f32";
  const auto add = [&](const char* name, LaneKernel kernel, std::vector<FormOperand> sources) {
    table.Add(name + tail, {kernel, k4, std::move(sources), InstClass::kFloat, rounding.host});
  };
  add("add", MakeLaneKernel<F32Binary<Plus, kFtz, kSat>>(), {k4, k4});
  add("sub", MakeLaneKernel<F32Binary<Minus, kFtz, kSat>>(), {k4, k4});
  add("mul", MakeLaneKernel<F32Binary<Times, kFtz, kSat>>(), {k4, k4});
  if (*rounding.modifier == 0) return;  // fma and mad name their rounding.
  add("fma", MakeLaneKernel<F32Fma<kFtz, kSat>>(), {k4, k4, k4});
  add("mad", MakeLaneKernel<F32Fma<kFtz, kSat>>(), {k4, k4, k4});
}

/// PTX ISA 9.7.3.8: for |b| in (2^126, 2^128) the result of .approx is 0, or NaN where a is
/// infinite.
template <bool kFtz>
struct F32DivApprox {
  float operator()(float a, float b) const {
    const uint32_t divisor = std::bit_cast<uint32_t>(b) & 0x7fffffff;
    if (divisor <= 0x7e800000 || divisor >= 0x7f800000) {
      return F32Binary<Over, kFtz, false>()(a, b);
    }
    const float zero = FlipSign(0.0f, (std::bit_cast<uint32_t>(b)) & 0x80000000);
    return Finish<kFtz, false>(a * zero);
  }
};

template <bool kFtz>
void AddF32Quotients(FormTable& table) {
  const std::string tail = kFtz ? ".ftz.f32" : ".f32";
  const LaneKernel divide = MakeLaneKernel<F32Binary<Over, kFtz, false>>();
  for (const RoundingName& rounding : kRoundings) {
    if (*rounding.modifier == 0) continue;
    table.Add("div" + std::string(rounding.modifier) + tail,
              {divide, k4, {k4, k4}, InstClass::kFloat, rounding.host});
  }
  // Correctly rounded is within what .approx and .full allow.
  table.Add("div.approx" + tail,
            {MakeLaneKernel<F32DivApprox<kFtz>>(), k4, {k4, k4}, InstClass::kSpecialFunction});
  table.Add("div.full" + tail, {divide, k4, {k4, k4}, InstClass::kSpecialFunction});
}

template <bool kFtz>
void AddF32Unrounded(FormTable& table) {
  const std::string ftz = kFtz ? ".ftz" : "";
  const auto add = [&](const std::string& name, LaneKernel kernel,
                       std::vector<FormOperand> sources) {
    table.Add(name, {kernel, k4, std::move(sources), InstClass::kFloat});
  };
  add("abs" + ftz + ".f32", MakeLaneKernel<F32Abs<kFtz>>(), {k4});
  add("neg" + ftz + ".f32", MakeLaneKernel<F32Neg<kFtz>>(), {k4});
  add("min" + ftz + ".f32", MakeLaneKernel<F32Extremum<false, kFtz, false>>(), {k4, k4});
  add("max" + ftz + ".f32", MakeLaneKernel<F32Extremum<true, kFtz, false>>(), {k4, k4});
  add("min" + ftz + ".NaN.f32", MakeLaneKernel<F32Extremum<false, kFtz, true>>(), {k4, k4});
  add("max" + ftz + ".NaN.f32", MakeLaneKernel<F32Extremum<true, kFtz, true>>(), {k4, k4});
  add("min" + ftz + ".f32", MakeLaneKernel<F32Extremum3<false, kFtz, false>>(), {k4, k4, k4});
  add("max" + ftz + ".f32", MakeLaneKernel<F32Extremum3<true, kFtz, false>>(), {k4, k4, k4});
  add("min" + ftz + ".NaN.f32", MakeLaneKernel<F32Extremum3<false, kFtz, true>>(), {k4, k4, k4});
  add("max" + ftz + ".NaN.f32", MakeLaneKernel<F32Extremum3<true, kFtz, true>>(), {k4, k4, k4});
  const std::string xorsign = ".xorsign.abs.f32";
  add("min" + ftz + xorsign, MakeLaneKernel<F32ExtremumXorsign<false, kFtz, false>>(), {k4, k4});
  add("max" + ftz + xorsign, MakeLaneKernel<F32ExtremumXorsign<true, kFtz, false>>(), {k4, k4});
  add("min" + ftz + ".NaN" + xorsign, MakeLaneKernel<F32ExtremumXorsign<false, kFtz, true>>(),
      {k4, k4});
  add("max" + ftz + ".NaN" + xorsign, MakeLaneKernel<F32ExtremumXorsign<true, kFtz, true>>(),
      {k4, k4});
}

template <bool kFtz>
void AddPacked(FormTable& table, const RoundingName& rounding) {
  const std::string tail = std::string(rounding.modifier) + (kFtz ? ".ftz" : "") + ".f32x2";
  const auto add = [&](const char* name, LaneKernel kernel, std::vector<FormOperand> sources) {
    table.Add(name + tail,
              {kernel, k8, std::move(sources), InstClass::kFloatPacked, rounding.host});
  };
  add("add", MakeLaneKernel<PackedBinary<F32Binary<Plus, kFtz, false>>>(), {k8, k8});
  add("sub", MakeLaneKernel<PackedBinary<F32Binary<Minus, kFtz, false>>>(), {k8, k8});
  add("mul", MakeLaneKernel<PackedBinary<F32Binary<Times, kFtz, false>>>(), {k8, k8});
  if (*rounding.modifier != 0) add("fma", MakeLaneKernel<PackedFma<kFtz>>(), {k8, k8, k8});
}

void AddF64(FormTable& table) {
  const auto add = [&](const std::string& name, LaneKernel kernel, std::vector<FormOperand> sources,
                       int host = -1) {
    table.Add(name, {kernel, k8, std::move(sources), InstClass::kDouble, host});
  };
  for (const RoundingName& rounding : kRoundings) {
    const std::string tail = std::string(rounding.modifier) + ".f64";
    add("add" + tail, MakeLaneKernel<F64Binary<Plus>>(), {k8, k8}, rounding.host);
    add("sub" + tail, MakeLaneKernel<F64Binary<Minus>>(), {k8, k8}, rounding.host);
    add("mul" + tail, MakeLaneKernel<F64Binary<Times>>(), {k8, k8}, rounding.host);
    if (*rounding.modifier == 0) continue;
    add("fma" + tail, MakeLaneKernel<F64Fma>(), {k8, k8, k8}, rounding.host);
    add("mad" + tail, MakeLaneKernel<F64Fma>(), {k8, k8, k8}, rounding.host);
    add("div" + tail, MakeLaneKernel<F64Binary<Over>>(), {k8, k8}, rounding.host);
  }
  add("abs.f64", MakeLaneKernel<F64Abs>(), {k8});
  add("neg.f64", MakeLaneKernel<F64Neg>(), {k8});
  add("min.f64", MakeLaneKernel<F64Extremum<false>>(), {k8, k8});
  add("max.f64", MakeLaneKernel<F64Extremum<true>>(), {k8, k8});
  add("copysign.f64", MakeLaneKernel<F64CopySign>(), {k8, k8});
}

}  // namespace

void AddFloatForms(FormTable& table) {
  for (const RoundingName& rounding : kRoundings) {
    AddF32Rounded<false, false>(table, rounding);
    AddF32Rounded<false, true>(table, rounding);
    AddF32Rounded<true, false>(table, rounding);
    AddF32Rounded<true, true>(table, rounding);
    AddPacked<false>(table, rounding);
    AddPacked<true>(table, rounding);
  }
  AddF32Quotients<false>(table);
  AddF32Quotients<true>(table);
  AddF32Unrounded<false>(table);
  AddF32Unrounded<true>(table);
  table.Add("copysign.f32", {MakeLaneKernel<F32CopySign>(), k4, {k4, k4}, InstClass::kFloat});
  AddF64(table);
}

}  // namespace attnjit::emulator
