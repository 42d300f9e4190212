// What doctor found, and its look at the cache.
#ifndef ATTNJIT_TOOLS_ATTNJIT_DOCTOR_H_
#define ATTNJIT_TOOLS_ATTNJIT_DOCTOR_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

enum class FindingState { kOk, kNote, kWrong };

struct Finding {
  std::string topic;
  FindingState state;
  std::string text;
  std::string advice;  ///< What to do, or "".
};
using Findings = std::vector<Finding>;

/// A file system's kind and how full it is.
struct FileSystemFacts {
  std::string network;  ///< "NFS", or "" for one of this machine.
  bool tmpfs = false;
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
};

/// Of the directory; nullopt where the system does not say.
std::optional<FileSystemFacts> ExamineFileSystem(const std::string& dir);

/// What these facts mean for a cache in `dir`.
void JudgeFileSystem(const FileSystemFacts& facts, llvm::StringRef dir, Findings& findings);

/// `driver_version` as cuDriverGetVersion gives it, 0 where there is no driver.
void ExamineCache(const std::string& cache_dir, int driver_version, Findings& findings);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_DOCTOR_H_
