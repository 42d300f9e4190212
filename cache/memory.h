// The cache in memory: kernels by key, and one creator for each key at a time.
#ifndef ATTNJIT_CACHE_MEMORY_H_
#define ATTNJIT_CACHE_MEMORY_H_

#include <future>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "cache/entry.h"
#include "cache/key.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// Thread safe; holds no lock while a creator runs. Entries stay until Clear.
class MemoryCache {
 public:
  using EntryPtr = std::shared_ptr<const CacheEntry>;
  using Creator = llvm::function_ref<llvm::Expected<EntryPtr>()>;

  /// The entry, or null; does not wait for a creator.
  EntryPtr Find(const CacheKey& key) const;

  /// The entry, made by `create` if there is none. Of several threads that ask for one key, one
  /// creates and the others wait for it. Where it fails, it alone gets the error, and the next of
  /// the waiting threads tries its own creator. `create` must not ask for its own key.
  llvm::Expected<EntryPtr> GetOrCreate(const CacheKey& key, Creator create);

  size_t Size() const;
  /// Forgets the finished entries; those who hold one keep it.
  void Clear();

 private:
  struct Hash {
    size_t operator()(const CacheKey& key) const;
  };
  // Ready: the entry, or null where its creator failed. Not ready: being created.
  using Slot = std::shared_future<EntryPtr>;
  llvm::Expected<EntryPtr> RunCreator(const CacheKey& key, std::promise<EntryPtr> promise,
                                      Creator create);

  mutable std::mutex mutex_;
  std::unordered_map<CacheKey, Slot, Hash> slots_;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_MEMORY_H_
