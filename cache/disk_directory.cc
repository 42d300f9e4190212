#include "cache/disk_directory.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "cache/error.h"
#include "cache/sha256.h"

namespace attnjit {

namespace {

constexpr llvm::StringLiteral kVersionDirectory = "v1";
constexpr llvm::StringLiteral kEntrySuffix = ".attnjit";
constexpr llvm::StringLiteral kFailureSuffix = ".failed";

using FileKind = DiskDirectory::FileKind;

std::string Shard(llvm::StringRef request) { return request.take_front(2).str(); }

bool IsShardName(llvm::StringRef name) {
  return name.size() == 2 && name.find_first_not_of("0123456789abcdef") == llvm::StringRef::npos;
}

struct NameParts {
  FileKind kind;
  CacheKey key;
};

// nullopt: a name that is none of the cache's.
std::optional<NameParts> ParseFileName(llvm::StringRef name) {
  if (name.startswith(kTemporaryPrefix)) return NameParts{FileKind::kTemporary, {}};
  NameParts parts = {FileKind::kEntry, {}};
  if (!name.consume_back(kEntrySuffix)) {
    if (!name.consume_back(kFailureSuffix)) return std::nullopt;
    parts.kind = FileKind::kFailure;
  }
  if (name.size() != 64 + 1 + 64 || name[64] != '-') return std::nullopt;
  parts.key = {name.take_front(64).str(), name.take_back(64).str()};
  if (!IsValidKey(parts.key)) return std::nullopt;
  return parts;
}

std::string HomeDirectory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  struct passwd entry, *found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &found) != 0) return "";
  return found != nullptr && entry.pw_dir != nullptr ? entry.pw_dir : "";
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

bool IsValidKey(const CacheKey& key) {
  return IsSha256Hex(key.request) && IsSha256Hex(key.toolchain);
}

std::string DiskDirectory::FileName(const CacheKey& key, FileKind kind) {
  return key.request + "-" + key.toolchain +
         (kind == FileKind::kFailure ? kFailureSuffix : kEntrySuffix).str();
}

std::string DiskDirectory::VersionPath() const { return dir_ + "/" + kVersionDirectory.str(); }

std::string DiskDirectory::ShardPath(llvm::StringRef request) const {
  return VersionPath() + "/" + Shard(request);
}

std::string DiskDirectory::FilePath(const CacheKey& key, FileKind kind) const {
  return ShardPath(key.request) + "/" + FileName(key, kind);
}

llvm::Expected<UniqueFd> DiskDirectory::OpenVersion(OnMissing on_missing) const {
  if (dir_.empty()) return UnavailableError("use a cache directory without a name", ENOENT);
  llvm::Expected<UniqueFd> root = OpenPrivateDirectory(dir_, on_missing, rules_);
  if (!root || !*root) return root;
  return OpenPrivateSubdirectory(root->get(), kVersionDirectory.str(), VersionPath(), on_missing,
                                 rules_);
}

llvm::Expected<UniqueFd> DiskDirectory::OpenShard(llvm::StringRef request,
                                                  OnMissing on_missing) const {
  llvm::Expected<UniqueFd> version = OpenVersion(on_missing);
  if (!version || !*version) return version;
  return OpenPrivateSubdirectory(version->get(), Shard(request), ShardPath(request), on_missing,
                                 rules_);
}

llvm::Error DiskDirectory::VisitShard(int version_directory, const std::string& shard,
                                      Visitor visit) const {
  const std::string path = VersionPath() + "/" + shard;
  llvm::Expected<UniqueFd> directory =
      OpenPrivateSubdirectory(version_directory, shard, path, OnMissing::kFail, rules_);
  if (!directory) return directory.takeError();
  if (!*directory) return llvm::Error::success();
  llvm::Expected<std::vector<std::string>> names = ListDirectory(directory->get(), path);
  if (!names) return names.takeError();
  for (const std::string& name : *names) {
    std::optional<NameParts> parts = ParseFileName(name);
    if (!parts || (parts->kind != FileKind::kTemporary && Shard(parts->key.request) != shard)) {
      continue;
    }
    struct stat info;
    if (::fstatat(directory->get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const File file = {parts->kind,
                       directory->get(),
                       name,
                       path + "/" + name,
                       std::move(parts->key),
                       static_cast<uint64_t>(info.st_size),
                       int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
    if (llvm::Error error = visit(file)) return error;
  }
  return llvm::Error::success();
}

llvm::Error DiskDirectory::Visit(Visitor visit) const {
  llvm::Expected<UniqueFd> version = OpenVersion(OnMissing::kFail);
  if (!version) return version.takeError();
  if (!*version) return llvm::Error::success();
  llvm::Expected<std::vector<std::string>> shards = ListDirectory(version->get(), VersionPath());
  if (!shards) return shards.takeError();
  for (const std::string& shard : *shards) {
    if (!IsShardName(shard)) continue;
    if (llvm::Error error = VisitShard(version->get(), shard, visit)) return error;
  }
  return llvm::Error::success();
}

llvm::Error DiskDirectory::VisitShardOf(llvm::StringRef request, Visitor visit) const {
  llvm::Expected<UniqueFd> version = OpenVersion(OnMissing::kFail);
  if (!version) return version.takeError();
  if (!*version) return llvm::Error::success();
  return VisitShard(version->get(), Shard(request), visit);
}

}  // namespace attnjit
