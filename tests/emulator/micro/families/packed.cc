// Packed pairs of f32 (sm_100a and up), against arithmetic of the host in the same rounding mode.
#include <cfenv>
#include <cmath>
#include <cstring>
#include <limits>

#include "llvm/Support/FormatVariadic.h"
#include "tests/emulator/micro/catalog.h"

namespace attnjit::micro {
namespace {

enum class Operation { kAdd, kSub, kMul, kFma };

struct Rounding {
  const char* name;
  int mode;
};
constexpr Rounding kRoundings[] = {
    {"rn", FE_TONEAREST}, {"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};

float Flush(float value) {
  return std::fabs(value) < std::numeric_limits<float>::min() ? std::copysign(0.0f, value) : value;
}

float Compute(Operation operation, float a, float b, float c, int mode) {
  // Volatile: the compiler must neither fold nor move these across the change of mode.
  volatile float x = a, y = b, z = c, result = 0;
  std::fesetround(mode);
  switch (operation) {
    case Operation::kAdd:
      result = x + y;
      break;
    case Operation::kSub:
      result = x - y;
      break;
    case Operation::kMul:
      result = x * y;
      break;
    case Operation::kFma:
      result = std::fma(x, y, z);
      break;
  }
  std::fesetround(FE_TONEAREST);
  return result;
}

Bytes Oracle(const Case& c, Operation operation, int mode, bool flush) {
  size_t count = c.output.size() / sizeof(float);  // Operands are arrays of pairs.
  std::vector<float> in(c.input.size() / sizeof(float));
  std::memcpy(in.data(), c.input.data(), c.input.size());
  Bytes output(c.output.size());
  for (size_t i = 0; i < count; ++i) {
    auto operand = [&](size_t k) {
      float value = k * count + i < in.size() ? in[k * count + i] : 0;
      return flush ? Flush(value) : value;
    };
    float result = Compute(operation, operand(0), operand(1), operand(2), mode);
    if (flush) result = Flush(result);
    std::memcpy(output.data() + i * sizeof(float), &result, sizeof(result));
  }
  return output;
}

}  // namespace

void AddPacked(Catalog& catalog) {
  struct Form {
    const char* name;
    Operation operation;
    unsigned operands;
  };
  for (Form form : {Form{"add", Operation::kAdd, 2},
                    {"sub", Operation::kSub, 2},
                    {"mul", Operation::kMul, 2},
                    {"fma", Operation::kFma, 3}}) {
    for (const Rounding& rounding : kRoundings) {
      for (const char* flush : {"", ".ftz"}) {
        std::string name = llvm::formatv("{0}.{1}{2}.f32x2", form.name, rounding.name, flush);
        Case& c = catalog.Alu("f32x2", name,
                              name + (form.operands == 3 ? " %d, %a, %b, %c;" : " %d, %a, %b;"),
                              std::vector<Kind>(form.operands, Kind::kF32x2), {Kind::kF32x2});
        c.target = "sm_100a";
        Operation operation = form.operation;
        int mode = rounding.mode;
        bool flushes = *flush != 0;
        c.oracle = [=](const Case& self) { return Oracle(self, operation, mode, flushes); };
      }
    }
  }
}

}  // namespace attnjit::micro
