// cvt: every pair of types, rounding and saturation that sm_90a has.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

struct Scalar {
  const char* name;
  Kind from;
  Kind to;
};

// A conversion to 8 bits extends into its 16-bit register.
constexpr Scalar kInts[] = {{"u8", Kind::kU8, Kind::kU16},   {"s8", Kind::kU8, Kind::kU16},
                            {"u16", Kind::kU16, Kind::kU16}, {"s16", Kind::kU16, Kind::kU16},
                            {"u32", Kind::kU32, Kind::kU32}, {"s32", Kind::kU32, Kind::kU32},
                            {"u64", Kind::kU64, Kind::kU64}, {"s64", Kind::kU64, Kind::kU64}};
constexpr Scalar kF16 = {"f16", Kind::kF16, Kind::kF16};
constexpr Scalar kBf16 = {"bf16", Kind::kBf16, Kind::kBf16};
constexpr Scalar kF32 = {"f32", Kind::kF32, Kind::kF32};
constexpr Scalar kF64 = {"f64", Kind::kF64, Kind::kF64};
constexpr const char* kRoundings[] = {".rn", ".rz", ".rm", ".rp"};
constexpr const char* kIntRoundings[] = {".rni", ".rzi", ".rmi", ".rpi"};

void Convert(Catalog& catalog, const std::string& qualifiers, const Scalar& to,
             const Scalar& from) {
  std::string name = llvm::formatv("cvt{0}.{1}.{2}", qualifiers, to.name, from.name);
  catalog.Alu("cvt", name, name + " %d, %a;", {from.from}, {to.to});
}

bool IsSigned(const Scalar& i) { return i.name[0] == 's'; }

/// Whether `to` holds every value of `from`: .sat is refused there.
bool Holds(const Scalar& to, const Scalar& from) {
  int bits = std::stoi(to.name + 1), from_bits = std::stoi(from.name + 1);
  if (IsSigned(to) == IsSigned(from)) return bits >= from_bits;
  return IsSigned(to) && bits > from_bits;
}

void AddIntegers(Catalog& catalog) {
  for (const Scalar& to : kInts) {
    for (const Scalar& from : kInts) {
      Convert(catalog, "", to, from);
      if (!Holds(to, from)) Convert(catalog, ".sat", to, from);
    }
  }
}

void AddIntegersAndFloats(Catalog& catalog) {
  for (const Scalar& i : kInts) {
    for (const Scalar& f : {kF16, kBf16, kF32, kF64}) {
      if (f.from == Kind::kBf16 && i.from == Kind::kU8) continue;  // There is none.
      for (const char* rounding : kRoundings) Convert(catalog, rounding, f, i);
      for (const char* rounding : kIntRoundings) Convert(catalog, rounding, i, f);
    }
    for (const char* rounding : kIntRoundings) {
      Convert(catalog, std::string(rounding) + ".ftz", i, kF32);
    }
    Convert(catalog, ".rn.sat", kF32, i);
    Convert(catalog, ".rzi.sat", i, kF32);
  }
}

void AddFloats(Catalog& catalog) {
  for (const char* r : kRoundings) {
    for (const char* more : {"", ".ftz", ".sat", ".ftz.sat"}) {
      Convert(catalog, std::string(r) + more, kF16, kF32);
      Convert(catalog, std::string(r) + more, kF32, kF64);
    }
    for (const char* more : {"", ".sat"}) Convert(catalog, std::string(r) + more, kF16, kF64);
    Convert(catalog, r, kBf16, kF64);
    Convert(catalog, r, kBf16, kF16);
    Convert(catalog, r, kF16, kBf16);
  }
  for (const char* more : {"", ".ftz", ".sat", ".ftz.sat"}) {
    Convert(catalog, more, kF32, kF16);
    Convert(catalog, more, kF64, kF32);
    Convert(catalog, more, kF32, kF32);
  }
  for (const char* more : {"", ".sat"}) {
    Convert(catalog, more, kF64, kF16);
    Convert(catalog, more, kF16, kF16);
    Convert(catalog, more, kF64, kF64);
  }
  Convert(catalog, "", kF32, kBf16);
  Convert(catalog, "", kF64, kBf16);
  for (const char* r : kIntRoundings) {
    for (const char* more : {"", ".ftz", ".sat"})
      Convert(catalog, std::string(r) + more, kF32, kF32);
    for (const Scalar& f : {kF16, kF64}) Convert(catalog, r, f, f);
    Convert(catalog, r, kBf16, kBf16);
  }
}

