#include "cache/bundle/signing.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cache/error.h"
#include "cache/file_io.h"
#include "llvm/ADT/StringExtras.h"

namespace attnjit {

namespace {

constexpr llvm::StringLiteral kPublic = "attnjit-ed25519-public ";
constexpr llvm::StringLiteral kSecret = "attnjit-ed25519-secret ";
constexpr size_t kMaxKeyFileBytes = 1024;

static_assert(crypto_sign_PUBLICKEYBYTES == std::tuple_size_v<PublicKey>);
static_assert(crypto_sign_SECRETKEYBYTES == std::tuple_size_v<SecretKey>);
static_assert(crypto_sign_BYTES == std::tuple_size_v<Signature>);

// Thread safe, and done once by libsodium itself.
llvm::Error Start() {
  if (::sodium_init() >= 0) return llvm::Error::success();
  return llvm::make_error<CacheError>(CacheError::Kind::kUnavailable,
                                      "libsodium has no source of random numbers here");
}

const uint8_t* Bytes(llvm::StringRef text) { return reinterpret_cast<const uint8_t*>(text.data()); }

template <size_t kSize>
std::string Line(llvm::StringRef label, const std::array<uint8_t, kSize>& key) {
  return (label + llvm::toHex(key, /*LowerCase=*/true) + "\n").str();
}

llvm::Error WriteNew(const std::string& path, const std::string& text, mode_t mode) {
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return UnavailableError("create " + path, errno);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      ::close(file.release()) != 0) {
    return UnavailableError("write " + path, errno);
  }
  return llvm::Error::success();
}

template <size_t kSize>
llvm::Expected<std::array<uint8_t, kSize>> ReadKey(const std::string& path, llvm::StringRef label,
                                                   bool is_secret) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return UnavailableError("open " + path, errno);
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return UnavailableError("stat " + path, errno);
  if (is_secret && (info.st_mode & 0077) != 0) {
    return UnsafeError("others may read the secret key " + path + "; chmod go= it");
  }
  std::string text(kMaxKeyFileBytes, '\0');
  const ssize_t n = ::read(file.get(), text.data(), text.size());
  if (n < 0) return UnavailableError("read " + path, errno);
  llvm::StringRef line = llvm::StringRef(text).take_front(static_cast<size_t>(n)).rtrim();
  std::string bytes;
  if (!line.consume_front(label) || line.size() != 2 * kSize || !llvm::tryGetFromHex(line, bytes)) {
    return DamagedError(path + " is not a file of one line that begins with " + label.rtrim());
  }
  std::array<uint8_t, kSize> key;
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

}  // namespace

llvm::Expected<KeyPair> MakeKeyPair() {
  if (llvm::Error error = Start()) return error;
  KeyPair keys;
  ::crypto_sign_keypair(keys.public_key.data(), keys.secret_key.data());
  return keys;
}

llvm::Expected<Signature> Sign(llvm::StringRef message, const SecretKey& key) {
  if (llvm::Error error = Start()) return error;
  Signature signature;
  ::crypto_sign_detached(signature.data(), nullptr, Bytes(message), message.size(), key.data());
  return signature;
}

llvm::Error VerifySignature(llvm::StringRef message, llvm::StringRef signature,
                            const PublicKey& key) {
  if (llvm::Error error = Start()) return error;
  if (signature.size() != std::tuple_size_v<Signature> ||
      ::crypto_sign_verify_detached(Bytes(signature), Bytes(message), message.size(), key.data()) !=
          0) {
    return DamagedError("the signature is not that of the given key");
  }
  return llvm::Error::success();
}

llvm::Error WriteKeyPair(const KeyPair& keys, const std::string& path) {
  if (llvm::Error error = WriteNew(path, Line(kSecret, keys.secret_key), 0600)) return error;
  return WriteNew(path + ".pub", Line(kPublic, keys.public_key), 0644);
}

llvm::Expected<PublicKey> ReadPublicKey(const std::string& path) {
  return ReadKey<std::tuple_size_v<PublicKey>>(path, kPublic, /*is_secret=*/false);
}

llvm::Expected<SecretKey> ReadSecretKey(const std::string& path) {
  return ReadKey<std::tuple_size_v<SecretKey>>(path, kSecret, /*is_secret=*/true);
}

}  // namespace attnjit
