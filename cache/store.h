// The narrow waist of the cache: what every place that keeps kernels can do. The disk is one;
// others (read-only layers, a remote) take the same two calls.
#ifndef ATTNJIT_CACHE_STORE_H_
#define ATTNJIT_CACHE_STORE_H_

#include <memory>
#include <string>

#include "cache/entry.h"
#include "cache/key.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// The answer to a look-up. A miss with a problem is still a miss: the caller compiles, puts the
/// result, and reports the problem.
struct Lookup {
  std::shared_ptr<const CacheEntry> entry;  ///< Verified; null: a miss.
  std::string problem;   ///< Why something that was there is not used, e.g. damage; or "".
  int system_error = 0;  ///< errno where the system refused, for every key alike; or 0.
};

/// Thread safe.
class EntryStore {
 public:
  virtual ~EntryStore() = default;
  /// The verified entry of this key, whose canonical spec equals `canonical_spec`.
  virtual Lookup Get(const CacheKey& key, llvm::StringRef canonical_spec,
                     Unpack unpack = Unpack::kAll) const = 0;
  /// Keeps an entry, replacing one of its key; returns where. Errors: CacheError, never fatal: the
  /// caller still has the entry.
  virtual llvm::Expected<std::string> Put(const CacheEntry& entry) const = 0;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_STORE_H_
