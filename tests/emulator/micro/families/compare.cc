// setp, set, selp, slct: comparisons and selections.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

constexpr Kind kP = Kind::kPred;

struct Type {
  const char* name;
  Kind kind;
  std::vector<const char*> comparisons;
  std::vector<const char*> flushes;
};

const std::vector<Type>& Types() {
  static const std::vector<const char*> equal = {"eq", "ne"};
  static const std::vector<const char*> is_signed = {"eq", "ne", "lt", "le", "gt", "ge"};
  static const std::vector<const char*> is_unsigned = {"eq", "ne", "lt", "le", "gt",
                                                       "ge", "lo", "ls", "hi", "hs"};
  static const std::vector<const char*> floats = {"eq",  "ne",  "lt",  "le",  "gt",  "ge",  "equ",
                                                  "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
  static const std::vector<const char*> plain = {""}, flush = {"", ".ftz"};
  static const std::vector<Type> types = {
      {"b16", Kind::kU16, equal, plain},       {"b32", Kind::kU32, equal, plain},
      {"b64", Kind::kU64, equal, plain},       {"u16", Kind::kU16, is_unsigned, plain},
      {"u32", Kind::kU32, is_unsigned, plain}, {"u64", Kind::kU64, is_unsigned, plain},
      {"s16", Kind::kU16, is_signed, plain},   {"s32", Kind::kU32, is_signed, plain},
      {"s64", Kind::kU64, is_signed, plain},   {"f16", Kind::kF16, floats, flush},
      {"bf16", Kind::kBf16, floats, plain},    {"f32", Kind::kF32, floats, flush},
      {"f64", Kind::kF64, floats, plain}};
  return types;
}

/// All comparisons of a type in one program: a bit of the result for each.
void AddComparisons(Catalog& catalog, const Type& type, const char* flush) {
  std::string body = "mov.u32 %d, 0;";
  unsigned bit = 0;
  for (const char* comparison : type.comparisons) {
    body += llvm::formatv(
                "\n  setp.{0}{1}.{2} %x, %a, %b;\n  selp.u32 %s, {3}, 0, %x;\n"
                "  or.b32 %d, %d, %s;",
                comparison, flush, type.name, 1u << bit++)
                .str();
  }
  catalog.Alu("setp", llvm::formatv("setp.all{0}.{1}", flush, type.name), body,
              {type.kind, type.kind}, {Kind::kU32}, "  .reg .pred %x;\n  .reg .b32 %s;\n");
}

void AddCombinations(Catalog& catalog, const Type& type, const char* flush) {
  const char* comparison = type.comparisons.size() > 2 ? "lt" : "eq";
  // A comparison of one f16 or bf16 has one result.
  bool one_result = type.kind == Kind::kF16 || type.kind == Kind::kBf16;
  for (const char* combine : {"and", "or", "xor"}) {
    std::string name = llvm::formatv("setp.{0}.{1}{2}.{3}", comparison, combine, flush, type.name);
    if (!one_result) {
      catalog.Alu("setp", name + "_two", name + " %d|%d1, %a, %b, %c;", {type.kind, type.kind, kP},
                  {kP, kP});
    }
    catalog.Alu("setp", name, name + " %d, %a, %b, %c;", {type.kind, type.kind, kP}, {kP});
    catalog.Alu("setp", name + "_negated", name + " %d, %a, %b, !%c;", {type.kind, type.kind, kP},
                {kP});
  }
  if (one_result) return;
  std::string name = llvm::formatv("setp.{0}{1}.{2}", comparison, flush, type.name);
  catalog.Alu("setp", name + "_two", name + " %d|%d1, %a, %b;", {type.kind, type.kind}, {kP, kP});
}

void AddSets(Catalog& catalog, const Type& type, const char* flush) {
  const char* comparison = type.comparisons.size() > 2 ? "gt" : "ne";
  for (const char* to : {"u32", "s32", "f32"}) {
    if (to[0] == 'f' && type.kind == Kind::kF16) continue;  // There is none.
    Kind result = to[0] == 'f' ? Kind::kF32 : Kind::kU32;
    std::string name = llvm::formatv("set.{0}{1}.{2}.{3}", comparison, flush, to, type.name);
    catalog.Alu("set", name, name + " %d, %a, %b;", {type.kind, type.kind}, {result});
    name = llvm::formatv("set.{0}.and{1}.{2}.{3}", comparison, flush, to, type.name);
    catalog.Alu("set", name, name + " %d, %a, %b, %c;", {type.kind, type.kind, kP}, {result});
  }
}

void AddPairs(Catalog& catalog) {
  struct PairType {
    const char* name;
    Kind kind;
    const char* flush;
  };
  for (PairType t : {PairType{"f16x2", Kind::kF16x2, ""},
                     {"f16x2", Kind::kF16x2, ".ftz"},
                     {"bf16x2", Kind::kBf16x2, ""}}) {
    for (const char* comparison : {"eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu",
                                   "gtu", "geu", "num", "nan"}) {
      std::string name = llvm::formatv("setp.{0}{1}.{2}", comparison, t.flush, t.name);
      catalog.Alu("setp", name, name + " %d|%d1, %a, %b;", {t.kind, t.kind}, {kP, kP});
      name = llvm::formatv("set.{0}{1}.{2}.{2}", comparison, t.flush, t.name);
      catalog.Alu("set", name, name + " %d, %a, %b;", {t.kind, t.kind}, {Kind::kU32});
    }
  }
}

void AddSelections(Catalog& catalog) {
  struct Width {
    const char* type;
    Kind kind;
  };
  for (Width w : {Width{"b16", Kind::kU16},
                  {"u16", Kind::kU16},
                  {"s16", Kind::kU16},
                  {"b32", Kind::kU32},
                  {"u32", Kind::kU32},
                  {"s32", Kind::kU32},
                  {"f32", Kind::kF32},
                  {"b64", Kind::kU64},
                  {"u64", Kind::kU64},
                  {"s64", Kind::kU64},
                  {"f64", Kind::kF64}}) {
    catalog.Alu("selp", llvm::formatv("selp.{0}", w.type),
                llvm::formatv("selp.{0} %d, %a, %b, %c;", w.type), {w.kind, w.kind, kP}, {w.kind});
    catalog.Alu("slct", llvm::formatv("slct.{0}.s32", w.type),
                llvm::formatv("slct.{0}.s32 %d, %a, %b, %c;", w.type), {w.kind, w.kind, Kind::kU32},
                {w.kind});
    for (const char* flush : {"", ".ftz"}) {
      std::string name = llvm::formatv("slct{0}.{1}.f32", flush, w.type);
      catalog.Alu("slct", name, name + " %d, %a, %b, %c;", {w.kind, w.kind, Kind::kF32}, {w.kind});
    }
  }
}

}  // namespace

void AddCompare(Catalog& catalog) {
  for (const Type& type : Types()) {
    for (const char* flush : type.flushes) {
      AddComparisons(catalog, type, flush);
      AddCombinations(catalog, type, flush);
      if (std::string(type.name) != "bf16") AddSets(catalog, type, flush);
    }
  }
  AddPairs(catalog);
  AddSelections(catalog);
}

}  // namespace attnjit::micro
