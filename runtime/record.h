// The kernels that a run asked for, one request on a line: a manifest for `attnjit prewarm`.
#ifndef ATTNJIT_RUNTIME_RECORD_H_
#define ATTNJIT_RUNTIME_RECORD_H_

#include <mutex>
#include <set>
#include <string>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

/// Thread safe. Any number of processes may add to one file: each line is one write at its end.
class RequestRecord {
 public:
  /// "": nothing is recorded. The file is made when the first request comes.
  explicit RequestRecord(std::string path) : path_(std::move(path)) {}

  /// Adds a canonical spec (one line) if this process has not yet. Returns a warning, or "".
  std::string Add(const std::string& canonical_spec);

 private:
  const std::string path_;
  std::mutex mutex_;
  std::set<std::string> added_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_RECORD_H_
