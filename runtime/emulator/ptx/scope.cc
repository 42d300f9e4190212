#include "runtime/emulator/ptx/scope.h"

#include "llvm/ADT/StringExtras.h"

namespace attnjit::emulator::ptx {

bool ScopeStack::FindIn(const Scope& scope, llvm::StringRef name, Meaning& meaning) {
  const auto exact = scope.names.find(name);
  if (exact != scope.names.end()) {
    meaning = exact->second;
    return true;
  }
  if (scope.numbered.empty()) return false;
  // A prefix may itself end in digits, so every split counts; numbers have no leading zeros.
  constexpr size_t kMaxDigits = 7;
  for (size_t digits = 1; digits <= kMaxDigits && digits < name.size(); ++digits) {
    const llvm::StringRef number = name.take_back(digits);
    if (!llvm::isDigit(number.front())) return false;
    if (number.front() == '0' && digits > 1) continue;
    const auto group = scope.numbered.find(name.drop_back(digits));
    uint32_t n = 0;
    if (group == scope.numbered.end() || number.getAsInteger(10, n)) continue;
    if (n >= group->second.count) continue;
    meaning = group->second.meaning;
    meaning.index += static_cast<int32_t>(n * meaning.width);
    return true;
  }
  return false;
}

bool ScopeStack::Declare(llvm::StringRef name, Meaning meaning) {
  Meaning taken;
  if (FindIn(scopes_.back(), name, taken)) return false;
  scopes_.back().names[name] = meaning;
  return true;
}

bool ScopeStack::DeclareNumbered(llvm::StringRef prefix, uint32_t count, Meaning meaning) {
  return scopes_.back().numbered.try_emplace(prefix, Numbered{count, meaning}).second;
}

bool ScopeStack::DeclareLabel(llvm::StringRef name, Meaning meaning) {
  return scopes_.back().labels.try_emplace(name, meaning).second;
}

bool ScopeStack::Find(llvm::StringRef name, Meaning& meaning) const {
  for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
    if (FindIn(*scope, name, meaning)) return true;
  }
  return false;
}

void ScopeStack::Close(std::vector<ResolvedUse>& resolved, std::vector<LabelUse>& unresolved) {
  Scope scope = std::move(scopes_.back());
  scopes_.pop_back();
  for (const LabelUse& use : scope.uses) {
    const auto label = scope.labels.find(use.token.text);
    if (label != scope.labels.end()) {
      resolved.push_back({use, label->second});
    } else if (scopes_.empty()) {
      unresolved.push_back(use);
    } else {
      scopes_.back().uses.push_back(use);
    }
  }
}

}  // namespace attnjit::emulator::ptx
