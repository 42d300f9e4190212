#include "runtime/emulator/ptx/cursor.h"

#include "runtime/emulator/ptx/error.h"

namespace attnjit::emulator::ptx {

Cursor::Cursor(llvm::StringRef text) : text_(text), lexer_(text) {
  tokens_[0] = lexer_.Next();
  tokens_[1] = tokens_[0].kind == TokenKind::kBad ? tokens_[0] : lexer_.Next();
  if (tokens_[0].kind == TokenKind::kBad) FailAt(tokens_[0], tokens_[0].text);
}

Token Cursor::Take() {
  const Token token = tokens_[0];
  if (failed_) return token;
  tokens_[0] = tokens_[1];
  if (tokens_[0].kind == TokenKind::kBad) {
    FailAt(tokens_[0], tokens_[0].text);
  } else if (tokens_[0].kind != TokenKind::kEnd) {
    tokens_[1] = lexer_.Next();
  }
  return token;
}

bool Cursor::TakeIf(llvm::StringRef punctuation) {
  if (!Peek().Is(punctuation)) return false;
  Take();
  return true;
}

bool Cursor::TakeDotted(llvm::StringRef name) {
  if (!Peek().IsDotted(name)) return false;
  Take();
  return true;
}

bool Cursor::Expect(llvm::StringRef punctuation) {
  return TakeIf(punctuation) || Fail("expected '" + punctuation + "'");
}

bool Cursor::ExpectIdentifier(Token& token, const char* what) {
  if (Peek().kind != TokenKind::kIdentifier) return Fail(llvm::Twine("expected ") + what);
  token = Take();
  return true;
}

bool Cursor::ExpectInteger(uint64_t limit, const char* what, uint64_t& value) {
  if (Peek().kind != TokenKind::kInteger) return Fail(llvm::Twine("expected ") + what);
  if (Peek().value > limit) {
    return Fail(llvm::Twine(what) + " is above " + llvm::Twine(limit));
  }
  value = Take().value;
  return true;
}

llvm::StringRef Cursor::LineOf(const char* at) const {
  if (at == nullptr) return "";
  const size_t offset = at - text_.begin();
  const size_t before = text_.take_front(offset).rfind('\n');
  const size_t begin = before == llvm::StringRef::npos ? 0 : before + 1;
  return text_.slice(begin, std::min(text_.find('\n', offset), text_.size()));
}

bool Cursor::FailAt(const Token& token, const llvm::Twine& message) {
  if (failed_) return false;
  failed_ = true;
  line_ = token.line;
  column_ = token.column;
  shown_ = LineOf(token.begin).str();
  message_ = message.str();
  // Copied before: `token` may be one of these.
  tokens_[0].kind = tokens_[1].kind = TokenKind::kEnd;
  return false;
}

llvm::Error Cursor::TakeError() {
  return llvm::make_error<PtxError>(line_, column_, shown_, message_);
}

}  // namespace attnjit::emulator::ptx
