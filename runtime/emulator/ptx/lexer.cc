#include "runtime/emulator/ptx/lexer.h"

#include <bit>
#include <cstring>

#include "llvm/ADT/StringExtras.h"

namespace attnjit::emulator::ptx {
namespace {

bool IsFollow(char c) { return llvm::isAlnum(c) || c == '_' || c == '$'; }
bool IsIdentifierStart(char c) { return llvm::isAlpha(c) || c == '_' || c == '$' || c == '%'; }
// Comparing with ranges of strings would also find the terminating zero.
bool IsOneOf(char c, llvm::StringRef set) { return set.contains(c); }

}  // namespace

void Lexer::SkipTo(const char* to) {
  for (; at_ != to; ++at_) {
    if (*at_ != '\n') continue;
    ++line_;
    line_begin_ = at_ + 1;
  }
}

bool Lexer::SkipBlanks() {
  while (at_ != end_) {
    const llvm::StringRef rest(at_, end_ - at_);
    if (IsOneOf(*at_, " \t\r\n\f\v")) {
      SkipTo(at_ + 1);
    } else if (rest.startswith("//")) {
      SkipTo(at_ + std::min(rest.find('\n'), rest.size()));
    } else if (rest.startswith("/*")) {
      const size_t close = rest.find("*/", 2);
      if (close == llvm::StringRef::npos) return false;
      SkipTo(at_ + close + 2);
    } else {
      return true;
    }
  }
  return true;
}

Token Lexer::Make(TokenKind kind, size_t length) const {
  Token token;
  token.kind = kind;
  token.text = llvm::StringRef(at_, length);
  token.line = line_;
  token.column = static_cast<uint32_t>(at_ - line_begin_) + 1;
  token.begin = at_;
  return token;
}

Token Lexer::Bad(const char* why) const {
  Token token = Make(TokenKind::kBad, 0);
  token.text = why;
  return token;
}

Token Lexer::Next() {
  if (!SkipBlanks()) return Bad("comment without end");
  if (at_ == end_) return Make(TokenKind::kEnd, 0);
  Token token;
  if (llvm::isDigit(*at_)) {
    token = LexNumber();
  } else if (*at_ == '.' && IsFollow(Ahead(1))) {
    token = LexDotted();
  } else if (*at_ == '_' || (IsIdentifierStart(*at_) && (*at_ != '%' || IsFollow(Ahead(1))))) {
    token = LexIdentifier();
  } else if (*at_ == '"') {
    token = LexString();
  } else {
    token = LexPunctuation();
  }
  return token;
}

Token Lexer::LexIdentifier() {
  size_t n = 1;
  while (IsFollow(Ahead(n))) ++n;
  const Token token = Make(TokenKind::kIdentifier, n);
  at_ += n;
  return token;
}

Token Lexer::LexDotted() {
  size_t n = 1;
  while (true) {
    if (IsFollow(Ahead(n))) {
      ++n;
    } else if (Ahead(n) == ':' && Ahead(n + 1) == ':' && IsFollow(Ahead(n + 2))) {
      n += 3;
    } else {
      break;
    }
  }
  Token token = Make(TokenKind::kDotted, n);
  token.text = token.text.drop_front();
  at_ += n;
  return token;
}

Token Lexer::LexNumber() {
  const char second = Ahead(1);
  if (*at_ == '0' && IsOneOf(second, "fF")) return LexFloatBits(8);
  if (*at_ == '0' && IsOneOf(second, "dD")) return LexFloatBits(16);
  if (*at_ == '0' && IsOneOf(second, "xX")) return LexInteger(16, 2);
  if (*at_ == '0' && IsOneOf(second, "bB")) return LexInteger(2, 2);
  size_t n = 1;
  while (llvm::isDigit(Ahead(n))) ++n;
  if (IsOneOf(Ahead(n), ".eE")) return LexDecimalFloat();
  return *at_ == '0' && n > 1 ? LexInteger(8, 1) : LexInteger(10, 0);
}

Token Lexer::LexFloatBits(size_t digits) {
  size_t n = 2;
  while (IsFollow(Ahead(n))) ++n;
  Token token = Make(digits == 8 ? TokenKind::kFloat32 : TokenKind::kFloat64, n);
  if (n != digits + 2 || token.text.drop_front(2).getAsInteger(16, token.value)) {
    return Bad(digits == 8 ? "0f takes 8 hexadecimal digits" : "0d takes 16 hexadecimal digits");
  }
  at_ += n;
  return token;
}

Token Lexer::LexDecimalFloat() {
  size_t n = 0;
  while (llvm::isDigit(Ahead(n))) ++n;
  if (Ahead(n) == '.') ++n;
  while (llvm::isDigit(Ahead(n))) ++n;
  if (IsOneOf(Ahead(n), "eE")) {
    const size_t sign = IsOneOf(Ahead(n + 1), "+-") ? 1 : 0;
    if (!llvm::isDigit(Ahead(n + 1 + sign))) return Bad("exponent without digits");
    n += 1 + sign;
    while (llvm::isDigit(Ahead(n))) ++n;
  }
  if (IsFollow(Ahead(n))) return Bad("malformed number");
  Token token = Make(TokenKind::kFloat64, n);
  double number = 0;
  if (token.text.getAsDouble(number)) return Bad("malformed number");
  token.value = std::bit_cast<uint64_t>(number);
  at_ += n;
  return token;
}

Token Lexer::LexInteger(unsigned radix, size_t prefix) {
  size_t n = prefix;
  while (IsFollow(Ahead(n))) ++n;
  Token token = Make(TokenKind::kInteger, n);
  llvm::StringRef digits = token.text.drop_front(prefix);
  const bool suffix = digits.consume_back("U");
  if (digits.empty() || digits.getAsInteger(radix, token.value)) {
    return Bad("malformed integer, or one of more than 64 bits");
  }
  token.is_unsigned = suffix || static_cast<int64_t>(token.value) < 0;
  at_ += n;
  return token;
}

Token Lexer::LexString() {
  const llvm::StringRef rest(at_ + 1, end_ - at_ - 1);
  const size_t stop = rest.find_first_of("\"\n");
  if (stop == llvm::StringRef::npos || rest[stop] == '\n') return Bad("string without end");
  Token token = Make(TokenKind::kString, stop + 2);
  token.text = rest.take_front(stop);
  at_ += stop + 2;
  return token;
}

Token Lexer::LexPunctuation() {
  if (!IsOneOf(*at_, "(){}[]<>,;:|+-*/%!~&^=?@")) return Bad("unexpected character");
  static constexpr const char* kPairs[] = {"<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
  size_t n = 1;
  for (const char* pair : kPairs) {
    if (*at_ == pair[0] && Ahead(1) == pair[1]) n = 2;
  }
  const Token token = Make(TokenKind::kPunctuation, n);
  at_ += n;
  return token;
}

}  // namespace attnjit::emulator::ptx