void Pair(Catalog& catalog, const std::string& name, Kind from, unsigned operands, Kind to) {
  catalog.Alu("cvt", name, name + (operands == 2 ? " %d, %a, %b;" : " %d, %a;"),
              std::vector<Kind>(operands, from), {to});
}

void AddPacked(Catalog& catalog, const char* r) {
  for (const char* more : {"", ".relu", ".satfinite", ".relu.satfinite"}) {
    std::string q = std::string(r) + more;
    // The plain one stands among the other roundings.
    if (*more) Pair(catalog, "cvt" + q + ".f16.f32", Kind::kF32, 1, Kind::kF16);
    Pair(catalog, "cvt" + q + ".bf16.f32", Kind::kF32, 1, Kind::kBf16);
    Pair(catalog, "cvt" + q + ".f16x2.f32", Kind::kF32, 2, Kind::kF16x2);
    Pair(catalog, "cvt" + q + ".bf16x2.f32", Kind::kF32, 2, Kind::kBf16x2);
  }
  for (const char* more : {"", ".relu"}) {
    Case& c = catalog.Alu("cvt", llvm::formatv("cvt{0}{1}.tf32.f32", r, more),
                          llvm::formatv("cvt{0}{1}.tf32.f32 %d, %a;", r, more), {Kind::kF32},
                          {Kind::kU32});
    c.regions[0].kind = Kind::kF32;
  }
}

void AddEightBits(Catalog& catalog) {
  for (const char* t : {"e4m3x2", "e5m2x2"}) {
    for (const char* relu : {"", ".relu"}) {
      std::string to = llvm::formatv("cvt.rn.satfinite{0}.{1}", relu, t);
      Pair(catalog, to + ".f32", Kind::kF32, 2, Kind::kU16);
      Pair(catalog, to + ".f16x2", Kind::kF16x2, 1, Kind::kU16);
      Pair(catalog, llvm::formatv("cvt.rn{0}.f16x2.{1}", relu, t), Kind::kU16, 1, Kind::kF16x2);
    }
    // All 256 bytes: the thread's number in both halves.
    catalog.Alu("cvt", llvm::formatv("cvt.rn.f16x2.{0}_all", t),
                llvm::formatv("mad.lo.u32 %w, %tx, 257, 0;\n  cvt.u16.u32 %h, %w;\n"
                              "  cvt.rn.f16x2.{0} %d, %h;",
                              t),
                {}, {Kind::kF16x2}, "  .reg .b32 %w;\n  .reg .b16 %h;\n");
  }
}

}  // namespace

void AddConvert(Catalog& catalog) {
  AddIntegers(catalog);
  AddIntegersAndFloats(catalog);
  AddFloats(catalog);
  for (const char* r : {".rn", ".rz"}) AddPacked(catalog, r);
  Case& c = catalog.Alu("cvt", "cvt.rna.tf32.f32", "cvt.rna.tf32.f32 %d, %a;", {Kind::kF32},
                        {Kind::kU32});
  c.regions[0].kind = Kind::kF32;
  AddEightBits(catalog);
  for (const char* t : {"u8.s32", "s8.s32", "u16.s32", "s16.s32"}) {
    bool eight = t[1] == '8';
    std::string name = llvm::formatv("cvt.pack.sat.{0}{1}", t, eight ? ".b32" : "");
    catalog.Alu("cvt", name, name + (eight ? " %d, %a, %b, %c;" : " %d, %a, %b;"),
                std::vector<Kind>(eight ? 3 : 2, Kind::kU32), {Kind::kU32});
  }
}

}  // namespace attnjit::micro
