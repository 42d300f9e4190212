#include "runtime/emulator/sanitizer/rule.h"

#include <iterator>

namespace attnjit::emulator {
namespace {

struct RuleText {
  llvm::StringRef name;
  llvm::StringRef summary;
};

constexpr RuleText kRules[] = {
#define ATTNJIT_SANITIZER_RULE(id, name, text) {name, text},
    ATTNJIT_SANITIZER_RULES(ATTNJIT_SANITIZER_RULE)
#undef ATTNJIT_SANITIZER_RULE
};

}  // namespace

llvm::StringRef RuleName(Rule rule) { return kRules[static_cast<size_t>(rule)].name; }

llvm::StringRef RuleSummary(Rule rule) { return kRules[static_cast<size_t>(rule)].summary; }

std::optional<Rule> FindRule(llvm::StringRef name) {
  for (size_t i = 0; i < std::size(kRules); ++i) {
    if (kRules[i].name == name) return static_cast<Rule>(i);
  }
  return std::nullopt;
}

}  // namespace attnjit::emulator
