// What is wrong with a PTX text, and where.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_ERROR_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_ERROR_H_

#include <cstdint>
#include <string>
#include <system_error>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit::emulator {

/// `text` on one line: printable, blanks run together, at most 160 characters.
std::string OneLine(llvm::StringRef text);

/// PTX that is malformed, or that asks for something the emulator does not do. Always located.
class PtxError : public llvm::ErrorInfo<PtxError> {
 public:
  static char ID;

  /// `line` and `column` count from 1. `text` is the offending line or statement of the PTX,
  /// stored as OneLine gives it.
  PtxError(uint32_t line, uint32_t column, llvm::StringRef text, std::string problem);

  uint32_t line() const { return line_; }
  uint32_t column() const { return column_; }
  const std::string& text() const { return text_; }
  const std::string& problem() const { return problem_; }  ///< What is wrong, without the place.

  void log(llvm::raw_ostream& os) const override;  ///< "ptx:12:5: problem: text", one line.
  std::error_code convertToErrorCode() const override;

 private:
  uint32_t line_;
  uint32_t column_;
  std::string text_;
  std::string problem_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_ERROR_H_
