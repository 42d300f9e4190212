// Entries of a cache -> one file.
#ifndef ATTNJIT_CACHE_BUNDLE_EXPORT_H_
#define ATTNJIT_CACHE_BUNDLE_EXPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "cache/bundle/signing.h"
#include "cache/disk.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct ExportResult {
  int64_t entries = 0;
  uint64_t bytes = 0;  ///< Of the file.
};

/// Writes `items` (of DiskCache::List, sorted by key) to `path`, which appears whole or not at all.
/// Each is verified whole on the way. Equal entries give equal bytes with one version of
/// libarchive, signed or not. Errors: CacheError; an entry that is damaged or was removed meanwhile
/// is one.
llvm::Expected<ExportResult> ExportBundle(const DiskCache& cache, llvm::ArrayRef<DiskItem> items,
                                          const std::string& path,
                                          const std::optional<SecretKey>& signing_key);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_BUNDLE_EXPORT_H_
