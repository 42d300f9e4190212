// Approximate functions, held to the errors that the PTX ISA states (9.7.3 and 9.7.4).
#include <cmath>

#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

using Function = std::function<std::optional<Exact>(double a, double b)>;

void One(Catalog& catalog, const std::string& name, Kind kind, const Bound& bound,
         const Function& exact) {
  std::string instruction = name.substr(0, name.find('_'));
  Case& c =
      catalog.Alu(name.substr(0, name.find('.')), name, instruction + " %d, %a;", {kind}, {kind});
  Region& region = c.regions[0];
  region.approximate = true;
  region.bound = bound;
  region.exact = exact;
  region.flushes = name.find(".ftz") != std::string::npos;
}

Function Plain(double (*f)(double)) {
  return [f](double a, double) { return Exact{f(a)}; };
}

double Reciprocal(double a) { return 1 / a; }
double ReciprocalRoot(double a) { return 1 / std::sqrt(a); }

/// 2^-20.5 within 2 pi of 0, 2^-14.7 within 100 pi, nothing beyond.
Function Angle(double (*f)(double)) {
  return [f](double a, double) -> std::optional<Exact> {
    if (std::fabs(a) > 100 * M_PI && std::isfinite(a)) return std::nullopt;
    return Exact{f(a), std::fabs(a) <= 2 * M_PI ? std::exp2(-20.5) : std::exp2(-14.7)};
  };
}

/// Absolute 2^-22 between 0.5 and 2; relative 2^-22 (the region's) elsewhere.
std::optional<Exact> Logarithm(double a, double) {
  return Exact{std::log2(a), a > 0.5 && a < 2 ? 0x1p-22 : 0};
}

/// a * (1 / b): a zero or NaN where b is beyond 2^126, nothing said where 1 / b is infinite.
std::optional<Exact> FastQuotient(double a, double b) {
  double size = std::fabs(b);
  if (size != 0 && size < 0x1p-126) return std::nullopt;
  if (size > 0x1p126 && size < 0x1p128) {
    if (!std::isfinite(a)) return Exact{std::nan("")};
    return Exact{std::copysign(0.0, a) * std::copysign(1.0, b)};
  }
  return Exact{a / b};
}

void AddQuotients(Catalog& catalog) {
  for (const char* name :
       {"div.approx.f32", "div.approx.ftz.f32", "div.full.f32", "div.full.ftz.f32"}) {
    Case& c = catalog.Alu("div", name, std::string(name) + " %d, %a, %b;", {Kind::kF32, Kind::kF32},
                          {Kind::kF32});
    Region& region = c.regions[0];
    region.approximate = true;
    region.bound.ulp = 2.5;  // 2 from the correctly rounded result.
    region.flushes = std::string(name).find(".ftz") != std::string::npos;
    region.exact = std::string(name).find("full") == std::string::npos
                       ? Function(FastQuotient)
                       : [](double a, double b) { return Exact{a / b}; };
  }
}

}  // namespace

void AddApproximate(Catalog& catalog) {
  for (const char* flush : {"", ".ftz"}) {
    auto add = [&](const char* op, Kind kind, Bound bound, const Function& exact) {
      One(catalog, llvm::formatv("{0}.approx{1}.f32", op, flush), kind, bound, exact);
    };
    add("rcp", Kind::kF32, {.ulp = 1.5}, Plain(Reciprocal));
    add("sqrt", Kind::kF32, {.relative = 0x1p-23, .ulp = 0.5}, Plain(std::sqrt));
    add("rsqrt", Kind::kF32, {.relative = std::exp2(-22.9)}, Plain(ReciprocalRoot));
    add("lg2", Kind::kF32, {.relative = 0x1p-22}, Logarithm);
    add("ex2", Kind::kF32, {.ulp = 2.5}, Plain(std::exp2));
    One(catalog, llvm::formatv("ex2.approx{0}.f32_args", flush), Kind::kF32Arg, {.ulp = 2.5},
        Plain(std::exp2));
    add("sin", Kind::kF32Arg, {}, Angle(std::sin));
    add("cos", Kind::kF32Arg, {}, Angle(std::cos));
  }
  One(catalog, "tanh.approx.f32", Kind::kF32, {.relative = 0x1p-11}, Plain(std::tanh));
  One(catalog, "tanh.approx.f32_args", Kind::kF32Arg, {.relative = 0x1p-11}, Plain(std::tanh));
  for (const char* pair : {"", "x2"}) {
    bool two = pair[0] != 0;
    Kind f16 = two ? Kind::kF16x2 : Kind::kF16, bf16 = two ? Kind::kBf16x2 : Kind::kBf16;
    // Results below the normal numbers are rounded to half of the last place.
    One(catalog, llvm::formatv("ex2.approx.f16{0}", pair), f16,
        {.relative = std::exp2(-9.9), .absolute = 0x1p-24}, Plain(std::exp2));
    One(catalog, llvm::formatv("ex2.approx.ftz.bf16{0}", pair), bf16, {.relative = 0x1p-7},
        Plain(std::exp2));
    One(catalog, llvm::formatv("tanh.approx.f16{0}", pair), f16, {.absolute = std::exp2(-10.987)},
        Plain(std::tanh));
    One(catalog, llvm::formatv("tanh.approx.bf16{0}", pair), bf16, {.absolute = 0x1p-8},
        Plain(std::tanh));
  }
  AddQuotients(catalog);
}

}  // namespace attnjit::micro
