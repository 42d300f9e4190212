#include "runtime/ptxas_log.h"

#include <algorithm>
#include <tuple>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit {

namespace {

// The number right before `unit`, as in "104 bytes stack frame".
std::optional<int> NumberBefore(llvm::StringRef line, llvm::StringRef unit) {
  const size_t at = line.find(unit);
  if (at == llvm::StringRef::npos) return std::nullopt;
  const llvm::StringRef before = line.take_front(at).rtrim(' ');
  const size_t begin = before.find_last_not_of("0123456789") + 1;  // npos + 1 is 0.
  int value = 0;
  if (before.drop_front(begin).getAsInteger(10, value)) return std::nullopt;
  return value;
}

void ReadFunctionProperties(llvm::StringRef line, PtxasFigures* figures) {
  if (auto stack = NumberBefore(line, " bytes stack frame")) {
    figures->stack_bytes = std::max(figures->stack_bytes, *stack);
    figures->spill_store_bytes += NumberBefore(line, " bytes spill stores").value_or(0);
    figures->spill_load_bytes += NumberBefore(line, " bytes spill loads").value_or(0);
  }
}

bool IsErrorLine(llvm::StringRef line) {
  // "file(12): error: ..", "nvrtc: error: ..", "ptxas .., line 23; error   : ..", "ptxas fatal :".
  return line.contains("): error") || line.contains("catastrophic error") ||
         line.contains("nvrtc: error") || line.contains("; error") ||
         line.startswith("ptxas error") || line.contains("ptxas fatal");
}

}  // namespace

std::optional<PtxasFigures> ParsePtxasLog(llvm::StringRef log, llvm::StringRef entry) {
  PtxasFigures figures;
  const std::string quoted = llvm::formatv("'{0}'", entry);
  bool in_entry = false, found = false;
  while (!log.empty()) {
    llvm::StringRef line;
    std::tie(line, log) = log.split('\n');
    if (line.contains("Compiling entry function")) {
      in_entry = line.contains(quoted);
    }
    ReadFunctionProperties(line, &figures);
    if (in_entry && !found) {
      if (auto registers = NumberBefore(line, " registers")) {
        figures.registers = *registers;
        found = true;
      }
    }
    figures.serialized_wgmma |= line.contains("wgmma.mma_async instructions are serialized");
    figures.injected_wgmma_sync |= line.contains("warpgroup.") && line.contains(" is injected ");
  }
  if (!found) return std::nullopt;
  return figures;
}

std::string FirstErrorLine(llvm::StringRef log) {
  llvm::StringRef first;
  while (!log.empty()) {
    llvm::StringRef line;
    std::tie(line, log) = log.split('\n');
    line = line.trim();
    if (IsErrorLine(line)) return line.str();
    if (first.empty()) first = line;
  }
  return first.str();
}

}  // namespace attnjit
