// One cached kernel: everything that made it and everything needed to run or inspect it, and the
// bytes of the file that holds it (docs/cache-format.md). Knows bytes, no CUDA.
#ifndef ATTNJIT_CACHE_ENTRY_H_
#define ATTNJIT_CACHE_ENTRY_H_

#include <cstdint>
#include <string>

#include "cache/key.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// What the file's header tells without its sections: enough to list and to choose.
struct EntryInfo {
  CacheKey key;
  std::string name;  ///< KernelName: the entry symbol too.
  std::string arch;  ///< "sm_90a".
  std::string attnjit_version;
  std::string nvrtc_version;  ///< "13.0".
  double compile_seconds = 0;
  // From ptxas -v in the log: what the demo and `build` print.
  int registers = 0;
  int spill_store_bytes = 0;
  int spill_load_bytes = 0;
  int local_bytes = 0;         ///< Stack frame.
  int smem_dynamic_bytes = 0;  ///< From the plan.
  int64_t created_unix = 0;
};

/// The bytes of one kernel. Immutable once in a cache.
struct CacheEntry : EntryInfo {
  std::string canonical_spec;   ///< CanonicalJson(KernelSpec, arch), compared on every hit.
  std::string plan;             ///< JSON: what `explain --json` prints.
  std::string source;           ///< The translation unit, byte for byte.
  std::string compile_options;  ///< One per line.
  std::string ptx;
  std::string cubin;
  std::string compile_log;
};

/// Upper bounds of a file, so that a damaged or hostile one costs bounded memory. A kernel takes
/// some tens of KiB on disk and some hundreds of KiB unpacked.
inline constexpr size_t kMaxHeaderBytes = 16 << 10;
inline constexpr size_t kMaxEntryFileBytes = 32 << 20;
inline constexpr size_t kMaxEntryUnpackedBytes = 64 << 20;
/// What ReadEntryInfo needs of a file's beginning, if it is that long.
inline constexpr size_t kEntryInfoBytes = 90 + kMaxHeaderBytes;

/// The file's bytes. Equal entries give equal bytes with one version of zstd. Errors: CacheError
/// (kUnavailable) where a bound is exceeded, the key is not hexadecimal or text is not UTF-8.
llvm::Expected<std::string> SerializeEntry(const CacheEntry& entry);

/// Which sections to unpack. All are verified either way.
enum class Unpack {
  kAll,
  kToRun,  ///< `source` and `ptx`, which loading a kernel does not need, are left empty: twice as
           ///< fast.
};

/// Reads a whole file, strictly: every byte is covered by a check, so any truncation, extension or
/// changed bit is a CacheError (kDamaged) that names the damaged part. Pure and thread safe.
llvm::Expected<CacheEntry> ParseEntry(llvm::StringRef file, Unpack unpack = Unpack::kAll);

/// Reads the header alone, verified, from a file's first bytes (kEntryInfoBytes, or all of it) and
/// its size. The sections' lengths are checked against the size, their contents are not.
llvm::Expected<EntryInfo> ReadEntryInfo(llvm::StringRef beginning, uint64_t file_size);

/// A parsed entry is the one that was asked for, and its cubin one that may be loaded
/// (cache/cubin.h). Errors: CacheError (kDamaged) saying what differs.
llvm::Error CheckEntryIs(const CacheEntry& entry, const CacheKey& key,
                         llvm::StringRef canonical_spec);

/// The request part of its key is that of the source, arch and options it holds. Needs all
/// sections. Errors: CacheError (kDamaged).
llvm::Error CheckEntrySource(const CacheEntry& entry);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_ENTRY_H_
