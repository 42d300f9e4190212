#include "tests/fuzz/ptx_check.h"

#include <algorithm>
#include <memory>

#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator {
namespace {

std::string CheckError(llvm::Error error) {
  std::string problem;
  llvm::handleAllErrors(
      std::move(error),
      [&](const PtxError& e) {
        const bool printable = [&] {
          const std::string shown = e.problem() + e.text();
          return std::all_of(shown.begin(), shown.end(),
                             [](char c) { return c >= ' ' && c <= '~'; });
        }();
        if (e.line() == 0 || e.column() == 0) problem = "an error without a place";
        if (!printable || e.problem().empty()) problem = "an error that cannot be shown";
      },
      [&](const llvm::ErrorInfoBase&) { problem = "an error that is no PtxError"; });
  return problem;
}

bool Within(int64_t index, size_t size) { return index >= 0 && static_cast<size_t>(index) < size; }

bool CheckOperand(const ptx::Module& module, const ptx::Function& function,
                  const ptx::Operand& operand) {
  using Kind = ptx::SymbolKind;
  if (operand.IsRegister() && !Within(operand.index, function.registers.size())) return false;
  if (operand.kind == ptx::OperandKind::kSymbol) {
    const size_t sizes[] = {0,
                            module.variables.size(),
                            function.variables.size(),
                            function.parameters.size(),
                            function.returns.size(),
                            module.functions.size(),
                            function.labels.size(),
                            function.branch_tables.size()};
    if (operand.symbol == Kind::kNone) return false;
    if (!Within(operand.index, sizes[static_cast<size_t>(operand.symbol)])) return false;
  }
  return std::all_of(operand.list.begin(), operand.list.end(), [&](const ptx::Operand& element) {
    return CheckOperand(module, function, element);
  });
}

bool CheckFunction(const ptx::Module& module, const ptx::Function& function) {
  for (const ptx::Instruction& instruction : function.instructions) {
    if (instruction.guard >= 0 && !Within(instruction.guard, function.registers.size())) {
      return false;
    }
    for (const ptx::Operand& operand : instruction.operands) {
      if (!CheckOperand(module, function, operand)) return false;
    }
  }
  for (const ptx::BranchTable& table : function.branch_tables) {
    for (const uint32_t label : table.labels) {
      if (!Within(label, function.labels.size())) return false;
    }
  }
  for (const ptx::Label& label : function.labels) {
    if (label.instruction > function.instructions.size()) return false;
  }
  return function.registers.empty() || !function.RegisterName(0).empty();
}

// Binds each operand as its kind suggests.
llvm::Error Bind(const ptx::Operand& operand, DecodeContext& context) {
  if (operand.kind == ptx::OperandKind::kAddress) return context.AddressOf(operand).takeError();
  if (operand.symbol == ptx::SymbolKind::kBranchTable) {
    return context.BranchTargets(operand).takeError();
  }
  if (operand.symbol == ptx::SymbolKind::kLabel || operand.symbol == ptx::SymbolKind::kFunction) {
    return context.Label(operand).takeError();
  }
  const int bytes = context.RegisterBytes(operand);
  if (operand.IsRegister() && bytes == 0) return context.Predicate(operand, false).takeError();
  for (const ptx::Operand& element : operand.list) {
    if (llvm::Error error = Bind(element, context)) return error;
  }
  if (!operand.list.empty() || operand.kind == ptx::OperandKind::kArguments) {
    return llvm::Error::success();
  }
  if (operand.kind == ptx::OperandKind::kSink) return context.Destination(operand, 4).takeError();
  return context.Source(operand, bytes != 0 ? bytes : 8).takeError();
}

llvm::Error DecodeAny(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  ptx::ModifierReader modifiers(instruction);
  while (!modifiers.TakeNext().empty()) continue;
  if (llvm::Error error = modifiers.Finish()) return error;
  for (const ptx::Operand& operand : instruction.operands) {
    if (llvm::Error error = Bind(operand, context)) return error;
  }
  return llvm::Error::success();
}

constexpr OpcodeDecoder kDecoders[] = {
    {"add", &DecodeAny},  {"bra", &DecodeAny}, {"brx", &DecodeAny},   {"call", &DecodeAny},
    {"cvta", &DecodeAny}, {"ld", &DecodeAny},  {"mma", &DecodeAny},   {"mov", &DecodeAny},
    {"ret", &DecodeAny},  {"st", &DecodeAny},  {"setp", &DecodeAny},  {"shfl", &DecodeAny},
    {"cp", &DecodeAny},   {"fma", &DecodeAny}, {"wgmma", &DecodeAny}, {"mbarrier", &DecodeAny}};

}  // namespace

std::string CheckPtx(llvm::StringRef text) {
  llvm::Expected<ptx::Module> parsed = ptx::ParsePtx(text);
  if (!parsed) return CheckError(parsed.takeError());
  const auto module = std::make_shared<const ptx::Module>(std::move(*parsed));
  for (const ptx::Function& function : module->functions) {
    if (!CheckFunction(*module, function)) return "a reference to what is not there";
    if (!function.entry || !function.defined) continue;
    llvm::Expected<std::shared_ptr<const Program>> program =
        DecodeEntryWith(module, function.name, kDecoders);
    if (program) continue;
    const std::string problem = CheckError(program.takeError());
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace attnjit::emulator
