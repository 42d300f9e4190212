#include "runtime/failed_builds.h"

#include <ctime>

namespace attnjit {

llvm::Error FailedBuilds::Find(const CacheKey& key) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = errors_.find({key.request, key.toolchain});
  if (found == errors_.end()) return llvm::Error::success();
  return llvm::make_error<CompileError>(found->second);
}

void FailedBuilds::Add(const CacheKey& key, const CompileError& error) {
  CompileError copy = error;
  if (copy.failed_before_unix() == 0) copy.SetFailedBefore(std::time(nullptr));
  std::lock_guard<std::mutex> lock(mutex_);
  errors_.insert_or_assign({key.request, key.toolchain}, std::move(copy));
}

CompileFailure ToFailure(const CompileError& error) {
  return {error.kernel(), error.first_error(), error.compile_log(), std::time(nullptr)};
}

CompileError FromFailure(const CompileFailure& failure) {
  CompileError error(failure.kernel, failure.first_error, failure.log);
  error.SetDeterministic();
  error.SetFailedBefore(failure.created_unix);
  return error;
}

}  // namespace attnjit
