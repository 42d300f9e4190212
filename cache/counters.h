// What a cache directory has been good for, over all processes: counts in one small file.
#ifndef ATTNJIT_CACHE_COUNTERS_H_
#define ATTNJIT_CACHE_COUNTERS_H_

#include <cstdint>

#include "cache/disk_directory.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// One count for each kernel in each process: what a process finds in its own memory again is not
/// counted.
struct CacheCounters {
  uint64_t hits = 0;              ///< Found on disk, in a read-only layer or in a remote.
  uint64_t misses = 0;            ///< Found nowhere.
  uint64_t compile_ms = 0;        ///< Spent on what was missed.
  uint64_t saved_compile_ms = 0;  ///< What the kernels found had once taken.
};

/// Adds to DIR/v1/counters. The counts are a help, not a promise: where the file cannot be written
/// or its lock is not free within some milliseconds, nothing is added.
void AddCounters(const DiskDirectory& directory, const CacheCounters& more);

/// Zeros where there is no file yet, or it is damaged. Errors: CacheError.
llvm::Expected<CacheCounters> ReadCounters(const DiskDirectory& directory);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_COUNTERS_H_
