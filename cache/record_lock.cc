#include "cache/record_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "cache/error.h"

namespace attnjit {

namespace {

// A length of 0: to the end of the file, however long it grows.
int Control(int fd, int command, short type, int64_t start, int64_t length, struct flock* answer) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  int result = ::fcntl(fd, command, &lock);
  while (result != 0 && errno == EINTR) result = ::fcntl(fd, command, &lock);
  if (answer != nullptr) *answer = lock;
  return result == 0 ? 0 : errno;
}

}  // namespace

llvm::Expected<UniqueFd> OpenRecordFile(int directory, const std::string& name,
                                        const std::string& path, const AccessRules& rules) {
  const mode_t mode = rules.group_shared ? 0660 : 0600;
  UniqueFd file(::openat(directory, name.c_str(),
                         O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode));
  if (!file) return UnavailableError("open " + path, errno);
  struct stat info;
  if (::fstat(file.get(), &info) != 0) return UnavailableError("stat " + path, errno);
  if (!S_ISREG(info.st_mode)) return DamagedError(path + " is not a regular file");
  // The umask may have taken the group's bits; its maker alone can give them back.
  if (rules.group_shared && (info.st_mode & 0060) != 0060) ::fchmod(file.get(), mode);
  return file;
}

int TryLockRecord(int fd, int64_t start, int64_t length) {
  return Control(fd, F_OFD_SETLK, F_WRLCK, start, length, nullptr);
}

void UnlockRecord(int fd, int64_t start, int64_t length) {
  Control(fd, F_OFD_SETLK, F_UNLCK, start, length, nullptr);
}

bool IsRecordLocked(int fd) {
  struct flock found = {};
  return Control(fd, F_OFD_GETLK, F_WRLCK, 0, 0, &found) == 0 && found.l_type != F_UNLCK;
}

}  // namespace attnjit
