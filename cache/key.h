// The one key, made by one function for prewarming, look-up and launch.
#ifndef ATTNJIT_CACHE_KEY_H_
#define ATTNJIT_CACHE_KEY_H_

#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

/// SHA-256 in lower-case hex. `request` covers source (so plan, templates, generator), arch and
/// compile options; `toolchain` covers NVRTC's version and the bytes of its library.
struct CacheKey {
  std::string request;    ///< 64 hex digits.
  std::string toolchain;  ///< 64 hex digits.
  bool operator==(const CacheKey&) const = default;
};

/// `toolchain` is the Compiler's digest (runtime/compiler.h), already hex.
CacheKey MakeCacheKey(llvm::StringRef source, llvm::StringRef arch,
                      llvm::ArrayRef<std::string> compile_options, llvm::StringRef toolchain);

/// SHA-256 of bytes, lower-case hex.
std::string Sha256Hex(llvm::StringRef bytes);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_KEY_H_
