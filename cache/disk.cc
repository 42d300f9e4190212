#include "cache/disk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "cache/error.h"
#include "cache/sha256.h"
#include "llvm/ADT/Twine.h"

namespace attnjit {

namespace {

using FileKind = DiskDirectory::FileKind;

Lookup Miss(llvm::Error error, const std::string& path = "") {
  Lookup lookup;
  llvm::handleAllErrors(std::move(error), [&](const CacheError& e) {
    lookup.problem = (path.empty() ? "" : path + ": ") + e.message();
    lookup.system_error = e.system_error();
  });
  return lookup;
}

// The time of its last use is the time of a file's last change: reading does not change that, and
// unlike the time of its last reading it is kept by every mount. Failing costs a less exact order.
void MarkUsed(int directory, const std::string& name, int64_t modified_unix) {
  if (std::time(nullptr) - modified_unix < kUsedResolutionSeconds) return;
  const struct timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  ::utimensat(directory, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
}

}  // namespace

std::string DiskCache::EntryPath(const CacheKey& key) const {
  return IsValidKey(key) ? directory_.FilePath(key, FileKind::kEntry) : "";
}

Lookup DiskCache::Get(const CacheKey& key, llvm::StringRef canonical_spec, Unpack unpack) const {
  if (!IsValidKey(key)) return {nullptr, "a cache key that is not hexadecimal", 0};
  llvm::Expected<UniqueFd> shard = directory_.OpenShard(key.request, OnMissing::kFail);
  if (!shard) return Miss(shard.takeError());
  if (!*shard) return {};
  const std::string path = EntryPath(key);
  const std::string name = DiskDirectory::FileName(key, FileKind::kEntry);
  auto file = ReadPrivateFile(shard->get(), name, path, kMaxEntryFileBytes, kMaxEntryFileBytes,
                              options_.access);
  if (!file) return Miss(file.takeError());
  if (!*file) return {};
  llvm::Expected<CacheEntry> entry = ParseEntry((*file)->bytes, unpack);
  if (!entry) return Miss(entry.takeError(), path);
  if (llvm::Error error = CheckEntryIs(*entry, key, canonical_spec)) {
    return Miss(std::move(error), path);
  }
  if (!options_.read_only) MarkUsed(shard->get(), name, (*file)->modified_unix);
  return {std::make_shared<const CacheEntry>(std::move(*entry)), "", 0};
}

llvm::Expected<std::string> DiskCache::Put(const CacheEntry& entry) const {
  llvm::Expected<std::string> bytes = SerializeEntry(entry);
  if (!bytes) return bytes.takeError();
  return PutBytes(entry.key, *bytes);
}

llvm::Expected<std::string> DiskCache::PutBytes(const CacheKey& key, llvm::StringRef bytes) const {
  const std::string path = directory_.FilePath(key, FileKind::kEntry);
  if (options_.read_only) return UnavailableError("write " + path, EROFS);
  llvm::Expected<UniqueFd> shard = directory_.OpenShard(key.request, OnMissing::kCreate);
  if (!shard) return shard.takeError();
  // Between its creation and its opening another process may have removed the directory.
  if (!*shard) return UnavailableError("open the directory of " + path, ENOENT);
  if (llvm::Error error = ReplaceFile(shard->get(), DiskDirectory::FileName(key, FileKind::kEntry),
                                      path, bytes, options_.sync, options_.access)) {
    return error;
  }
  return path;
}

llvm::Expected<std::string> DiskCache::ReadBytes(const CacheKey& key) const {
  if (!IsValidKey(key)) return DamagedError("a cache key that is not hexadecimal");
  const std::string path = EntryPath(key);
  llvm::Expected<UniqueFd> shard = directory_.OpenShard(key.request, OnMissing::kFail);
  if (!shard) return shard.takeError();
  if (!*shard) return UnavailableError("open " + path, ENOENT);
  auto file = ReadPrivateFile(shard->get(), DiskDirectory::FileName(key, FileKind::kEntry), path,
                              kMaxEntryFileBytes, kMaxEntryFileBytes, options_.access);
  if (!file) return file.takeError();
  if (!*file) return UnavailableError("open " + path, ENOENT);
  return std::move((*file)->bytes);
}

std::optional<CompileFailure> DiskCache::GetFailure(const CacheKey& key, int64_t now_unix) const {
  if (!IsValidKey(key)) return std::nullopt;
  // What cannot be read is not known: the compilation is tried again, and says what is wrong.
  const auto forget = [](llvm::Error error) {
    llvm::consumeError(std::move(error));
    return std::nullopt;
  };
  llvm::Expected<UniqueFd> shard = directory_.OpenShard(key.request, OnMissing::kFail);
  if (!shard) return forget(shard.takeError());
  if (!*shard) return std::nullopt;
  auto file = ReadPrivateFile(shard->get(), DiskDirectory::FileName(key, FileKind::kFailure),
                              directory_.FilePath(key, FileKind::kFailure), kMaxFailureBytes,
                              kMaxFailureBytes, options_.access);
  if (!file) return forget(file.takeError());
  if (!*file) return std::nullopt;
  llvm::Expected<CompileFailure> failure = ParseFailure((*file)->bytes);
  if (!failure) return forget(failure.takeError());
  const int64_t age = now_unix - failure->created_unix;
  if (age < 0 || age >= kFailureSeconds) return std::nullopt;
  return std::move(*failure);
}

llvm::Error DiskCache::PutFailure(const CacheKey& key, const CompileFailure& failure) const {
  if (!IsValidKey(key) || options_.read_only) return llvm::Error::success();
  llvm::Expected<UniqueFd> shard = directory_.OpenShard(key.request, OnMissing::kCreate);
  if (!shard) return shard.takeError();
  const std::string path = directory_.FilePath(key, FileKind::kFailure);
  if (!*shard) return UnavailableError("open the directory of " + path, ENOENT);
  return ReplaceFile(shard->get(), DiskDirectory::FileName(key, FileKind::kFailure), path,
                     SerializeFailure(failure), options_.sync, options_.access);
}

llvm::Expected<std::vector<DiskItem>> DiskCache::FindByRequest(llvm::StringRef request) const {
  std::vector<DiskItem> found;
  if (!IsSha256Hex(request)) return found;
  llvm::Error error = directory_.VisitShardOf(request, [&](const DiskDirectory::File& file) {
    if (file.kind == FileKind::kEntry && file.key.request == request) {
      DiskItem item = ReadItem(file);
      if (item.problem.empty()) found.push_back(std::move(item));
    }
    return llvm::Error::success();
  });
  if (error) return error;
  std::stable_sort(found.begin(), found.end(), [](const DiskItem& a, const DiskItem& b) {
    return a.info.created_unix > b.info.created_unix;
  });
  return found;
}

}  // namespace attnjit
