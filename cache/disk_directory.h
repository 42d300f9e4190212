// Where things are in a cache's directory (docs/cache-format.md), and the way to them: every
// directory on it is opened and checked before anything in it is touched.
#ifndef ATTNJIT_CACHE_DISK_DIRECTORY_H_
#define ATTNJIT_CACHE_DISK_DIRECTORY_H_

#include <cstdint>
#include <string>

#include "cache/file_io.h"
#include "cache/key.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// $ATTNJIT_CACHE_DIR, else $XDG_CACHE_HOME/attnjit, else ~/.cache/attnjit (the password file's
/// home directory where HOME is unset); "" if there is none of them. Reads the environment: not to
/// be called while another thread changes it.
std::string DefaultCacheDir();

/// Both parts are SHA-256 in lower-case hexadecimal: fit to be a file's name.
bool IsValidKey(const CacheKey& key);

/// Thread safe: it holds no descriptor.
class DiskDirectory {
 public:
  DiskDirectory(std::string dir, AccessRules rules) : dir_(std::move(dir)), rules_(rules) {}

  const std::string& Path() const { return dir_; }
  const AccessRules& Rules() const { return rules_; }

  /// What a file is, by its name: names are made of keys alone, so that nothing of a spec reaches
  /// the file system.
  enum class FileKind { kEntry, kFailure, kTemporary };
  /// "<request>-<toolchain>.attnjit" or ".failed". The key is valid; kTemporary has no names.
  static std::string FileName(const CacheKey& key, FileKind kind);
  std::string FilePath(const CacheKey& key, FileKind kind) const;

  /// DIR/v1, and DIR/v1/ab. Empty: it does not exist. Errors: CacheError.
  llvm::Expected<UniqueFd> OpenVersion(OnMissing on_missing) const;
  llvm::Expected<UniqueFd> OpenShard(llvm::StringRef request, OnMissing on_missing) const;
  std::string VersionPath() const;
  std::string ShardPath(llvm::StringRef request) const;

  /// One file of a shard, as it was found.
  struct File {
    FileKind kind;
    int directory;  ///< The open shard; valid during the visit.
    std::string name;
    std::string path;
    CacheKey key;  ///< Empty for temporary files.
    uint64_t bytes = 0;
    int64_t modified_ns = 0;  ///< Since 1970. An entry's: when it was last used.
  };
  using Visitor = llvm::function_ref<llvm::Error(const File&)>;
  /// Every file in order of its path, those with names of other programs left out. An error of the
  /// visitor's ends the visit.
  llvm::Error Visit(Visitor visit) const;
  /// The same for the shard of one request part.
  llvm::Error VisitShardOf(llvm::StringRef request, Visitor visit) const;

 private:
  llvm::Error VisitShard(int version_directory, const std::string& shard, Visitor visit) const;

  std::string dir_;
  AccessRules rules_;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_DISK_DIRECTORY_H_
