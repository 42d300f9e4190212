#include "cache/file_io.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cache/error.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

namespace attnjit {

int UniqueFd::release() {
  int fd = fd_;
  fd_ = -1;
  return fd;
}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

template <typename Call>
auto RetryOnSignal(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

bool IsOwnGroup(gid_t group) {
  if (group == ::getegid()) return true;
  std::vector<gid_t> groups(static_cast<size_t>(std::max(0, ::getgroups(0, nullptr))));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  return count > 0 &&
         std::find(groups.begin(), groups.begin() + count, group) != groups.begin() + count;
}

bool IsAccepted(const struct stat& info, const AccessRules& rules) {
  return info.st_uid == ::geteuid() || (rules.root_owned && info.st_uid == 0) ||
         (rules.group_shared && IsOwnGroup(info.st_gid));
}

llvm::Error CheckOwner(const struct stat& info, const std::string& path, const char* kind,
                       const AccessRules& rules) {
  if (rules.any_owner) return llvm::Error::success();
  if (!IsAccepted(info, rules)) {
    return UnsafeError(
        "the " + llvm::Twine(kind) + " " + path + " belongs to user " + llvm::Twine(info.st_uid) +
        ", not to user " + llvm::Twine(::geteuid()) +
        ", and is not used; name a directory of your own with ATTNJIT_CACHE_DIR, or set "
        "ATTNJIT_CACHE_TRUST=1 if you trust whoever can write to it");
  }
  if (info.st_mode & S_IWOTH) {
    return UnsafeError("anyone may write to the " + llvm::Twine(kind) + " " + path +
                       ", so it is not used; chmod o-w it, or name another directory with "
                       "ATTNJIT_CACHE_DIR");
  }
  return llvm::Error::success();
}

llvm::Expected<UniqueFd> CheckedDirectory(int fd, int error, const std::string& path,
                                          const AccessRules& rules) {
  if (fd < 0) {
    if (error == ENOENT) return UniqueFd();
    return UnavailableError("open the directory " + path, error);
  }
  UniqueFd directory(fd);
  struct stat info;
  if (::fstat(fd, &info) != 0) return UnavailableError("stat " + path, errno);
  if (llvm::Error unsafe = CheckOwner(info, path, "directory", rules)) return unsafe;
  return directory;
}

llvm::Error MakeDirectories(const std::string& path) {
  for (size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      // A parent that exists may still refuse (EROFS, EACCES) before saying so: only its absence
      // is an error here, and the last one decides.
      const int error = errno;
      struct stat info;
      if (::stat(part.c_str(), &info) != 0) {
        return UnavailableError("create the directory " + part, error);
      }
    }
  }
  return llvm::Error::success();
}

std::string TemporaryName() {
  uint8_t random[8];
  // 8 bytes never come short or interrupted (getrandom(2)); EXCL answers a name already taken.
  if (::getrandom(random, sizeof random, 0) != sizeof random) random[0] = 0;
  return (kTemporaryPrefix + llvm::Twine(::getpid()) + "-").str() +
         llvm::toHex(llvm::ArrayRef<uint8_t>(random), /*LowerCase=*/true);
}

// 0, or the errno of what failed.
int WriteAll(int fd, llvm::StringRef bytes) {
  while (!bytes.empty()) {
    const ssize_t n = RetryOnSignal([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (n < 0) return errno;
    bytes = bytes.drop_front(static_cast<size_t>(n));
  }
  return 0;
}

// Fills `out`; false at an early end or an error, which is in errno (0 at an early end).
bool ReadAll(int fd, std::string* out) {
  for (size_t done = 0; done < out->size();) {
    errno = 0;
    const ssize_t n =
        RetryOnSignal([&] { return ::read(fd, out->data() + done, out->size() - done); });
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// A new directory of a shared cache: the umask took the group's bits, and what is made in it is to
// be the group's too. Not being its owner (another process made it) leaves it as it is.
void SetGroupMode(int directory, const AccessRules& rules) {
  if (rules.group_shared) ::fchmod(directory, 02770);
}

}  // namespace

llvm::Expected<UniqueFd> OpenPrivateDirectory(const std::string& path, OnMissing on_missing,
                                              const AccessRules& rules) {
  int fd = ::open(path.c_str(), kDirectoryFlags);
  if (fd < 0 && errno == ENOENT && on_missing == OnMissing::kCreate) {
    if (llvm::Error error = MakeDirectories(path)) return error;
    fd = ::open(path.c_str(), kDirectoryFlags);
    if (fd >= 0) SetGroupMode(fd, rules);
  }
  return CheckedDirectory(fd, errno, path, rules);
}

llvm::Expected<UniqueFd> OpenPrivateSubdirectory(int directory, const std::string& name,
                                                 const std::string& path, OnMissing on_missing,
                                                 const AccessRules& rules) {
  int fd = ::openat(directory, name.c_str(), kDirectoryFlags | O_NOFOLLOW);
  if (fd < 0 && errno == ENOENT && on_missing == OnMissing::kCreate) {
    if (::mkdirat(directory, name.c_str(), 0700) != 0 && errno != EEXIST) {
      return UnavailableError("create the directory " + path, errno);
    }
    fd = ::openat(directory, name.c_str(), kDirectoryFlags | O_NOFOLLOW);
    if (fd >= 0) SetGroupMode(fd, rules);
  }
  return CheckedDirectory(fd, errno, path, rules);
}

llvm::Expected<std::optional<FileBytes>> ReadPrivateFile(int directory, const std::string& name,
                                                         const std::string& path, uint64_t limit,
                                                         uint64_t wanted,
                                                         const AccessRules& rules) {
  // O_NONBLOCK: a pipe in the file's place must not make the open wait for a writer.
  UniqueFd fd(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    if (errno == ENOENT) return std::nullopt;
    if (errno == ELOOP) return DamagedError(path + " is a symbolic link, which is not followed");
    return UnavailableError("open " + path, errno);
  }
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return UnavailableError("stat " + path, errno);
  if (!S_ISREG(info.st_mode)) return DamagedError(path + " is not a regular file");
  if (llvm::Error unsafe = CheckOwner(info, path, "file", rules)) return unsafe;
  FileBytes file;
  file.size = static_cast<uint64_t>(info.st_size);
  file.modified_unix = info.st_mtim.tv_sec;
  if (file.size > limit) {
    return DamagedError(path + " is too long: " + llvm::Twine(file.size) + " bytes of at most " +
                        llvm::Twine(limit));
  }
  file.bytes.resize(std::min(file.size, wanted));
  if (!ReadAll(fd.get(), &file.bytes)) {
    if (errno == 0) return DamagedError(path + " shrank while it was read");
    return UnavailableError("read " + path, errno);
  }
  return file;
}

llvm::Error ReplaceFile(int directory, const std::string& name, const std::string& path,
                        llvm::StringRef bytes, bool sync, const AccessRules& rules) {
  const std::string temporary = TemporaryName();
  UniqueFd fd(::openat(directory, temporary.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return UnavailableError("create a file beside " + path, errno);
  auto remove = llvm::make_scope_exit([&] { ::unlinkat(directory, temporary.c_str(), 0); });
  // The umask may have taken the group's bits.
  if (rules.group_shared && ::fchmod(fd.get(), 0660) != 0) {
    return UnavailableError("set the mode of " + path, errno);
  }
  if (int error = WriteAll(fd.get(), bytes)) return UnavailableError("write " + path, error);
  if (sync && ::fsync(fd.get()) != 0) return UnavailableError("sync " + path, errno);
  // Some file systems (NFS, quotas) report a failed write only here.
  if (::close(fd.release()) != 0) return UnavailableError("write " + path, errno);
  if (::renameat(directory, temporary.c_str(), directory, name.c_str()) != 0) {
    return UnavailableError("rename a new file to " + path, errno);
  }
  remove.release();
  return llvm::Error::success();
}

llvm::Expected<std::vector<std::string>> ListDirectory(int directory, const std::string& path) {
  // A directory stream owns its descriptor and its position: give it one of its own.
  const int fd = ::openat(directory, ".", kDirectoryFlags);
  if (fd < 0) return UnavailableError("list " + path, errno);
  DIR* stream = ::fdopendir(fd);
  if (stream == nullptr) {
    const int error = errno;
    ::close(fd);
    return UnavailableError("list " + path, error);
  }
  auto close = llvm::make_scope_exit([&] { ::closedir(stream); });
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* item = ::readdir(stream)) {
    const llvm::StringRef name = item->d_name;
    if (name != "." && name != "..") names.push_back(name.str());
    errno = 0;
  }
  if (errno != 0) return UnavailableError("list " + path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace attnjit
