// Arithmetic on f32 and f64, correctly rounded.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

struct FloatType {
  const char* name;
  Kind kind;
  std::vector<const char*> flushes;
  std::vector<const char*> saturates;
};

const std::vector<FloatType>& Types() {
  static const std::vector<FloatType> types = {{"f32", Kind::kF32, {"", ".ftz"}, {"", ".sat"}},
                                               {"f64", Kind::kF64, {""}, {""}}};
  return types;
}

constexpr const char* kRoundings[] = {".rn", ".rz", ".rm", ".rp"};

void Operation(Catalog& catalog, const std::string& op, const std::string& qualifiers,
               const FloatType& type, unsigned operands) {
  constexpr const char* kOperands[] = {"", " %a;", " %a, %b;", " %a, %b, %c;"};
  std::string name = op + qualifiers + "." + type.name;
  catalog.Alu(op, name, name + " %d," + kOperands[operands], std::vector<Kind>(operands, type.kind),
              {type.kind});
}

void AddRounded(Catalog& catalog, const FloatType& type) {
  for (const char* rounding : kRoundings) {
    for (const char* flush : type.flushes) {
      for (const char* saturate : type.saturates) {
        std::string all = std::string(rounding) + flush + saturate;
        for (const char* op : {"add", "sub", "mul"}) Operation(catalog, op, all, type, 2);
        for (const char* op : {"fma", "mad"}) Operation(catalog, op, all, type, 3);
      }
      std::string both = std::string(rounding) + flush;
      Operation(catalog, "div", both, type, 2);
      Operation(catalog, "rcp", both, type, 1);
      Operation(catalog, "sqrt", both, type, 1);
    }
  }
  for (const char* op : {"add", "sub", "mul"}) Operation(catalog, op, "", type, 2);
}

void AddChoices(Catalog& catalog, const FloatType& type) {
  for (const char* flush : type.flushes) {
    for (const char* op : {"neg", "abs"}) Operation(catalog, op, flush, type, 1);
    for (const char* op : {"min", "max"}) {
      Operation(catalog, op, flush, type, 2);
      if (type.kind == Kind::kF64) continue;
      for (const char* more : {".NaN", ".xorsign.abs", ".NaN.xorsign.abs"}) {
        Operation(catalog, op, std::string(flush) + more, type, 2);
      }
    }
  }
  Operation(catalog, "copysign", "", type, 2);
  for (const char* test : {"finite", "infinite", "number", "notanumber", "normal", "subnormal"}) {
    std::string name = llvm::formatv("testp.{0}.{1}", test, type.name);
    catalog.Alu("testp", name, name + " %d, %a;", {type.kind}, {Kind::kPred});
  }
}

}  // namespace

void AddFloat(Catalog& catalog) {
  for (const FloatType& type : Types()) {
    AddRounded(catalog, type);
    AddChoices(catalog, type);
  }
}

}  // namespace attnjit::micro
