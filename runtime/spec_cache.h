// Requests parsed before, by their text: a repeated request is not parsed again.
#ifndef ATTNJIT_RUNTIME_SPEC_CACHE_H_
#define ATTNJIT_RUNTIME_SPEC_CACHE_H_

#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "generator/spec.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Thread safe. Keeps at most kMaxTexts of at most kMaxBytes each and starts anew when full, so
/// that a caller that never repeats itself costs no memory in the end.
class SpecCache {
 public:
  static constexpr size_t kMaxTexts = 1024;
  static constexpr size_t kMaxBytes = 4096;

  /// ParseSpec(text). Errors, which are not kept: SpecError.
  llvm::Expected<AttentionSpec> Parse(llvm::StringRef text);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::shared_mutex mutex_;
  std::unordered_map<std::string, AttentionSpec, Hash, std::equal_to<>> specs_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_SPEC_CACHE_H_
