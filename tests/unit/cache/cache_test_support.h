// Entries, directories and changed environments for the tests of the cache.
#ifndef ATTNJIT_TESTS_UNIT_CACHE_CACHE_TEST_SUPPORT_H_
#define ATTNJIT_TESTS_UNIT_CACHE_CACHE_TEST_SUPPORT_H_

#include <functional>
#include <string>
#include <vector>

#include "cache/disk.h"
#include "cache/entry.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// A directory that is removed with all in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A whole entry whose key fits its contents; different for each seed.
CacheEntry MakeEntry(int seed = 0);
/// The same request made by another toolchain.
CacheEntry WithToolchain(CacheEntry entry, const std::string& toolchain_name);

/// Every field equal.
bool SameEntry(const CacheEntry& a, const CacheEntry& b);

std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, const std::string& bytes);
/// Every file and directory below, relative, sorted.
std::vector<std::string> FilesBelow(const std::string& directory);

/// Runs `body` in a child process and returns its exit status: 0 where body returned true.
int InChild(const std::function<bool()>& body);
/// Puts, and fails the test unless it worked; the path.
std::string PutOrFail(const DiskCache& cache, const CacheEntry& entry);

/// The value, or a failed test and a default one.
template <typename T>
T Take(llvm::Expected<T> value);
void ReportFailure(llvm::Error error);

template <typename T>
T Take(llvm::Expected<T> value) {
  if (value) return std::move(*value);
  ReportFailure(value.takeError());
  return T();
}

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_UNIT_CACHE_CACHE_TEST_SUPPORT_H_
