// ex2, lg2, rcp, sqrt, rsqrt, sin, cos, tanh (PTX ISA 9.7.3 and 9.7.4).
//
// All are more accurate than the ISA asks of the approximate forms: computed in double and rounded
// once, but for ex2.f32, which softmax runs on every score and which has a vectorised polynomial.
#include "runtime/emulator/ops/special_function.h"

#include <cfenv>
#include <string>

#include "runtime/emulator/ops/float_math.h"
#include "runtime/emulator/ops/lane_kernel.h"

namespace attnjit::emulator {
namespace {

/// 2^x. The nearest integer n is split off; 2^f on [-1/2, 1/2] is its Taylor polynomial of degree 7
/// (relative error below 2^-27), and 2^n comes in two factors so that subnormal results round once
/// and neither factor overflows.
template <bool kFtz>
struct Ex2 {
  float operator()(float x) const {
    constexpr float kShift = 12582912.0f;  // 1.5 x 2^23: adding it rounds to an integer.
    const float limited = x < -160.0f ? -160.0f : (x > 160.0f ? 160.0f : x);
    const float shifted = limited + kShift;
    const float n = shifted - kShift;
    const float f = limited - n;
    float p = 1.5252734e-5f;
    p = std::fma(p, f, 1.5403530e-4f);
    p = std::fma(p, f, 1.3333558e-3f);
    p = std::fma(p, f, 9.6181291e-3f);
    p = std::fma(p, f, 5.5504109e-2f);
    p = std::fma(p, f, 2.4022651e-1f);
    p = std::fma(p, f, 6.9314718e-1f);
    p = std::fma(p, f, 1.0f);
    const int32_t exponent = std::bit_cast<int32_t>(shifted) - std::bit_cast<int32_t>(kShift);
    const int32_t half = exponent >> 1;
    const float result = p * PowerOfTwo(half) * PowerOfTwo(exponent - half);
    return x != x ? std::bit_cast<float>(kCanonicalNan32) : FlushIf<kFtz>(result);
  }
  static float PowerOfTwo(int32_t n) {
    return std::bit_cast<float>(static_cast<uint32_t>(n + 127) << 23);
  }
};

struct Log2 {
  static double Of(double x) { return std::log2(x); }
};
struct Reciprocal {
  static double Of(double x) { return 1 / x; }
};
struct Root {
  static double Of(double x) { return std::sqrt(x); }
};
struct ReciprocalRoot {
  static double Of(double x) { return 1 / std::sqrt(x); }
};
struct Sine {
  static double Of(double x) { return std::sin(x); }
};
struct Cosine {
  static double Of(double x) { return std::cos(x); }
};
struct HyperbolicTangent {
  static double Of(double x) { return std::tanh(x); }
};
struct PowerOfTwoOf {
  static double Of(double x) { return std::exp2(x); }
};

/// An fp32 result rounded to nearest from double.
template <class F, bool kFtz>
struct F32Function {
  float operator()(float x) const {
    return Finish<kFtz, false>(static_cast<float>(F::Of(FlushIf<kFtz>(x))));
  }
};
/// rcp.rnd and sqrt.rnd: one operation in the host's rounding mode.
template <bool kFtz>
struct F32Reciprocal {
  float operator()(float x) const { return Finish<kFtz, false>(1.0f / FlushIf<kFtz>(x)); }
};
template <bool kFtz>
struct F32Root {
  float operator()(float x) const { return Finish<kFtz, false>(std::sqrt(FlushIf<kFtz>(x))); }
};
template <class F>
struct F64Function {
  double operator()(double x) const { return F::Of(x); }
};
/// rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 keep the upper 32 bits alone.
template <class F>
struct F64Coarse {
  double operator()(double x) const {
    const bool tiny = (std::bit_cast<uint64_t>(x) & 0x7ff0000000000000) == 0;
    const uint64_t bits = std::bit_cast<uint64_t>(F::Of(tiny ? std::copysign(0.0, x) : x));
    const bool flush = (bits & 0x7ff0000000000000) == 0;
    return std::bit_cast<double>(flush ? bits & 0x8000000000000000 : bits & 0xffffffff00000000);
  }
};

template <const FloatFormat& kFormat, class F, bool kFtz>
struct NarrowFunction {
  uint16_t operator()(uint16_t x) const {
    using N = Narrow<kFormat>;
    const uint16_t result = N::Encode(F::Of(N::Decode(kFtz ? N::Flush(x) : x)));
    return kFtz ? N::Flush(result) : result;
  }
};
template <class Op>
struct NarrowPair {
  uint32_t operator()(uint32_t x) const {
    return Op()(static_cast<uint16_t>(x)) |
           static_cast<uint32_t>(Op()(static_cast<uint16_t>(x >> 16))) << 16;
  }
};

constexpr FormOperand k2 = FormOperand::kBytes2;
constexpr FormOperand k4 = FormOperand::kBytes4;
constexpr FormOperand k8 = FormOperand::kBytes8;

void Add(FormTable& table, const std::string& spelling, LaneKernel kernel, FormOperand bytes,
         int host_rounding = -1) {
  table.Add(spelling, {kernel, bytes, {bytes}, InstClass::kSpecialFunction, host_rounding});
}

template <bool kFtz>
void AddF32(FormTable& table) {
  const std::string tail = kFtz ? ".ftz.f32" : ".f32";
  Add(table, "ex2.approx" + tail, MakeLaneKernel<Ex2<kFtz>>(), k4);
  Add(table, "lg2.approx" + tail, MakeLaneKernel<F32Function<Log2, kFtz>>(), k4);
  Add(table, "rcp.approx" + tail, MakeLaneKernel<F32Reciprocal<kFtz>>(), k4);
  Add(table, "sqrt.approx" + tail, MakeLaneKernel<F32Root<kFtz>>(), k4);
  Add(table, "rsqrt.approx" + tail, MakeLaneKernel<F32Function<ReciprocalRoot, kFtz>>(), k4);
  Add(table, "sin.approx" + tail, MakeLaneKernel<F32Function<Sine, kFtz>>(), k4);
  Add(table, "cos.approx" + tail, MakeLaneKernel<F32Function<Cosine, kFtz>>(), k4);
  const std::pair<const char*, int> roundings[] = {
      {".rn", -1}, {".rz", FE_TOWARDZERO}, {".rm", FE_DOWNWARD}, {".rp", FE_UPWARD}};
  for (const auto& [name, host] : roundings) {
    Add(table, std::string("rcp") + name + tail, MakeLaneKernel<F32Reciprocal<kFtz>>(), k4, host);
    Add(table, std::string("sqrt") + name + tail, MakeLaneKernel<F32Root<kFtz>>(), k4, host);
  }
}

void AddF64(FormTable& table) {
  const std::pair<const char*, int> roundings[] = {
      {".rn", -1}, {".rz", FE_TOWARDZERO}, {".rm", FE_DOWNWARD}, {".rp", FE_UPWARD}};
  for (const auto& [name, host] : roundings) {
    const std::string tail = std::string(name) + ".f64";
    Add(table, "rcp" + tail, MakeLaneKernel<F64Function<Reciprocal>>(), k8, host);
    Add(table, "sqrt" + tail, MakeLaneKernel<F64Function<Root>>(), k8, host);
  }
  Add(table, "rcp.approx.ftz.f64", MakeLaneKernel<F64Coarse<Reciprocal>>(), k8);
  Add(table, "rsqrt.approx.ftz.f64", MakeLaneKernel<F64Coarse<ReciprocalRoot>>(), k8);
  Add(table, "rsqrt.approx.f64", MakeLaneKernel<F64Function<ReciprocalRoot>>(), k8);
}

template <const FloatFormat& kFormat, class F, bool kFtz>
void AddNarrow(FormTable& table, const std::string& name, const std::string& type) {
  using Op = NarrowFunction<kFormat, F, kFtz>;
  const std::string spelling = name + (kFtz ? ".ftz." : ".") + type;
  Add(table, spelling, MakeLaneKernel<Op>(), k2);
  Add(table, spelling + "x2", MakeLaneKernel<NarrowPair<Op>>(), k4);
}

}  // namespace

void AddSpecialFunctionForms(FormTable& table) {
  AddF32<false>(table);
  AddF32<true>(table);
  Add(table, "tanh.approx.f32", MakeLaneKernel<F32Function<HyperbolicTangent, false>>(), k4);
  AddF64(table);
  AddNarrow<kF16, PowerOfTwoOf, false>(table, "ex2.approx", "f16");
  AddNarrow<kBf16, PowerOfTwoOf, true>(table, "ex2.approx", "bf16");
  AddNarrow<kF16, HyperbolicTangent, false>(table, "tanh.approx", "f16");
  AddNarrow<kBf16, HyperbolicTangent, false>(table, "tanh.approx", "bf16");
}

}  // namespace attnjit::emulator
