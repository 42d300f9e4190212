// One file -> entries of a cache, all of them or none.
#ifndef ATTNJIT_CACHE_BUNDLE_IMPORT_H_
#define ATTNJIT_CACHE_BUNDLE_IMPORT_H_

#include <optional>
#include <string>

#include "cache/bundle/bundle_manifest.h"
#include "cache/bundle/signing.h"
#include "cache/disk.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// A bundle that was read to its end and found right.
struct CheckedBundle {
  BundleManifest manifest;
  bool is_signed = false;  ///< By whom was looked at where a key was given, else not.
};

/// Checks everything, and writes nothing: the seal, the signature (which must be there) if a key is
/// given, the manifest, each entry's hashes, key, source and cubin, and that nothing else is there.
/// Errors: CacheError.
llvm::Expected<CheckedBundle> CheckBundle(const std::string& path,
                                          const std::optional<PublicKey>& key);

/// CheckBundle, then puts every entry, replacing those of the same keys. Errors: CacheError; where
/// it is CheckBundle's, the cache is as before.
llvm::Expected<CheckedBundle> ImportBundle(const DiskCache& cache, const std::string& path,
                                           const std::optional<PublicKey>& key);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_BUNDLE_IMPORT_H_
