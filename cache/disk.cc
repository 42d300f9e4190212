#include "cache/disk.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "cache/error.h"
#include "cache/sha256.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

namespace attnjit {

namespace {

constexpr llvm::StringLiteral kVersionDirectory = "v1";
constexpr llvm::StringLiteral kSuffix = ".attnjit";

bool IsValid(const CacheKey& key) { return IsSha256Hex(key.request) && IsSha256Hex(key.toolchain); }

// Made of hexadecimal digits alone: nothing of a spec reaches the file system.
std::string FileName(const CacheKey& key) {
  return key.request + "-" + key.toolchain + kSuffix.str();
}

std::string Shard(llvm::StringRef request) { return request.take_front(2).str(); }

// The key in a file's name; empty parts if it is not an entry's name.
CacheKey KeyOfFileName(llvm::StringRef name) {
  if (name.size() != 64 + 1 + 64 + kSuffix.size() || !name.consume_back(kSuffix)) return {};
  CacheKey key{name.take_front(64).str(), name.take_back(64).str()};
  return IsValid(key) && name[64] == '-' ? key : CacheKey{};
}

std::string Message(llvm::Error error) { return llvm::toString(std::move(error)); }

std::string HomeDirectory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  struct passwd entry, *found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) != 0) return "";
  return found != nullptr && entry.pw_dir != nullptr ? entry.pw_dir : "";
}

// What an entry says of itself fits its own key, spec, source and options.
llvm::Error CheckEntryAgrees(const CacheEntry& entry, const CacheKey& key) {
  if (llvm::Error error = CheckEntryIs(entry, key, entry.canonical_spec)) return error;
  llvm::SmallVector<llvm::StringRef, 16> lines;
  llvm::StringRef(entry.compile_options).split(lines, '\n', -1, /*KeepEmpty=*/false);
  const std::vector<std::string> options(lines.begin(), lines.end());
  if (MakeCacheKey(entry.source, entry.arch, options, key.toolchain) != key) {
    return DamagedError("its source, arch and options do not give its key");
  }
  return llvm::Error::success();
}

}  // namespace

std::string DefaultCacheDir() {
  if (const char* dir = std::getenv("ATTNJIT_CACHE_DIR"); dir != nullptr && *dir != '\0') {
    return dir;
  }
  // The XDG Base Directory Specification: a relative path is to be ignored.
  if (const char* dir = std::getenv("XDG_CACHE_HOME"); dir != nullptr && *dir == '/') {
    return std::string(dir) + "/attnjit";
  }
  const std::string home = HomeDirectory();
  return home.empty() ? "" : home + "/.cache/attnjit";
}

std::string DiskCache::EntryPath(const CacheKey& key) const {
  if (!IsValid(key)) return "";
  return dir_ + "/" + kVersionDirectory.str() + "/" + Shard(key.request) + "/" + FileName(key);
}

llvm::Expected<UniqueFd> DiskCache::OpenVersion(OnMissing on_missing) const {
  if (dir_.empty()) return UnavailableError("use a cache directory without a name", ENOENT);
  llvm::Expected<UniqueFd> root = OpenPrivateDirectory(dir_, on_missing);
  if (!root || !*root) return root;
  return OpenPrivateSubdirectory(root->get(), kVersionDirectory.str(),
                                 dir_ + "/" + kVersionDirectory.str(), on_missing);
}

llvm::Expected<UniqueFd> DiskCache::OpenShard(const CacheKey& key, OnMissing on_missing) const {
  llvm::Expected<UniqueFd> version = OpenVersion(on_missing);
  if (!version || !*version) return version;
  const std::string shard = Shard(key.request);
  return OpenPrivateSubdirectory(version->get(), shard,
                                 dir_ + "/" + kVersionDirectory.str() + "/" + shard, on_missing);
}

Lookup DiskCache::Get(const CacheKey& key, llvm::StringRef canonical_spec, Unpack unpack) const {
  if (!IsValid(key)) return {nullptr, "a cache key that is not hexadecimal"};
  llvm::Expected<UniqueFd> shard = OpenShard(key, OnMissing::kFail);
  if (!shard) return {nullptr, Message(shard.takeError())};
  if (!*shard) return {};
  const std::string path = EntryPath(key);
  auto file =
      ReadPrivateFile(shard->get(), FileName(key), path, kMaxEntryFileBytes, kMaxEntryFileBytes);
  if (!file) return {nullptr, Message(file.takeError())};
  if (!*file) return {};
  llvm::Expected<CacheEntry> entry = ParseEntry((*file)->bytes, unpack);
  if (!entry) return {nullptr, path + ": " + Message(entry.takeError())};
  if (llvm::Error error = CheckEntryIs(*entry, key, canonical_spec)) {
    return {nullptr, path + ": " + Message(std::move(error))};
  }
  return {std::make_shared<const CacheEntry>(std::move(*entry)), ""};
}

