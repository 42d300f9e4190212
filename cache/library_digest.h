// What a shared library's bytes are, without reading 100 MB of them
// (docs/adr/0005-toolchain-digest.md).
#ifndef ATTNJIT_CACHE_LIBRARY_DIGEST_H_
#define ATTNJIT_CACHE_LIBRARY_DIGEST_H_

#include <string>

#include "llvm/Support/Error.h"

namespace attnjit {

/// "build-id <hex> size <bytes>" from the ELF note that the linker computed over the library's
/// contents, or "sha256 <hex> size <bytes>" over all bytes where there is no such note. Some
/// microseconds with a note. Errors: CacheError (kUnavailable).
llvm::Expected<std::string> LibraryDigest(const std::string& path);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_LIBRARY_DIGEST_H_
