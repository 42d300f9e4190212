// Arithmetic on f16, bf16 and their packed pairs.
#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

struct HalfType {
  const char* name;
  Kind kind;
  bool ieee;  ///< f16: .ftz and .sat exist.
};

constexpr HalfType kTypes[] = {{"f16", Kind::kF16, true},
                               {"f16x2", Kind::kF16x2, true},
                               {"bf16", Kind::kBf16, false},
                               {"bf16x2", Kind::kBf16x2, false}};

void Operation(Catalog& catalog, const std::string& op, const std::string& qualifiers,
               const HalfType& type, unsigned operands) {
  constexpr const char* kOperands[] = {"", " %a;", " %a, %b;", " %a, %b, %c;"};
  std::string name = op + qualifiers + "." + type.name;
  catalog.Alu(op, name, name + " %d," + kOperands[operands], std::vector<Kind>(operands, type.kind),
              {type.kind});
}

std::vector<std::string> Flushes(const HalfType& type) {
  return type.ieee ? std::vector<std::string>{"", ".ftz"} : std::vector<std::string>{""};
}

}  // namespace

void AddHalf(Catalog& catalog) {
  for (const HalfType& type : kTypes) {
    for (const std::string& flush : Flushes(type)) {
      for (const char* op : {"add", "sub", "mul"}) {
        Operation(catalog, op, ".rn" + flush, type, 2);
        if (type.ieee) Operation(catalog, op, ".rn" + flush + ".sat", type, 2);
      }
      Operation(catalog, "fma", ".rn" + flush, type, 3);
      Operation(catalog, "fma", ".rn" + flush + ".relu", type, 3);
      if (type.ieee) Operation(catalog, "fma", ".rn" + flush + ".sat", type, 3);
      for (const char* op : {"neg", "abs"}) Operation(catalog, op, flush, type, 1);
      for (const char* op : {"min", "max"}) {
        for (const char* more : {"", ".NaN", ".xorsign.abs", ".NaN.xorsign.abs"}) {
          Operation(catalog, op, flush + more, type, 2);
        }
      }
    }
    Operation(catalog, "fma", ".rn.oob", type, 3);
    Operation(catalog, "fma", ".rn.oob.relu", type, 3);
  }
}

}  // namespace attnjit::micro