llvm::Expected<std::string> DiskCache::Put(const CacheEntry& entry) const {
  llvm::Expected<std::string> bytes = SerializeEntry(entry);
  if (!bytes) return bytes.takeError();
  llvm::Expected<UniqueFd> shard = OpenShard(entry.key, OnMissing::kCreate);
  if (!shard) return shard.takeError();
  const std::string path = EntryPath(entry.key);
  // Between its creation and its opening another process may have removed the directory.
  if (!*shard) return UnavailableError("open the directory of " + path, ENOENT);
  if (llvm::Error error = ReplaceFile(shard->get(), FileName(entry.key), path, *bytes, sync_)) {
    return error;
  }
  return path;
}

llvm::Error DiskCache::VisitShard(int version_directory, const std::string& shard,
                                  Visitor visit) const {
  const std::string path = dir_ + "/" + kVersionDirectory.str() + "/" + shard;
  llvm::Expected<UniqueFd> directory =
      OpenPrivateSubdirectory(version_directory, shard, path, OnMissing::kFail);
  if (!directory) return directory.takeError();
  if (!*directory) return llvm::Error::success();
  llvm::Expected<std::vector<std::string>> names = ListDirectory(directory->get(), path);
  if (!names) return names.takeError();
  for (const std::string& name : *names) {
    File file{directory->get(), name, path + "/" + name, KeyOfFileName(name), 0};
    const bool entry = IsValid(file.key) && Shard(file.key.request) == shard;
    if (!entry && !llvm::StringRef(name).startswith(kTemporaryPrefix)) continue;
    struct stat info;
    if (::fstatat(file.directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    file.bytes = static_cast<uint64_t>(info.st_size);
    if (llvm::Error error = visit(file)) return error;
  }
  return llvm::Error::success();
}

llvm::Error DiskCache::Visit(Visitor visit) const {
  llvm::Expected<UniqueFd> version = OpenVersion(OnMissing::kFail);
  if (!version) return version.takeError();
  if (!*version) return llvm::Error::success();
  llvm::Expected<std::vector<std::string>> shards =
      ListDirectory(version->get(), dir_ + "/" + kVersionDirectory.str());
  if (!shards) return shards.takeError();
  for (const std::string& shard : *shards) {
    if (shard.size() != 2 || shard.find_first_not_of("0123456789abcdef") != std::string::npos) {
      continue;
    }
    if (llvm::Error error = VisitShard(version->get(), shard, visit)) return error;
  }
  return llvm::Error::success();
}

DiskItem DiskCache::ReadItem(const File& file) const {
  DiskItem item{file.path, file.bytes, file.key, {}, ""};
  auto read =
      ReadPrivateFile(file.directory, file.name, file.path, kMaxEntryFileBytes, kEntryInfoBytes);
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
  DiskItem item{file.path, file.bytes, file.key, {}, ""};
  auto read =
      ReadPrivateFile(file.directory, file.name, file.path, kMaxEntryFileBytes, kMaxEntryFileBytes);
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

llvm::Expected<std::vector<DiskItem>> DiskCache::FindByRequest(llvm::StringRef request) const {
  std::vector<DiskItem> found;
  if (!IsSha256Hex(request)) return found;
  llvm::Expected<UniqueFd> version = OpenVersion(OnMissing::kFail);
  if (!version) return version.takeError();
  if (!*version) return found;
  llvm::Error error = VisitShard(version->get(), Shard(request), [&](const File& file) {
    if (file.key.request == request) {
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

llvm::Expected<std::vector<DiskItem>> DiskCache::List() const {
  std::vector<DiskItem> items;
  llvm::Error error = Visit([&](const File& file) {
    if (IsValid(file.key)) items.push_back(ReadItem(file));
    return llvm::Error::success();
  });
  if (error) return error;
  return items;
}

llvm::Expected<std::vector<DiskItem>> DiskCache::Verify() const {
  std::vector<DiskItem> items;
  llvm::Error error = Visit([&](const File& file) {
    if (IsValid(file.key)) items.push_back(VerifyItem(file));
    return llvm::Error::success();
  });
  if (error) return error;
  return items;
}

llvm::Expected<DiskStats> DiskCache::Stats() const {
  DiskStats stats;
  llvm::Error error = Visit([&](const File& file) {
    if (IsValid(file.key)) {
      ++stats.entries;
      stats.bytes += file.bytes;
      stats.damaged += ReadItem(file).problem.empty() ? 0 : 1;
    } else {
      ++stats.temporary_files;
      stats.temporary_bytes += file.bytes;
    }
    return llvm::Error::success();
  });
  if (error) return error;
  return stats;
}

llvm::Expected<DiskStats> DiskCache::Clear() const {
  DiskStats removed;
  llvm::Error error = Visit([&](const File& file) -> llvm::Error {
    if (::unlinkat(file.directory, file.name.c_str(), 0) != 0) {
      if (errno == ENOENT) return llvm::Error::success();
      return UnavailableError("remove " + file.path, errno);
    }
    const bool entry = IsValid(file.key);
    (entry ? removed.entries : removed.temporary_files) += 1;
    (entry ? removed.bytes : removed.temporary_bytes) += file.bytes;
    return llvm::Error::success();
  });
  if (error) return error;
  return removed;
}

}  // namespace attnjit
