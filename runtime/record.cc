#include "runtime/record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "cache/file_io.h"

namespace attnjit {

std::string RequestRecord::Add(const std::string& canonical_spec) {
  if (path_.empty()) return "";
  std::lock_guard<std::mutex> lock(mutex_);
  if (!added_.insert(canonical_spec).second) return "";
  const std::string line = canonical_spec + "\n";
  const UniqueFd file(
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0644));
  if (file && ::write(file.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size())) {
    return "";
  }
  return "ATTNJIT_RECORD: cannot add to " + path_ + ": " + std::generic_category().message(errno);
}

}  // namespace attnjit
