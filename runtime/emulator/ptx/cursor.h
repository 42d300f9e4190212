// The parser's place in the text, and the first error met there.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_CURSOR_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_CURSOR_H_

#include <string>

#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/ptx/lexer.h"

namespace attnjit::emulator::ptx {

/// A token stream with two tokens of look-ahead. Every parsing function returns false after an
/// error; only the first error counts, and after it the stream yields nothing but its end.
class Cursor {
 public:
  explicit Cursor(llvm::StringRef text);

  const Token& Peek() const { return tokens_[0]; }
  const Token& PeekSecond() const { return tokens_[1]; }
  Token Take();  ///< The next token, which it passes.
  bool AtEnd() const { return Peek().kind == TokenKind::kEnd; }

  bool TakeIf(llvm::StringRef punctuation);
  bool TakeDotted(llvm::StringRef name);  ///< Whether ".name" came, and passes it.
  bool Expect(llvm::StringRef punctuation);
  bool ExpectIdentifier(Token& token, const char* what);
  /// An integer literal of at most `limit`.
  bool ExpectInteger(uint64_t limit, const char* what, uint64_t& value);

  bool Fail(const llvm::Twine& message) { return FailAt(Peek(), message); }
  bool FailAt(const Token& token, const llvm::Twine& message);
  bool failed() const { return failed_; }
  /// The first error; only after a failure.
  llvm::Error TakeError();

 private:
  llvm::StringRef LineOf(const char* at) const;

  llvm::StringRef text_;
  Lexer lexer_;
  Token tokens_[2];
  bool failed_ = false;
  uint32_t line_ = 0;
  uint32_t column_ = 0;
  std::string shown_;
  std::string message_;
};

/// Counts nesting; see ParseLimits::kNesting.
class NestingGuard {
 public:
  explicit NestingGuard(uint32_t& depth) : depth_(depth) { ++depth_; }
  ~NestingGuard() { --depth_; }
  NestingGuard(const NestingGuard&) = delete;
  NestingGuard& operator=(const NestingGuard&) = delete;

 private:
  uint32_t& depth_;
};

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_CURSOR_H_
