#include "runtime/emulator/ops/matrix_operands.h"

#include <utility>

#include "llvm/ADT/Twine.h"

namespace attnjit::emulator {

llvm::Error BindRegisters(const ptx::Instruction& instruction, DecodeContext& context,
                          const ptx::Operand& operand, int count, bool destination,
                          std::vector<Value>& values) {
  llvm::ArrayRef<ptx::Operand> list = operand;
  if (operand.kind == ptx::OperandKind::kVector) list = operand.list;
  if (list.size() != static_cast<size_t>(count)) {
    return ptx::ErrorAt(instruction, "an operand of " + llvm::Twine(list.size()) +
                                         " registers where " + llvm::Twine(count) + " are due");
  }
  for (const ptx::Operand& each : list) {
    llvm::Expected<Value> value =
        destination ? context.Destination(each, 4) : context.Source(each, 4);
    if (!value) return value.takeError();
    values.push_back(*value);
  }
  return llvm::Error::success();
}

std::optional<ElementType> ParseElementType(llvm::StringRef name) {
  for (int i = 0; i <= static_cast<int>(ElementType::kU8); ++i) {
    if (name == ElementName(static_cast<ElementType>(i))) return static_cast<ElementType>(i);
  }
  return std::nullopt;
}

std::optional<AccumulatorType> ParseAccumulatorType(llvm::StringRef name) {
  if (name == "f32") return AccumulatorType::kF32;
  if (name == "f16") return AccumulatorType::kF16;
  if (name == "s32") return AccumulatorType::kS32;
  return std::nullopt;
}

bool ParseMatrixShape(llvm::StringRef text, MatrixShape& shape) {
  const auto number = [&](const char* letter, int& value) {
    return text.consume_front(letter) && !text.consumeInteger(10, value) && value > 0;
  };
  return number("m", shape.m) && number("n", shape.n) && number("k", shape.k) && text.empty();
}

MatrixKind CounterKind(ElementType type) {
  if (IsInteger(type)) return MatrixKind::kI8;
  switch (ElementBytes(type)) {
    case 4:
      return MatrixKind::kTf32;
    case 2:
      return MatrixKind::kF16;
    default:
      return MatrixKind::kF8;
  }
}

}  // namespace attnjit::emulator
