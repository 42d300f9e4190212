// ed25519 signatures (RFC 8032) by libsodium, and keys in files.
#ifndef ATTNJIT_CACHE_BUNDLE_SIGNING_H_
#define ATTNJIT_CACHE_BUNDLE_SIGNING_H_

#include <array>
#include <cstdint>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

using PublicKey = std::array<uint8_t, 32>;
using SecretKey = std::array<uint8_t, 64>;  ///< The seed, then the public key.
using Signature = std::array<uint8_t, 64>;

struct KeyPair {
  PublicKey public_key;
  SecretKey secret_key;
};

/// Errors: CacheError (kUnavailable) where libsodium cannot start.
llvm::Expected<KeyPair> MakeKeyPair();

llvm::Expected<Signature> Sign(llvm::StringRef message, const SecretKey& key);
/// Errors: CacheError (kDamaged) where the signature is not this key's on this message.
llvm::Error VerifySignature(llvm::StringRef message, llvm::StringRef signature,
                            const PublicKey& key);

/// Key files hold one line: "attnjit-ed25519-public " or "attnjit-ed25519-secret ", and hexadecimal
/// digits. The secret's is `path`, mode 0600, and must not be there; the public's `path`.pub.
llvm::Error WriteKeyPair(const KeyPair& keys, const std::string& path);
/// Errors: CacheError; a secret key that others may read is refused.
llvm::Expected<PublicKey> ReadPublicKey(const std::string& path);
llvm::Expected<SecretKey> ReadSecretKey(const std::string& path);

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_BUNDLE_SIGNING_H_
