#include "cache/creation_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "cache/error.h"
#include "cache/record_lock.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

namespace {

constexpr char kLockName[] = ".lock";
constexpr std::chrono::milliseconds kLongestPause{50};

// A byte of the file for each key: that two keys share one is as unlikely as 60 equal digest bits,
// and then they only wait for each other.
int64_t PlaceOf(const CacheKey& key) {
  uint64_t request = 0, toolchain = 0;
  llvm::StringRef(key.request).substr(2, 15).getAsInteger(16, request);
  llvm::StringRef(key.toolchain).take_front(15).getAsInteger(16, toolchain);
  return static_cast<int64_t>(request ^ toolchain);
}

llvm::Expected<UniqueFd> OpenLockFile(const DiskDirectory& directory, const CacheKey& key) {
  llvm::Expected<UniqueFd> shard = directory.OpenShard(key.request, OnMissing::kCreate);
  if (!shard) return shard.takeError();
  const std::string path = directory.ShardPath(key.request) + "/" + kLockName;
  if (!*shard) return UnavailableError("open " + path, ENOENT);
  return OpenRecordFile(shard->get(), kLockName, path, directory.Rules());
}

}  // namespace

llvm::Expected<std::optional<CreationLock>> CreationLock::Try(const DiskDirectory& directory,
                                                              const CacheKey& key) {
  return Acquire(directory, key, std::chrono::milliseconds(0));
}

llvm::Expected<std::optional<CreationLock>> CreationLock::Acquire(const DiskDirectory& directory,
                                                                  const CacheKey& key,
                                                                  std::chrono::milliseconds wait) {
  llvm::Expected<UniqueFd> file = OpenLockFile(directory, key);
  if (!file) return file.takeError();
  const int64_t place = PlaceOf(key);
  const auto deadline = std::chrono::steady_clock::now() + wait;
  std::chrono::microseconds pause{500};
  while (true) {
    const int error = TryLockRecord(file->get(), place, 1);
    if (error == 0) break;
    if (error != EAGAIN) {
      return UnavailableError("lock " + directory.ShardPath(key.request) + "/" + kLockName, error);
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) return std::optional<CreationLock>();
    std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, pause));
    pause = std::min<std::chrono::microseconds>(pause * 2, kLongestPause);
  }
  ::futimens(file->get(), nullptr);  // For FindHeldLocks.
  return std::optional<CreationLock>(CreationLock(std::move(*file), place));
}

CreationLock::~CreationLock() {
  // Not by closing alone: a forked child may still have the descriptor.
  if (fd_) UnlockRecord(fd_.get(), place_, 1);
}

llvm::Expected<std::vector<HeldLock>> FindHeldLocks(const DiskDirectory& directory) {
  std::vector<HeldLock> held;
  llvm::Expected<UniqueFd> version = directory.OpenVersion(OnMissing::kFail);
  if (!version) return version.takeError();
  if (!*version) return held;
  llvm::Expected<std::vector<std::string>> shards =
      ListDirectory(version->get(), directory.VersionPath());
  if (!shards) return shards.takeError();
  for (const std::string& shard : *shards) {
    const std::string name = shard + "/" + kLockName;
    const UniqueFd file(
        ::openat(version->get(), name.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
    struct stat info;
    if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (IsRecordLocked(file.get())) {
      held.push_back({directory.VersionPath() + "/" + name, info.st_mtim.tv_sec});
    }
  }
  return held;
}

}  // namespace attnjit
