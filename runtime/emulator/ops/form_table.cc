#include "runtime/emulator/ops/form_table.h"

#include <algorithm>
#include <cassert>

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "runtime/emulator/ops/run_lanes.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {
namespace {

bool IsNoIntegerType(llvm::StringRef modifier) { return modifier != "u32" && modifier != "s32"; }

/// Modifiers sorted but for integer types, which are the operands' in turn, and the number of
/// sources: max.f32 has forms with two and with three.
std::string Canonical(llvm::StringRef opcode, std::vector<llvm::StringRef> modifiers,
                      size_t sources) {
  const auto types = std::stable_partition(modifiers.begin(), modifiers.end(), IsNoIntegerType);
  std::sort(modifiers.begin(), types);
  std::string text = opcode.str();
  for (llvm::StringRef modifier : modifiers) text += "." + modifier.str();
  return text + " " + std::to_string(sources);
}

llvm::Expected<Value> BindSource(const ptx::Operand& operand, FormOperand kind,
                                 DecodeContext& context) {
  if (kind == FormOperand::kPredicate) return context.Predicate(operand, false);
  return context.Source(operand, static_cast<int>(kind));
}

}  // namespace

void FormTable::Add(const std::string& spelling, Form form) {
  llvm::SmallVector<llvm::StringRef, 8> parts;
  llvm::StringRef(spelling).split(parts, '.');
  const std::string key =
      Canonical(parts[0], {parts.begin() + 1, parts.end()}, form.sources.size());
  const bool added = forms_.emplace(key, std::move(form)).second;
  assert(added);
  (void)added;
}

llvm::Error FormTable::Decode(const ptx::Instruction& instruction, DecodeContext& context,
                              Inst& inst) const {
  const size_t operands = instruction.operands.size();
  const auto found =
      operands == 0
          ? forms_.end()
          : forms_.find(Canonical(instruction.opcode, instruction.modifiers, operands - 1));
  if (found == forms_.end()) {
    return context.Unsupported("no form of " + instruction.opcode.str() +
                               " has these modifiers and " + std::to_string(operands) +
                               " operands");
  }
  const Form& form = found->second;
  llvm::Expected<Value> destination =
      form.destination == FormOperand::kPredicate
          ? context.Predicate(instruction.operands[0], true)
          : context.Destination(instruction.operands[0], static_cast<int>(form.destination));
  if (!destination) return destination.takeError();
  inst.dst = *destination;
  Value* const places[] = {&inst.a, &inst.b, &inst.c, &inst.d};
  for (size_t i = 0; i < form.sources.size(); ++i) {
    llvm::Expected<Value> source =
        BindSource(instruction.operands[i + 1], form.sources[i], context);
    if (!source) return source.takeError();
    *places[i] = *source;
  }
  inst.inst_class = form.inst_class;
  if (form.kernel.function != nullptr) {
    SetLaneKernel(form.kernel, form.host_rounding, context, inst);
  } else {
    inst.execute = form.execute;
  }
  return llvm::Error::success();
}

std::vector<std::string> FormTable::Spellings() const {
  std::vector<std::string> spellings;
  for (const auto& [spelling, form] : forms_) spellings.push_back(spelling);
  return spellings;
}

}  // namespace attnjit::emulator
