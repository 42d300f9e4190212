#include "runtime/emulator/ptx/ast.h"

#include <algorithm>

namespace attnjit::emulator::ptx {

bool Instruction::Has(llvm::StringRef modifier) const {
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

llvm::Error ErrorAt(const Instruction& instruction, const llvm::Twine& message) {
  return llvm::make_error<PtxError>(instruction.line, instruction.column, instruction.text,
                                    message.str());
}

std::string Function::RegisterName(uint32_t index) const {
  auto after =
      std::upper_bound(register_groups.begin(), register_groups.end(), index,
                       [](uint32_t i, const RegisterGroup& group) { return i < group.first; });
  if (after == register_groups.begin()) return "?";
  const RegisterGroup& group = *std::prev(after);
  const uint32_t at = index - group.first;
  std::string name = group.name.str();
  if (group.numbered) name += std::to_string(at / group.width);
  // Vectors have two or four components; wider ones are named by number.
  const uint32_t component = at % group.width;
  if (group.width > 4) name += "." + std::to_string(component);
  if (group.width > 1 && group.width <= 4) name += std::string(".") + "xyzw"[component];
  return name;
}

const Function* Module::FindFunction(llvm::StringRef name) const {
  for (const Function& function : functions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

const Variable* Module::FindVariable(llvm::StringRef name) const {
  for (const Variable& variable : variables) {
    if (variable.name == name) return &variable;
  }
  return nullptr;
}

bool ModifierReader::Take(llvm::StringRef modifier) { return TakeOneOf({modifier}) == 0; }

int ModifierReader::TakeOneOf(std::initializer_list<llvm::StringRef> choices) {
  for (size_t i = 0; i < instruction_.modifiers.size(); ++i) {
    if (Taken(i)) continue;
    const auto found = std::find(choices.begin(), choices.end(), instruction_.modifiers[i]);
    if (found == choices.end()) continue;
    taken_ |= uint64_t{1} << i;
    return static_cast<int>(found - choices.begin());
  }
  return -1;
}

llvm::StringRef ModifierReader::TakeNext() { return TakePrefixed(""); }

llvm::StringRef ModifierReader::TakePrefixed(llvm::StringRef prefix) {
  for (size_t i = 0; i < instruction_.modifiers.size(); ++i) {
    if (Taken(i) || !instruction_.modifiers[i].startswith(prefix)) continue;
    taken_ |= uint64_t{1} << i;
    return instruction_.modifiers[i];
  }
  return "";
}

bool ModifierReader::Done() const {
  return taken_ == (uint64_t{1} << instruction_.modifiers.size()) - 1;
}

llvm::Error ModifierReader::Finish() const {
  for (size_t i = 0; i < instruction_.modifiers.size(); ++i) {
    if (Taken(i)) continue;
    return ErrorAt(instruction_,
                   "unknown modifier ." + instruction_.modifiers[i] + " of " + instruction_.opcode);
  }
  return llvm::Error::success();
}

}  // namespace attnjit::emulator::ptx
