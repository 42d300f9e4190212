#include "cache/bundle/sealed_file.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cache/error.h"

namespace attnjit {

namespace {

// The frame's magic number 0x184D2A5A and its content's length, little-endian; what it is.
constexpr char kSealHead[] =
    "\x5A\x2A\x4D\x18\x28\x00\x00\x00"
    "attnjit1";
constexpr size_t kSealHeadBytes = sizeof(kSealHead) - 1;
static_assert(kSealHeadBytes + crypto_hash_sha256_BYTES == kSealBytes);

constexpr size_t kBufferBytes = size_t{1} << 20;

std::string SealOf(crypto_hash_sha256_state& state) {
  std::string seal(kSealHead, kSealHeadBytes);
  seal.resize(kSealBytes);
  ::crypto_hash_sha256_final(&state,
                             reinterpret_cast<unsigned char*>(seal.data()) + kSealHeadBytes);
  return seal;
}

void Update(crypto_hash_sha256_state& state, llvm::StringRef bytes) {
  ::crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()),
                              bytes.size());
}

// 0, or errno. Past the end of the file: EIO.
int ReadExactly(int fd, char* out, size_t size) {
  while (size != 0) {
    const ssize_t n = ::read(fd, out, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    out += n;
    size -= static_cast<size_t>(n);
  }
  return 0;
}

}  // namespace

struct SealedWriter::Hash {
  crypto_hash_sha256_state state;
};

SealedWriter::SealedWriter(UniqueFd file, std::string temporary, std::string path)
    : file_(std::move(file)),
      temporary_(std::move(temporary)),
      path_(std::move(path)),
      hash_(std::make_unique<Hash>()) {
  ::crypto_hash_sha256_init(&hash_->state);
}

llvm::Expected<std::unique_ptr<SealedWriter>> SealedWriter::Create(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  std::string temporary = directory + kTemporaryPrefix.str() + "XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
  if (fd < 0) return UnavailableError("create a file beside " + path, errno);
  return std::unique_ptr<SealedWriter>(new SealedWriter(UniqueFd(fd), temporary, path));
}

SealedWriter::~SealedWriter() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

llvm::Error SealedWriter::Write(llvm::StringRef bytes) {
  Update(hash_->state, bytes);
  written_ += bytes.size();
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return UnavailableError("write " + path_, errno);
    bytes = bytes.drop_front(static_cast<size_t>(n));
  }
  return llvm::Error::success();
}

llvm::Expected<uint64_t> SealedWriter::Commit() {
  if (llvm::Error error = Write(SealOf(hash_->state))) return error;
  if (::fchmod(file_.get(), 0644) != 0 || ::fsync(file_.get()) != 0 ||
      ::close(file_.release()) != 0) {
    return UnavailableError("write " + path_, errno);
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return UnavailableError("rename a new file to " + path_, errno);
  }
  temporary_.clear();
  return written_;
}

llvm::Expected<SealedFile> OpenSealed(const std::string& path) {
  SealedFile sealed{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), 0};
  if (!sealed.file) return UnavailableError("open " + path, errno);
  struct stat info;
  if (::fstat(sealed.file.get(), &info) != 0) return UnavailableError("stat " + path, errno);
  const auto size = static_cast<uint64_t>(info.st_size);
  if (!S_ISREG(info.st_mode) || size < kSealBytes) {
    return DamagedError(path + " is not a bundle: it is too short for one");
  }
  sealed.bytes = size - kSealBytes;
  crypto_hash_sha256_state state;
  ::crypto_hash_sha256_init(&state);
  std::string buffer(kBufferBytes, '\0');
  for (uint64_t left = sealed.bytes; left != 0;) {
    const size_t part = static_cast<size_t>(std::min<uint64_t>(left, buffer.size()));
    if (int error = ReadExactly(sealed.file.get(), buffer.data(), part)) {
      return UnavailableError("read " + path, error);
    }
    Update(state, llvm::StringRef(buffer.data(), part));
    left -= part;
  }
  std::string seal(kSealBytes, '\0');
  if (int error = ReadExactly(sealed.file.get(), seal.data(), seal.size())) {
    return UnavailableError("read " + path, error);
  }
  if (seal != SealOf(state)) {
    return DamagedError(path +
                        " is not a whole, unchanged bundle: its seal does not fit its bytes");
  }
  return sealed;
}

}  // namespace attnjit
