// add, sub, mul, mad, div, rem, neg, abs, min, max and their neighbours on integers.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

struct IntType {
  const char* name;
  Kind kind;
  Kind wide;  ///< Of a .wide product.
  bool is_signed;
};

constexpr IntType kTypes[] = {
    {"u16", Kind::kU16, Kind::kU32, false}, {"s16", Kind::kU16, Kind::kU32, true},
    {"u32", Kind::kU32, Kind::kU64, false}, {"s32", Kind::kU32, Kind::kU64, true},
    {"u64", Kind::kU64, Kind::kU64, false}, {"s64", Kind::kU64, Kind::kU64, true}};

void Two(Catalog& catalog, const std::string& op, Kind kind) {
  catalog.Alu(op.substr(0, op.find('.')), op, op + " %d, %a, %b;", {kind, kind}, {kind});
}

void AddProducts(Catalog& catalog, const IntType& type) {
  Kind k = type.kind;
  for (const char* half : {"lo", "hi"}) {
    std::string suffix = std::string(half) + "." + type.name;
    Two(catalog, "mul." + suffix, k);
    catalog.Alu("mad", "mad." + suffix, "mad." + suffix + " %d, %a, %b, %c;", {k, k, k}, {k});
  }
  if (k == Kind::kU64) return;
  std::string wide = std::string("wide.") + type.name;
  catalog.Alu("mul", "mul." + wide, "mul." + wide + " %d, %a, %b;", {k, k}, {type.wide});
  catalog.Alu("mad", "mad." + wide, "mad." + wide + " %d, %a, %b, %c;", {k, k, type.wide},
              {type.wide});
}

/// Division by zero is machine-specific: the divisor is made 1 there.
void AddDivision(Catalog& catalog, const IntType& type) {
  std::string bits = std::to_string(8 * InfoOf(type.kind).bytes);
  for (const char* op : {"div", "rem"}) {
    catalog.Alu(op, llvm::formatv("{0}.{1}", op, type.name),
                llvm::formatv("setp.eq.u{0} %z, %b, 0;\n  selp.b{0} %b, 1, %b, %z;\n"
                              "  {1}.{2} %d, %a, %b;",
                              bits, op, type.name),
                {type.kind, type.kind}, {type.kind}, "  .reg .pred %z;\n");
  }
}

void AddCarry(Catalog& catalog) {
  constexpr Kind k32 = Kind::kU32, k64 = Kind::kU64;
  auto carry = [&](const std::string& name, const std::string& body, std::vector<Kind> in,
                   Kind out) {
    catalog.Alu("addc", name, body, in, {out, out});
  };
  for (const char* t : {"u32", "s32", "u64", "s64"}) {
    Kind k = t[1] == '6' ? k64 : k32;
    for (const char* op : {"add", "sub"}) {
      carry(llvm::formatv("{0}.cc.{1}", op, t),
            llvm::formatv("{0}.cc.{1} %d, %a, %b;\n  {0}c.{1} %d1, %c, %e;", op, t), {k, k, k, k},
            k);
      catalog.Alu("addc", llvm::formatv("{0}c.cc.{1}", op, t),
                  llvm::formatv("{0}.cc.{1} %d, %a, %b;\n  {0}c.cc.{1} %d1, %c, %e;\n"
                                "  {0}c.{1} %d2, %a, %c;",
                                op, t),
                  {k, k, k, k}, {k, k, k});
    }
    for (const char* half : {"lo", "hi"}) {
      carry(
          llvm::formatv("mad.{0}.cc.{1}", half, t),
          llvm::formatv("mad.{0}.cc.{1} %d, %a, %b, %c;\n  madc.{0}.{1} %d1, %a, %b, %e;", half, t),
          {k, k, k, k}, k);
    }
  }
}

void AddPacked16(Catalog& catalog) {
  for (const char* op : {"add.u16x2", "add.s16x2", "min.u16x2", "min.s16x2", "max.u16x2",
                         "max.s16x2", "min.relu.s16x2", "max.relu.s16x2"}) {
    Two(catalog, op, Kind::kU32);
  }
}

void AddMixed(Catalog& catalog) {
  constexpr Kind k = Kind::kU32;
  catalog.Alu("add", "add.sat.s32", "add.sat.s32 %d, %a, %b;", {k, k}, {k});
  catalog.Alu("sub", "sub.sat.s32", "sub.sat.s32 %d, %a, %b;", {k, k}, {k});
  catalog.Alu("mad", "mad.hi.sat.s32", "mad.hi.sat.s32 %d, %a, %b, %c;", {k, k, k}, {k});
  catalog.Alu("min", "min.relu.s32", "min.relu.s32 %d, %a, %b;", {k, k}, {k});
  catalog.Alu("max", "max.relu.s32", "max.relu.s32 %d, %a, %b;", {k, k}, {k});
  for (const char* t : {"lo.u32", "hi.u32", "lo.s32", "hi.s32"}) {
    Two(catalog, std::string("mul24.") + t, k);
    catalog.Alu("mad24", std::string("mad24.") + t, llvm::formatv("mad24.{0} %d, %a, %b, %c;", t),
                {k, k, k}, {k});
  }
  for (const char* a : {"u32", "s32"}) {
    for (const char* b : {"u32", "s32"}) {
      std::string types = llvm::formatv("{0}.{1}", a, b);
      catalog.Alu("dp4a", "dp4a." + types, "dp4a." + types + " %d, %a, %b, %c;", {k, k, k}, {k});
      for (const char* half : {"lo", "hi"}) {
        std::string op = llvm::formatv("dp2a.{0}.{1}", half, types);
        catalog.Alu("dp2a", op, op + " %d, %a, %b, %c;", {k, k, k}, {k});
      }
    }
  }
}

}  // namespace

void AddInteger(Catalog& catalog) {
  for (const IntType& type : kTypes) {
    Kind k = type.kind;
    std::string name = type.name;
    for (const char* op : {"add.", "sub.", "min.", "max."}) Two(catalog, op + name, k);
    AddProducts(catalog, type);
    AddDivision(catalog, type);
    catalog.Alu("sad", "sad." + name, "sad." + name + " %d, %a, %b, %c;", {k, k, k}, {k});
    if (!type.is_signed) continue;
    catalog.Alu("neg", "neg." + name, "neg." + name + " %d, %a;", {k}, {k});
    catalog.Alu("abs", "abs." + name, "abs." + name + " %d, %a;", {k}, {k});
  }
  AddMixed(catalog);
  AddPacked16(catalog);
  AddCarry(catalog);
}

}  // namespace attnjit::micro
