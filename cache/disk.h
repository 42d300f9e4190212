// The cache on disk: one file for each kernel in a directory that only its user can write to.
//
//   DIR/v1/ab/<request>-<toolchain>.attnjit     ab: the request part's first two digits
//
// docs/cache-format.md has the format and the rules. Any number of threads and processes may use
// one directory: files are replaced by rename and verified when read, so a reader sees a whole
// entry or none. Nothing is created before the first Put.
#ifndef ATTNJIT_CACHE_DISK_H_
#define ATTNJIT_CACHE_DISK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/disk_directory.h"
#include "cache/entry.h"
#include "cache/failure.h"
#include "cache/key.h"
#include "cache/store.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct DiskOptions {
  /// Put returns only when the entry would survive a power failure; without it such an entry is
  /// found damaged and rebuilt.
  bool sync = false;
  /// Nothing is written, not even when an entry was last used: a directory in an image.
  bool read_only = false;
  AccessRules access;
};

/// One file of the cache.
struct DiskItem {
  std::string path;
  uint64_t file_bytes = 0;
  int64_t used_unix = 0;  ///< Last served, or written; to a minute.
  CacheKey key;           ///< From the file's name.
  EntryInfo info;         ///< Of an undamaged header.
  std::string problem;    ///< What is wrong with it, or "".
};

struct DiskStats {
  int64_t entries = 0;
  uint64_t bytes = 0;
  int64_t damaged = 0;          ///< Of the entries: headers that do not verify.
  int64_t failures = 0;         ///< Compilations that failed, remembered.
  int64_t temporary_files = 0;  ///< Being written now, or left by a process that died.
  uint64_t temporary_bytes = 0;
};

/// What Prune keeps. A limit that is not set removes nothing.
struct PruneLimits {
  std::optional<uint64_t> max_bytes;       ///< Of entries together: the least recently used go.
  std::optional<int64_t> max_age_seconds;  ///< Since the entry was last used.
};

struct PruneResult {
  DiskStats removed;
  DiskStats kept;  ///< `damaged` is not looked at.
};

class DiskCache : public EntryStore {
 public:
  /// `dir` need not exist.
  explicit DiskCache(std::string dir, const DiskOptions& options = {})
      : directory_(std::move(dir), options.access), options_(options) {}

  const std::string& Path() const { return directory_.Path(); }
  const DiskDirectory& Directory() const { return directory_; }
  /// Where the entry of this key is or would be; "" if the key is not hexadecimal.
  std::string EntryPath(const CacheKey& key) const;

  Lookup Get(const CacheKey& key, llvm::StringRef canonical_spec,
             Unpack unpack = Unpack::kAll) const override;
  llvm::Expected<std::string> Put(const CacheEntry& entry) const override;
  /// Put of bytes that SerializeEntry made of the entry of this key, which is not looked at again.
  llvm::Expected<std::string> PutBytes(const CacheKey& key, llvm::StringRef bytes) const;

  /// The file of this key, which is not looked into. Errors: CacheError, also where there is none.
  llvm::Expected<std::string> ReadBytes(const CacheKey& key) const;

  /// Undamaged entries of this request part whatever their toolchain, newest first, headers only:
  /// for a machine that has no NVRTC. Take one with Get(item.key, canonical spec).
  llvm::Expected<std::vector<DiskItem>> FindByRequest(llvm::StringRef request) const;

  /// A failure of this key, remembered less than kFailureSeconds before `now_unix`. nullopt: there
  /// is none, or none that can be read.
  std::optional<CompileFailure> GetFailure(const CacheKey& key, int64_t now_unix) const;
  llvm::Error PutFailure(const CacheKey& key, const CompileFailure& failure) const;

  // Upkeep (disk_upkeep.cc). All may run beside readers and writers.

  /// Every entry, damaged ones too, sorted by path; headers only are read.
  llvm::Expected<std::vector<DiskItem>> List() const;
  llvm::Expected<DiskStats> Stats() const;
  /// Every entry, read whole: name, key, request part recomputed from what the entry holds, hashes,
  /// cubin.
  llvm::Expected<std::vector<DiskItem>> Verify() const;
  /// Removes entries beyond the limits, the least recently used first, failures that are forgotten,
  /// and temporary files older than kTemporarySeconds. A reader that has an entry open keeps it;
  /// one that comes later misses. File names and times only are looked at.
  llvm::Expected<PruneResult> Prune(const PruneLimits& limits, int64_t now_unix) const;
  /// Removes every entry, failure and temporary file (one being written by another process is then
  /// lost to that process, which reports it), and nothing else: lock files stay. Returns what was
  /// removed.
  llvm::Expected<DiskStats> Clear() const;

 private:
  DiskItem ReadItem(const DiskDirectory::File& file) const;
  DiskItem VerifyItem(const DiskDirectory::File& file) const;

  const DiskDirectory directory_;
  const DiskOptions options_;
};

/// A process that writes an entry takes far less than this.
inline constexpr int64_t kTemporarySeconds = 3600;
/// How exactly the time of an entry's last use is kept: a hit within this time writes nothing.
inline constexpr int64_t kUsedResolutionSeconds = 60;

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_DISK_H_
