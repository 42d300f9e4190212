// SHA-256 (FIPS 180-4), with the CPU's SHA instructions where it has them
// (docs/adr/0003-sha256.md).
#ifndef ATTNJIT_CACHE_SHA256_H_
#define ATTNJIT_CACHE_SHA256_H_

#include <array>
#include <cstdint>
#include <string>

#include "llvm/ADT/StringRef.h"

namespace attnjit {

using Sha256Digest = std::array<uint8_t, 32>;

/// The digest of `bytes`. Pure, thread safe, allocates nothing.
Sha256Digest Sha256(llvm::StringRef bytes);

/// The same without the CPU's SHA instructions: what Sha256 falls back to.
Sha256Digest Sha256Portable(llvm::StringRef bytes);

/// 64 lower-case hex digits.
std::string DigestToHex(const Sha256Digest& digest);

/// True for exactly 64 lower-case hex digits.
bool IsSha256Hex(llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_SHA256_H_
