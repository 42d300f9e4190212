#include <algorithm>

#include "llvm/ADT/STLExtras.h"
#include "runtime/emulator/program/layout.h"

namespace attnjit::emulator {
namespace {

// Deeper chains of calls do not come from a compiler.
constexpr size_t kMaxCallDepth = 64;

/// What CUDA's driver provides to every module ("System calls" in the PTX interoperability guide).
/// Programs mostly name these on paths that a correct run does not take.
bool IsSystemCall(const ptx::Function& function) {
  constexpr llvm::StringLiteral kNames[] = {"vprintf", "__assertfail", "malloc", "free"};
  return !function.defined && llvm::is_contained(kNames, function.name);
}

class CallGraph {
 public:
  explicit CallGraph(const ptx::Module& module) : module_(module) {}

  llvm::Error Visit(int32_t index) {
    if (done_.size() <= static_cast<size_t>(index)) done_.resize(module_.functions.size());
    if (done_[index]) return llvm::Error::success();
    path_.push_back(index);
    for (const ptx::Instruction& instruction : module_.functions[index].instructions) {
      if (instruction.opcode != "call") continue;
      if (llvm::Error error = VisitCall(instruction)) return error;
    }
    path_.pop_back();
    done_[index] = true;
    order_.push_back(index);
    return llvm::Error::success();
  }

  // Functions were noted after what they call.
  std::vector<int32_t> TakeOrder() {
    std::reverse(order_.begin(), order_.end());
    return std::move(order_);
  }

 private:
  llvm::Error VisitCall(const ptx::Instruction& instruction) {
    const int32_t callee = CalledFunction(module_, instruction.operands[1]);
    if (callee < 0) return ErrorAt(instruction, "unsupported: a call through an address");
    const ptx::Function& function = module_.functions[callee];
    if (function.entry) return ErrorAt(instruction, "a call of an entry");
    if (IsSystemCall(function)) return llvm::Error::success();
    if (!function.defined) return ErrorAt(instruction, "unsupported: no body of " + function.name);
    if (std::find(path_.begin(), path_.end(), callee) != path_.end()) {
      return ErrorAt(instruction, "unsupported: recursion");
    }
    if (path_.size() == kMaxCallDepth) return ErrorAt(instruction, "calls nested too deeply");
    return Visit(callee);
  }

  const ptx::Module& module_;
  std::vector<bool> done_;
  std::vector<int32_t> path_;
  std::vector<int32_t> order_;
};

}  // namespace

int32_t CalledFunction(const ptx::Module& module, const ptx::Operand& target) {
  if (target.kind != ptx::OperandKind::kSymbol || target.symbol != ptx::SymbolKind::kFunction) {
    return -1;
  }
  const int32_t alias = module.functions[target.index].alias_of;
  return alias >= 0 ? alias : target.index;
}

llvm::Expected<std::vector<int32_t>> FindReachable(const ptx::Module& module, int32_t entry) {
  CallGraph graph(module);
  if (llvm::Error error = graph.Visit(entry)) return error;
  return graph.TakeOrder();
}

}  // namespace attnjit::emulator
