#include "runtime/emulator/ptx/error.h"

#include "llvm/Support/raw_ostream.h"

namespace attnjit::emulator {

std::string OneLine(llvm::StringRef text) {
  constexpr size_t kShownText = 160;
  std::string out;
  bool space = false;
  for (const char c : text.trim()) {
    if (out.size() >= kShownText) return out.substr(0, kShownText - 3) + "...";
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (blank && space) continue;
    space = blank;
    out += blank ? ' ' : (c > ' ' && c <= '~' ? c : '?');
  }
  return out;
}

char PtxError::ID = 0;

PtxError::PtxError(uint32_t line, uint32_t column, llvm::StringRef text, std::string problem)
    : line_(line), column_(column), text_(OneLine(text)), problem_(OneLine(problem)) {}

void PtxError::log(llvm::raw_ostream& os) const {
  os << "ptx:" << line_ << ':' << column_ << ": " << problem_;
  if (!text_.empty()) os << ": " << text_;
}

std::error_code PtxError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

}  // namespace attnjit::emulator
