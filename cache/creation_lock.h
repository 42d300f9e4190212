// One creator between processes: an advisory lock on one byte of a shard's lock file, its place
// given by the key. There are at most 256 lock files, DIR/v1/ab/.lock, which are never removed: a
// lock on a removed file would exclude nobody.
//
// The lock belongs to an open file description (fcntl(2), F_OFD_SETLK), so that it excludes threads
// as well as processes, and the system drops it when its process dies, however that comes about.
#ifndef ATTNJIT_CACHE_CREATION_LOCK_H_
#define ATTNJIT_CACHE_CREATION_LOCK_H_

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cache/disk_directory.h"
#include "cache/file_io.h"
#include "cache/key.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Held until it is destroyed.
class CreationLock {
 public:
  /// nullopt: somebody else holds it. Does not wait. Errors: CacheError (kUnavailable where the
  /// directory cannot be written or its file system has no locks).
  static llvm::Expected<std::optional<CreationLock>> Try(const DiskDirectory& directory,
                                                         const CacheKey& key);

  /// Tries until it holds the lock or `wait` is over (nullopt). Its first tries come fast, later
  /// ones every 50 ms.
  static llvm::Expected<std::optional<CreationLock>> Acquire(const DiskDirectory& directory,
                                                             const CacheKey& key,
                                                             std::chrono::milliseconds wait);

  CreationLock(CreationLock&& other) noexcept = default;
  CreationLock& operator=(CreationLock&& other) noexcept = delete;
  ~CreationLock();

 private:
  CreationLock(UniqueFd fd, int64_t place) : fd_(std::move(fd)), place_(place) {}
  UniqueFd fd_;
  int64_t place_;
};

/// A shard in which locks are held now.
struct HeldLock {
  std::string path;
  int64_t since_unix = 0;  ///< When the last one of this shard was taken.
};

/// For diagnosis. Errors: CacheError.
llvm::Expected<std::vector<HeldLock>> FindHeldLocks(const DiskDirectory& directory);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_CREATION_LOCK_H_
