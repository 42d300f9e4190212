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
#include <string>
#include <vector>

#include "cache/entry.h"
#include "cache/file_io.h"
#include "cache/key.h"
#include "cache/store.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// $ATTNJIT_CACHE_DIR, else $XDG_CACHE_HOME/attnjit, else ~/.cache/attnjit (the password file's
/// home directory where HOME is unset); "" if there is none of them. Reads the environment: not to
/// be called while another thread changes it.
std::string DefaultCacheDir();

/// One file of the cache.
struct DiskItem {
  std::string path;
  uint64_t file_bytes = 0;
  CacheKey key;         ///< From the file's name.
  EntryInfo info;       ///< Of an undamaged header.
  std::string problem;  ///< What is wrong with it, or "".
};

struct DiskStats {
  int64_t entries = 0;
  uint64_t bytes = 0;
  int64_t damaged = 0;          ///< Of the entries: headers that do not verify.
  int64_t temporary_files = 0;  ///< Being written now, or left by a process that died.
  uint64_t temporary_bytes = 0;
};

class DiskCache : public EntryStore {
 public:
  /// `dir` need not exist. `sync`: Put returns only when the entry would survive a power failure;
  /// without it such an entry is found damaged and rebuilt.
  explicit DiskCache(std::string dir, bool sync = false) : dir_(std::move(dir)), sync_(sync) {}

  const std::string& Path() const { return dir_; }
  /// Where the entry of this key is or would be; "" if the key is not hexadecimal.
  std::string EntryPath(const CacheKey& key) const;

  Lookup Get(const CacheKey& key, llvm::StringRef canonical_spec,
             Unpack unpack = Unpack::kAll) const override;
  llvm::Expected<std::string> Put(const CacheEntry& entry) const override;

  /// Undamaged entries of this request part whatever their toolchain, newest first, headers only:
  /// for a machine that has no NVRTC. Take one with Get(item.key, canonical spec).
  llvm::Expected<std::vector<DiskItem>> FindByRequest(llvm::StringRef request) const;

  /// Every entry, damaged ones too, sorted by path; headers only are read.
  llvm::Expected<std::vector<DiskItem>> List() const;
  llvm::Expected<DiskStats> Stats() const;
  /// Every entry, read whole: name, key, request part recomputed from what the entry holds, hashes.
  llvm::Expected<std::vector<DiskItem>> Verify() const;
  /// Removes every entry and temporary file (one being written by another process is then lost to
  /// that process, which reports it), and nothing else. Returns what was removed.
  llvm::Expected<DiskStats> Clear() const;

 private:
  // What a visitor is shown: an entry, or a temporary file (then `key` is empty).
  struct File {
    int directory;
    std::string name;
    std::string path;
    CacheKey key;
    uint64_t bytes;
  };
  using Visitor = llvm::function_ref<llvm::Error(const File&)>;
  llvm::Error VisitShard(int version_directory, const std::string& shard, Visitor visit) const;
  llvm::Error Visit(Visitor visit) const;
  llvm::Expected<UniqueFd> OpenVersion(OnMissing on_missing) const;
  llvm::Expected<UniqueFd> OpenShard(const CacheKey& key, OnMissing on_missing) const;
  DiskItem ReadItem(const File& file) const;
  DiskItem VerifyItem(const File& file) const;

  const std::string dir_;
  const bool sync_;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_DISK_H_
