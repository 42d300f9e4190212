#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/report.h"

namespace attnjit::emulator {
namespace {

llvm::Error Fail(const llvm::Twine& text) {
  return llvm::createStringError(std::make_error_code(std::errc::invalid_argument), text);
}

llvm::Expected<Rule> ParseRule(llvm::StringRef name) {
  if (const std::optional<Rule> rule = FindRule(name.trim())) return *rule;
  return Fail("'" + name.trim() + "' is no sanitizer rule");
}

llvm::Error ParsePlace(llvm::StringRef text, Silence& silence) {
  const auto [name, value] = text.trim().split('=');
  if (value.empty()) return Fail("'" + text + "' is not NAME=VALUE");
  if (name == "kernel") {
    silence.kernel = value.str();
  } else if (name == "label") {
    silence.label = value.str();
  } else if (name == "ptx" || name == "cuda") {
    uint32_t& line = name == "ptx" ? silence.ptx_line : silence.cuda_line;
    if (value.getAsInteger(10, line) || line == 0) {
      return Fail("'" + value + "' is no line number");
    }
  } else {
    return Fail("'" + name + "' is no place: kernel, ptx, cuda or label");
  }
  return llvm::Error::success();
}

}  // namespace

llvm::Expected<Silence> ParseSilence(llvm::StringRef text) {
  const auto [head, reason] = text.split(':');
  const auto [rule_name, places] = head.trim().split(' ');
  Silence silence;
  silence.reason = reason.trim().str();
  if (silence.reason.empty()) return Fail("a silence needs a reason: RULE PLACE[,PLACE..]: REASON");
  llvm::Expected<Rule> rule = ParseRule(rule_name);
  if (!rule) return rule.takeError();
  silence.rule = *rule;
  llvm::SmallVector<llvm::StringRef, 4> parts;
  places.trim().split(parts, ',', -1, false);
  if (parts.empty()) return Fail("a silence needs a place: kernel=, ptx=, cuda= or label=");
  for (llvm::StringRef part : parts) {
    if (llvm::Error error = ParsePlace(part, silence)) return error;
  }
  return silence;
}

llvm::Expected<std::vector<Silence>> FindSilences(llvm::StringRef cuda_source) {
  constexpr llvm::StringLiteral kMark = "// sanitizer-allow(";
  std::vector<Silence> found;
  uint32_t line = 0;
  while (!cuda_source.empty()) {
    llvm::StringRef text;
    std::tie(text, cuda_source) = cuda_source.split('\n');
    ++line;
    const size_t at = text.find(kMark);
    if (at == llvm::StringRef::npos) continue;
    const auto [name, reason] = text.drop_front(at + kMark.size()).split("):");
    llvm::Expected<Rule> rule = ParseRule(name);
    if (!rule) {
      return Fail("line " + llvm::Twine(line) + ": " + llvm::toString(rule.takeError()));
    }
    if (reason.trim().empty()) {
      return Fail("line " + llvm::Twine(line) + ": a silence needs a reason");
    }
    Silence silence;
    silence.rule = *rule;
    silence.reason = reason.trim().str();
    silence.cuda_line = text.take_front(at).trim().empty() ? line + 1 : line;
    found.push_back(std::move(silence));
  }
  return found;
}

}  // namespace attnjit::emulator
