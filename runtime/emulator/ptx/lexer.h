// Splits PTX text into tokens.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PTX_LEXER_H_
#define ATTNJIT_RUNTIME_EMULATOR_PTX_LEXER_H_

#include <cstdint>

#include "llvm/ADT/StringRef.h"

namespace attnjit::emulator::ptx {

enum class TokenKind : uint8_t {
  kEnd,
  kIdentifier,   ///< add, %r1, $L__BB0_1, _
  kDotted,       ///< .shared::cta: `text` comes without the leading dot.
  kInteger,      ///< `value`, `is_unsigned`
  kFloat32,      ///< 0f3F800000: `value` has the bits.
  kFloat64,      ///< 0d... or decimal: `value` has the bits of a double.
  kString,       ///< `text` comes without the quotes.
  kPunctuation,  ///< One character, or << >> <= >= == != && ||.
  kBad,          ///< No token: `text` says why.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  bool is_unsigned = false;  ///< kInteger: .u64, else .s64.
  llvm::StringRef text;
  uint64_t value = 0;
  uint32_t line = 1;  ///< Of its first character, from 1.
  uint32_t column = 1;
  const char* begin = nullptr;  ///< Its first character in the text.

  bool Is(llvm::StringRef punctuation) const {
    return kind == TokenKind::kPunctuation && text == punctuation;
  }
  bool IsDotted(llvm::StringRef name) const { return kind == TokenKind::kDotted && text == name; }
};

/// Reads tokens one after the other. The text must outlive the tokens. After kBad, stop.
class Lexer {
 public:
  explicit Lexer(llvm::StringRef text) : at_(text.begin()), end_(text.end()), line_begin_(at_) {}
  Token Next();

 private:
  bool SkipBlanks();  ///< False at a comment without end.
  void SkipTo(const char* to);
  Token Make(TokenKind kind, size_t length) const;
  Token Bad(const char* why) const;
  Token LexIdentifier();
  Token LexDotted();
  Token LexNumber();
  Token LexFloatBits(size_t digits);
  Token LexDecimalFloat();
  Token LexInteger(unsigned radix, size_t prefix);
  Token LexString();
  Token LexPunctuation();
  char Ahead(size_t n) const { return static_cast<size_t>(end_ - at_) > n ? at_[n] : '\0'; }

  const char* at_;
  const char* end_;
  const char* line_begin_;
  uint32_t line_ = 1;
};

}  // namespace attnjit::emulator::ptx

#endif  // ATTNJIT_RUNTIME_EMULATOR_PTX_LEXER_H_
