#include "runtime/spec_cache.h"

#include <mutex>

namespace attnjit {

llvm::Expected<AttentionSpec> SpecCache::Parse(llvm::StringRef text) {
  const std::string_view key(text.data(), text.size());
  {
    std::shared_lock<std::shared_mutex> lock(mutex_);
    const auto found = specs_.find(key);
    if (found != specs_.end()) return found->second;
  }
  llvm::Expected<AttentionSpec> spec = ParseSpec(text);
  if (spec && text.size() <= kMaxBytes) {
    std::lock_guard<std::shared_mutex> lock(mutex_);
    if (specs_.size() >= kMaxTexts) specs_.clear();
    specs_.emplace(key, *spec);
  }
  return spec;
}

}  // namespace attnjit
