// DiskCache's view of all its files: listing, counting, verifying, removing.
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cache/disk.h"
#include "cache/error.h"
#include "llvm/ADT/SmallVector.h"

namespace attnjit {

namespace {

using File = DiskDirectory::File;
using FileKind = DiskDirectory::FileKind;

constexpr int64_t kSecond = 1'000'000'000;

std::string Message(llvm::Error error) { return llvm::toString(std::move(error)); }

// What an entry says of itself fits its own key, spec, source and options.
llvm::Error CheckEntryAgrees(const CacheEntry& entry, const CacheKey& key) {
  if (llvm::Error error = CheckEntryIs(entry, key, entry.canonical_spec)) return error;
  return CheckEntrySource(entry);
}

void Count(const File& file, DiskStats& stats) {
  switch (file.kind) {
    case FileKind::kEntry:
      ++stats.entries;
      stats.bytes += file.bytes;
      break;
    case FileKind::kFailure:
      ++stats.failures;
      break;
    case FileKind::kTemporary:
      ++stats.temporary_files;
      stats.temporary_bytes += file.bytes;
      break;
  }
}

// One that is gone already was removed by another process: that is as good.
llvm::Error Remove(int directory, const std::string& name, const std::string& path) {
  if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) {
    return llvm::Error::success();
  }
  return UnavailableError("remove " + path, errno);
}

}  // namespace

DiskItem DiskCache::ReadItem(const File& file) const {
  DiskItem item{file.path, file.bytes, file.modified_ns / kSecond, file.key, {}, ""};
  auto read = ReadPrivateFile(file.directory, file.name, file.path, kMaxEntryFileBytes,
                              kEntryInfoBytes, options_.access);
  if (!read) {
    item.problem = Message(read.takeError());
  } else if (!*read) {
    item.problem = file.path + " was removed";
  } else if (auto info = ReadEntryInfo((*read)->bytes, (*read)->size)) {
    item.info = std::move(*info);
    if (item.info.key != file.key) item.problem = file.path + ": it holds another key";
  } else {
    item.problem = file.path + ": " + Message(info.takeError());
  }
  return item;
}

DiskItem DiskCache::VerifyItem(const File& file) const {
  DiskItem item{file.path, file.bytes, file.modified_ns / kSecond, file.key, {}, ""};
  auto read = ReadPrivateFile(file.directory, file.name, file.path, kMaxEntryFileBytes,
                              kMaxEntryFileBytes, options_.access);
  if (!read) {
    item.problem = Message(read.takeError());
  } else if (!*read) {
    item.problem = file.path + " was removed";
  } else if (auto entry = ParseEntry((*read)->bytes)) {
    if (llvm::Error error = CheckEntryAgrees(*entry, file.key)) {
      item.problem = file.path + ": " + Message(std::move(error));
    }
    item.info = std::move(*entry);
  } else {
    item.problem = file.path + ": " + Message(entry.takeError());
  }
  return item;
}

llvm::Expected<std::vector<DiskItem>> DiskCache::List() const {
  std::vector<DiskItem> items;
  llvm::Error error = directory_.Visit([&](const File& file) {
    if (file.kind == FileKind::kEntry) items.push_back(ReadItem(file));
    return llvm::Error::success();
  });
  if (error) return error;
  return items;
}

llvm::Expected<std::vector<DiskItem>> DiskCache::Verify() const {
  std::vector<DiskItem> items;
  llvm::Error error = directory_.Visit([&](const File& file) {
    if (file.kind == FileKind::kEntry) items.push_back(VerifyItem(file));
    return llvm::Error::success();
  });
  if (error) return error;
  return items;
}

llvm::Expected<DiskStats> DiskCache::Stats() const {
  DiskStats stats;
  llvm::Error error = directory_.Visit([&](const File& file) {
    Count(file, stats);
    if (file.kind == FileKind::kEntry && !ReadItem(file).problem.empty()) ++stats.damaged;
    return llvm::Error::success();
  });
  if (error) return error;
  return stats;
}

llvm::Expected<PruneResult> DiskCache::Prune(const PruneLimits& limits, int64_t now_unix) const {
  PruneResult result;
  std::vector<File> entries;  // Their directories are closed after the visit.
  const auto is_older = [&](const File& file, int64_t seconds) {
    return now_unix - file.modified_ns / kSecond >= seconds;
  };
  llvm::Error error = directory_.Visit([&](const File& file) -> llvm::Error {
    const bool expired =
        file.kind == FileKind::kEntry
            ? limits.max_age_seconds && is_older(file, *limits.max_age_seconds)
            : is_older(file, file.kind == FileKind::kFailure ? kFailureSeconds : kTemporarySeconds);
    if (!expired) {
      Count(file, result.kept);
      if (file.kind == FileKind::kEntry) entries.push_back(file);
      return llvm::Error::success();
    }
    Count(file, result.removed);
    return Remove(file.directory, file.name, file.path);
  });
  if (error) return error;
  if (!limits.max_bytes || result.kept.bytes <= *limits.max_bytes) return result;
  std::sort(entries.begin(), entries.end(), [](const File& a, const File& b) {
    return std::tie(a.modified_ns, a.name) < std::tie(b.modified_ns, b.name);
  });
  for (const File& file : entries) {
    if (result.kept.bytes <= *limits.max_bytes) break;
    llvm::Expected<UniqueFd> shard = directory_.OpenShard(file.key.request, OnMissing::kFail);
    if (!shard) return shard.takeError();
    if (*shard) {
      if (llvm::Error failed = Remove(shard->get(), file.name, file.path)) return failed;
    }
    Count(file, result.removed);
    --result.kept.entries;
    result.kept.bytes -= file.bytes;
  }
  return result;
}

llvm::Expected<DiskStats> DiskCache::Clear() const {
  DiskStats removed;
  llvm::Error error = directory_.Visit([&](const File& file) -> llvm::Error {
    if (llvm::Error failed = Remove(file.directory, file.name, file.path)) return failed;
    Count(file, removed);
    return llvm::Error::success();
  });
  if (error) return error;
  return removed;
}

}  // namespace attnjit
