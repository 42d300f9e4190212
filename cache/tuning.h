// Tuning records: which plan was the fastest for a kernel on a GPU.
//
//   DIR/tuning-v1/<sha256 of GPU and canonical spec>.tuning
//
// A record is one line with the length and SHA-256 of the next, and that: JSON. It is read under
// the rules of entries (docs/cache-format.md): private directories and files only, every byte
// checked, and GPU and spec compared with what was asked for. What it names is a plan, never code:
// the key of a kernel made by it covers the plan through the source. Thread safe, among processes
// too: records are replaced by rename.
#ifndef ATTNJIT_CACHE_TUNING_H_
#define ATTNJIT_CACHE_TUNING_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/file_io.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct TuningRecord {
  std::string canonical_spec;  ///< CanonicalJson(KernelSpec, arch): hints included, no sizes.
  std::string gpu;             ///< As the driver names it: "NVIDIA H200".
  std::string attnjit_version;
  std::string choices;      ///< The winner, as generator/plan_choices.h writes it.
  std::string own_choices;  ///< What the planner chose by itself.
  std::string problem;      ///< What was measured, e.g. "prefill 4x4096 32/8".
  double milliseconds = 0;  ///< Median, of the winner.
  double own_milliseconds = 0;
  int64_t created_unix = 0;
  bool operator==(const TuningRecord&) const = default;
};

inline constexpr size_t kMaxTuningBytes = 16 << 10;

/// A record's bytes, and back; ParseTuningRecord is strict. Errors: CacheError.
llvm::Expected<std::string> SerializeTuningRecord(const TuningRecord& record);
llvm::Expected<TuningRecord> ParseTuningRecord(llvm::StringRef file);

struct TuningLookup {
  std::optional<TuningRecord> record;
  std::string problem;  ///< Why something that was there is not used; or "".
};

/// One file of the store.
struct TuningItem {
  std::string path;
  uint64_t file_bytes = 0;
  TuningRecord record;
  std::string problem;  ///< What is wrong with it, or "".
};

class TuningStore {
 public:
  /// `dir` is the cache's; it need not exist.
  explicit TuningStore(std::string dir) : dir_(std::move(dir)) {}

  /// A record of another version of attnjit is no answer: its kernels were others.
  TuningLookup Get(llvm::StringRef canonical_spec, llvm::StringRef gpu,
                   llvm::StringRef attnjit_version) const;
  /// Keeps a record, replacing one of its spec and GPU; returns its path. Errors: CacheError.
  llvm::Expected<std::string> Put(const TuningRecord& record) const;
  /// Every record, damaged ones too, by path.
  llvm::Expected<std::vector<TuningItem>> List() const;
  /// Removes every record; how many there were.
  llvm::Expected<int64_t> Clear() const;

 private:
  llvm::Expected<UniqueFd> Open(OnMissing on_missing) const;
  std::string PathOf(llvm::StringRef name) const;

  const std::string dir_;
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_TUNING_H_
