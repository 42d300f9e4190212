#include "runtime/emulator/program/line_map.h"

namespace attnjit::emulator {
namespace {

llvm::Error ErrorAtFunction(const ptx::Function& function, const llvm::Twine& message) {
  return llvm::make_error<PtxError>(function.line, 1, function.name, message.str());
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Equal but for blanks and line breaks.
bool SameStatement(llvm::StringRef a, llvm::StringRef b) {
  while (true) {
    a = a.drop_while(IsBlank);
    b = b.drop_while(IsBlank);
    if (a.empty() || b.empty()) return a.empty() && b.empty();
    if (a.front() != b.front()) return false;
    a = a.drop_front();
    b = b.drop_front();
  }
}

}  // namespace

llvm::Expected<LineMap> LineMap::Make(const ptx::Module& shipped, const ptx::Module& with_lines) {
  LineMap map;
  for (const ptx::Function& function : shipped.functions) {
    if (!function.defined) continue;
    const ptx::Function* other = with_lines.FindFunction(function.name);
    if (other == nullptr || other->instructions.size() != function.instructions.size()) {
      return ErrorAtFunction(function, "the PTX with line numbers has another such function");
    }
    for (size_t i = 0; i < function.instructions.size(); ++i) {
      const ptx::Instruction& instruction = function.instructions[i];
      const ptx::Instruction& lined = other->instructions[i];
      if (!SameStatement(instruction.text, lined.text)) {
        return ErrorAt(instruction, "the PTX with line numbers has another instruction here");
      }
      if (lined.source.line < 0) continue;
      map.lines_.try_emplace(instruction.line,
                             CudaLine{lined.source.line, lined.source.outer_line});
    }
  }
  return map;
}

CudaLine LineMap::Find(uint32_t ptx_line) const {
  const auto found = lines_.find(ptx_line);
  return found == lines_.end() ? CudaLine() : found->second;
}

}  // namespace attnjit::emulator
