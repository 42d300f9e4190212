// What a bundle says it holds: its first member, manifest.json.
#ifndef ATTNJIT_CACHE_BUNDLE_BUNDLE_MANIFEST_H_
#define ATTNJIT_CACHE_BUNDLE_BUNDLE_MANIFEST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "cache/key.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct BundleEntry {
  CacheKey key;
  std::string name;   ///< The kernel's.
  std::string arch;   ///< "sm_90a"
  std::string nvrtc;  ///< "13.0"
  uint64_t bytes = 0;
  std::string sha256;  ///< Of the entry's file.
};

struct BundleManifest {
  std::string attnjit_version;       ///< That wrote it.
  std::vector<BundleEntry> entries;  ///< In the order of the members entries/<index>.attnjit.
};

inline constexpr size_t kMaxBundleManifestBytes = size_t{64} << 20;

/// One object: format (1), attnjit, archs, toolchains (both sorted, of the entries), entries.
std::string SerializeManifest(const BundleManifest& manifest);

/// Strictly: any other, missing or wrongly typed field, an archs or toolchains that is not of the
/// entries, or a key twice is an error. Errors: CacheError (kDamaged).
llvm::Expected<BundleManifest> ParseManifest(llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_BUNDLE_BUNDLE_MANIFEST_H_
