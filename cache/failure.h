// A compilation that failed for its input alone: remembered beside the entries for a short time, so
// that many processes do not repeat it, each for itself.
#ifndef ATTNJIT_CACHE_FAILURE_H_
#define ATTNJIT_CACHE_FAILURE_H_

#include <cstdint>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct CompileFailure {
  std::string kernel;
  std::string first_error;  ///< One line.
  std::string log;          ///< Whole, cut at kMaxFailureLogBytes.
  int64_t created_unix = 0;
};

/// For how long it is remembered on disk.
inline constexpr int64_t kFailureSeconds = 600;
inline constexpr size_t kMaxFailureLogBytes = 256 << 10;
inline constexpr size_t kMaxFailureBytes = 2 << 20;

/// "attnjit-failure 1 <SHA-256 of the rest>\n", then JSON on one line.
std::string SerializeFailure(const CompileFailure& failure);

/// Errors: CacheError (kDamaged).
llvm::Expected<CompileFailure> ParseFailure(llvm::StringRef file);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_FAILURE_H_
