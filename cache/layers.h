// The places that keep kernels, as one: a directory that is written to, then directories that are
// only read (baked into an image), then a remote.
//
// Trouble never stops a request: it is a warning, told once for each cause, and the next layer is
// asked, or the caller compiles.
#ifndef ATTNJIT_CACHE_LAYERS_H_
#define ATTNJIT_CACHE_LAYERS_H_

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cache/counters.h"
#include "cache/creation_lock.h"
#include "cache/disk.h"
#include "cache/failure.h"
#include "cache/remote/http_store.h"
#include "cache/store.h"
#include "llvm/ADT/ArrayRef.h"

namespace attnjit {

struct LayersOptions {
  std::string dir;  ///< Written to; "": there is none.
  DiskOptions disk;
  /// Asked in this order. Their owners may be this user or root.
  std::vector<std::string> read_only_dirs;
  /// Of all entries in `dir` together, in bytes; beyond it the least recently used are removed.
  std::optional<uint64_t> max_bytes;
  /// Asked last, and kept in `dir` what it gives; null: there is none.
  std::shared_ptr<const HttpStore> remote;
  /// For how long one process waits for another that builds the same kernel.
  std::chrono::milliseconds creation_wait{60'000};
};

enum class Layer { kDisk, kReadOnly, kRemote };

class LayeredCache {
 public:
  explicit LayeredCache(const LayersOptions& options);

  struct Found {
    std::shared_ptr<const CacheEntry> entry;  ///< Verified; null: in no layer.
    Layer layer = Layer::kDisk;
    std::string path;
    std::string warning;  ///< Or "".
  };
  /// The entry of this key, from the first layer that has it.
  Found Get(const CacheKey& key, llvm::StringRef canonical_spec) const;

  /// For a machine without NVRTC: the newest entry of this request part that is not in `refused`,
  /// of the first layer that has one.
  Found GetOfAnyToolchain(llvm::StringRef request, llvm::StringRef canonical_spec,
                          llvm::ArrayRef<CacheKey> refused) const;

  /// The right to create: held while a kernel is compiled and put.
  struct Turn {
    std::optional<CreationLock> lock;  ///< Nullopt: nobody to wait for, or the wait was too long.
    std::string warning;
  };
  /// Waits while another process has it. Look again for the entry afterwards: the other has put it.
  Turn AwaitTurn(const CacheKey& key) const;

  struct Stored {
    std::string path;  ///< "" where it was not kept.
    std::string warning;
  };
  /// Keeps a new entry in the directory that is written to, and in the remote if it is written to.
  Stored Put(const CacheEntry& entry) const;

  std::optional<CompileFailure> GetFailure(const CacheKey& key) const;
  void PutFailure(const CacheKey& key, const CompileFailure& failure) const;

  /// The directory that is written to, or null.
  const DiskCache* disk() const { return disk_ ? &*disk_ : nullptr; }

 private:
  // "" for a cause that was told before.
  std::string TellOnce(const std::string& cause, const std::string& text) const;
  std::string TellOnce(llvm::Error error, const std::string& place) const;
  std::string TellOnce(const Lookup& lookup, const std::string& place) const;
  void Count(const CacheCounters& more) const;
  Stored Keep(const CacheEntry& entry) const;
  bool GetFromRemote(const CacheKey& key, llvm::StringRef canonical_spec, Found& found) const;
  std::string KeepBelowCap(uint64_t added_bytes) const;

  std::optional<DiskCache> disk_;
  std::vector<DiskCache> read_only_;
  const std::shared_ptr<const HttpStore> remote_;
  const std::optional<uint64_t> max_bytes_;
  const std::chrono::milliseconds creation_wait_;

  mutable std::mutex mutex_;
  mutable std::set<std::string> told_;
  mutable std::optional<uint64_t> disk_bytes_;  ///< Nullopt: not looked at yet.
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_LAYERS_H_
