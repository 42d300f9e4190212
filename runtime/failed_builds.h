// Compilations that failed in this process: asked for again, they fail at once.
#ifndef ATTNJIT_RUNTIME_FAILED_BUILDS_H_
#define ATTNJIT_RUNTIME_FAILED_BUILDS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "cache/failure.h"
#include "cache/key.h"
#include "llvm/Support/Error.h"
#include "runtime/compiler.h"

namespace attnjit {

/// Thread safe.
class FailedBuilds {
 public:
  /// The CompileError of this key, saying that it failed before; success() if it did not.
  llvm::Error Find(const CacheKey& key) const;

  /// Keeps a copy.
  void Add(const CacheKey& key, const CompileError& error);

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, CompileError> errors_;
};

/// To and from what the cache keeps of it.
CompileFailure ToFailure(const CompileError& error);
CompileError FromFailure(const CompileFailure& failure);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_FAILED_BUILDS_H_
