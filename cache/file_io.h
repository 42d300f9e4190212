// Private directories and whole files, by POSIX calls: no signal handlers, no process-wide state.
#ifndef ATTNJIT_CACHE_FILE_IO_H_
#define ATTNJIT_CACHE_FILE_IO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// A file descriptor, closed when it goes out of scope.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();

 private:
  int fd_ = -1;
};

enum class OnMissing { kFail, kCreate };

/// Whose directories and files are used, and how new ones are made. The default is private: this
/// user's own, not writable by everyone, made with modes 0700 and 0600.
struct AccessRules {
  /// Of any member of this user's groups too; made with modes 2770 and 0660 whatever the umask.
  bool group_shared = false;
  bool root_owned = false;  ///< The root user's too: what an image was built with.
  bool any_owner = false;   ///< Whoever owns it and may write to it: the caller vouches for it.
};

/// Opens a directory that `rules` accept, links in its path followed; creates it (parents too,
/// these with mode 0700) if asked. An empty UniqueFd: it does not exist. Errors: CacheError,
/// kUnsafe where the rules refuse it.
llvm::Expected<UniqueFd> OpenPrivateDirectory(const std::string& path, OnMissing on_missing,
                                              const AccessRules& rules = {});

/// The same for the directory `name` (one component, no link) of an open directory; `path` is for
/// messages.
llvm::Expected<UniqueFd> OpenPrivateSubdirectory(int directory, const std::string& name,
                                                 const std::string& path, OnMissing on_missing,
                                                 const AccessRules& rules = {});

/// A file's bytes, or its first `wanted`, and its whole size.
struct FileBytes {
  std::string bytes;
  uint64_t size = 0;
  int64_t modified_unix = 0;
};

/// Reads a regular file that `rules` accept in an open directory: no link is followed, nothing else
/// is opened, at most `limit` bytes are accepted and at most `wanted` read. nullopt: no such file.
/// Errors: CacheError.
llvm::Expected<std::optional<FileBytes>> ReadPrivateFile(int directory, const std::string& name,
                                                         const std::string& path, uint64_t limit,
                                                         uint64_t wanted,
                                                         const AccessRules& rules = {});

/// Writes a file whole or not at all: a temporary file beside it (O_EXCL, the rules' mode), then a
/// rename, which also replaces a link that stands there. Leaves no temporary file behind, unless
/// the process dies. `sync`: reach the disk before the rename. Errors: CacheError (kUnavailable).
llvm::Error ReplaceFile(int directory, const std::string& name, const std::string& path,
                        llvm::StringRef bytes, bool sync, const AccessRules& rules = {});

/// What a temporary file's name begins with.
inline constexpr llvm::StringLiteral kTemporaryPrefix = ".tmp-";

/// The names in an open directory, sorted, without "." and "..".
llvm::Expected<std::vector<std::string>> ListDirectory(int directory, const std::string& path);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_FILE_IO_H_
