// The actions of `attnjit cache`: each prints its result and returns the exit code.
#ifndef ATTNJIT_TOOLS_ATTNJIT_CACHE_ACTIONS_H_
#define ATTNJIT_TOOLS_ATTNJIT_CACHE_ACTIONS_H_

#include <string>
#include <vector>

#include "cache/disk.h"

namespace attnjit {

struct CacheArguments {
  bool json = false;
  std::string max_bytes;           ///< prune
  std::string max_age;             ///< prune
  std::vector<std::string> files;  ///< export: one; import: some; keygen: one.
  std::string arch_list;           ///< export
  bool split_by_arch = false;      ///< export
  std::string sign_key;            ///< export
  std::string verify_key;          ///< import
};

// cmd_cache.cc has the others.
int ExportEntries(const DiskCache& cache, const CacheArguments& arguments);
int ImportEntries(const DiskCache& cache, const CacheArguments& arguments);
/// Makes a pair of keys for bundles; the cache is not looked at.
int MakeKeys(const DiskCache& cache, const CacheArguments& arguments);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_CACHE_ACTIONS_H_
