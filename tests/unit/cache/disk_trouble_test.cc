// The disk cache where the system refuses: never fatal, and nothing is left behind.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "cache/disk.h"
#include "cache/error.h"
#include "llvm/ADT/ScopeExit.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

struct PutResult {
  bool stored = false;
  CacheError::Kind kind = CacheError::Kind::kDamaged;
  std::string message;
};

PutResult TryPut(const DiskCache& cache, const CacheEntry& entry) {
  PutResult result;
  llvm::Expected<std::string> put = cache.Put(entry);
  result.stored = static_cast<bool>(put);
  if (!put) {
    llvm::handleAllErrors(put.takeError(), [&](const CacheError& error) {
      result.kind = error.kind();
      result.message = error.message();
    });
  }
  return result;
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Nothing but entries and their directories.
bool NoTemporaryFiles(const DiskCache& cache) {
  for (const std::string& file : FilesBelow(cache.Path())) {
    if (Contains(file, ".tmp-")) return false;
  }
  return true;
}

class DiskTroubleTest : public testing::Test {
 protected:
  TemporaryDirectory dir;
  DiskCache cache{dir / "cache"};
  CacheEntry entry = MakeEntry();
};

TEST_F(DiskTroubleTest, AReadOnlyDirectoryStillServesAndRefusesPutWithAReason) {
  PutOrFail(cache, entry);
  // The root user may write anywhere: be somebody else.
  const uid_t user = ::geteuid() == 0 ? kNobody : ::geteuid();
  if (user == kNobody) {
    ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
    for (const std::string& file : FilesBelow(dir.path())) {
      ASSERT_EQ(::chown((dir / file).c_str(), user, user), 0);
    }
  }
  const fs::path shard = fs::path(cache.EntryPath(entry.key)).parent_path();
  ASSERT_EQ(::chmod(shard.c_str(), 0500), 0);
  ASSERT_EQ(::chmod(shard.parent_path().c_str(), 0500), 0);
  EXPECT_EQ(InChild([&] {
              if (user == kNobody && ::setuid(user) != 0) return false;
              const PutResult put = TryPut(cache, entry);
              const PutResult other = TryPut(cache, MakeEntry(2));
              return cache.Get(entry.key, entry.canonical_spec).entry != nullptr && !put.stored &&
                     put.kind == CacheError::Kind::kUnavailable &&
                     Contains(put.message, "ATTNJIT_CACHE_DIR") && !other.stored &&
                     Contains(other.message, "create the directory");
            }),
            0);
  ASSERT_EQ(::chmod(shard.parent_path().c_str(), 0700), 0);
  ASSERT_EQ(::chmod(shard.c_str(), 0700), 0);
}

TEST_F(DiskTroubleTest, AFileWhereTheDirectoryShouldBeIsAnError) {
  WriteFile(cache.Path(), "a file");
  const PutResult put = TryPut(cache, entry);
  EXPECT_FALSE(put.stored);
  EXPECT_TRUE(Contains(put.message, "Not a directory")) << put.message;
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).problem, "");
}

TEST_F(DiskTroubleTest, ADirectoryWithoutANameIsAnError) {
  EXPECT_FALSE(TryPut(DiskCache(""), entry).stored);
  EXPECT_NE(DiskCache("").Get(entry.key, entry.canonical_spec).problem, "");
}

TEST_F(DiskTroubleTest, AWriteThatFailsHalfwayLeavesNothingBehind) {
  // A limit on file sizes fails in the middle of the write, as a full disk does, for any user.
  PutOrFail(cache, MakeEntry(2));
  EXPECT_EQ(InChild([&] {
              ::signal(SIGXFSZ, SIG_IGN);
              const struct rlimit limit = {1000, 1000};
              if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
              const PutResult put = TryPut(cache, entry);
              return !put.stored && put.kind == CacheError::Kind::kUnavailable &&
                     Contains(put.message, "write") && NoTemporaryFiles(cache) &&
                     cache.Get(entry.key, entry.canonical_spec).problem.empty();
            }),
            0);
}

TEST_F(DiskTroubleTest, AFullDiskKeepsTheOldEntryAndLeavesNothingBehind) {
  ASSERT_EQ(::mkdir(cache.Path().c_str(), 0700), 0);
  if (::mount("tmpfs", cache.Path().c_str(), "tmpfs", 0, "size=32k,mode=0700") != 0) {
    GTEST_SKIP() << "mounting a small file system needs the root user";
  }
  auto unmount = llvm::make_scope_exit([&] { EXPECT_EQ(::umount(cache.Path().c_str()), 0); });
  PutOrFail(cache, entry);
  CacheEntry larger = entry;
  for (int i = 2; larger.cubin.size() < 40000; ++i) larger.cubin += MakeEntry(i).cubin;
  const PutResult put = TryPut(cache, larger);
  EXPECT_FALSE(put.stored);
  EXPECT_TRUE(Contains(put.message, "No space left")) << put.message;
  EXPECT_TRUE(Contains(put.message, "ATTNJIT_CACHE_DIR")) << put.message;
  EXPECT_TRUE(NoTemporaryFiles(cache));
  const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
  EXPECT_TRUE(lookup.entry != nullptr && SameEntry(*lookup.entry, entry));
}

TEST_F(DiskTroubleTest, AReadOnlyFileSystemStillServes) {
  ASSERT_EQ(::mkdir(cache.Path().c_str(), 0700), 0);
  if (::mount("tmpfs", cache.Path().c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    GTEST_SKIP() << "mounting a read-only file system needs the root user";
  }
  auto unmount = llvm::make_scope_exit([&] { EXPECT_EQ(::umount(cache.Path().c_str()), 0); });
  PutOrFail(cache, entry);
  ASSERT_EQ(::mount("tmpfs", cache.Path().c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr), 0);
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
  const PutResult put = TryPut(cache, MakeEntry(2));
  EXPECT_FALSE(put.stored);
  EXPECT_TRUE(Contains(put.message, "Read-only file system")) << put.message;
}

// A directory that others control is not used: neither read nor written.
void ExpectRefused(const DiskCache& cache, const CacheEntry& entry, const std::string& why) {
  const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
  EXPECT_EQ(lookup.entry, nullptr);
  EXPECT_TRUE(Contains(lookup.problem, why)) << lookup.problem;
  const PutResult put = TryPut(cache, entry);
  EXPECT_FALSE(put.stored);
  EXPECT_EQ(put.kind, CacheError::Kind::kUnsafe);
  EXPECT_TRUE(Contains(put.message, why)) << put.message;
  llvm::Expected<std::vector<DiskItem>> list = cache.List();
  EXPECT_FALSE(list);
  llvm::consumeError(list.takeError());
}

TEST_F(DiskTroubleTest, ADirectoryThatAnyoneMayWriteIsRefused) {
  PutOrFail(cache, entry);
  const fs::path shard = fs::path(cache.EntryPath(entry.key)).parent_path();
  for (const fs::path& path : {fs::path(cache.Path()), shard.parent_path(), shard}) {
    ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
    ExpectRefused(cache, entry, "anyone may write to the directory " + path.string());
    ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  }
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
}

TEST_F(DiskTroubleTest, ADirectoryOfAnotherUserIsRefused) {
  if (::geteuid() != 0) {
    ExpectRefused(DiskCache("/usr"), entry, "belongs to user 0");
    return;
  }
  PutOrFail(cache, entry);
  ASSERT_EQ(::chown(cache.Path().c_str(), kNobody, kNobody), 0);
  ExpectRefused(cache, entry, "belongs to user 65534");
}

TEST_F(DiskTroubleTest, AnEntryOfAnotherUserIsNotLoaded) {
  if (::geteuid() != 0) GTEST_SKIP() << "giving a file to another user needs the root user";
  const std::string path = PutOrFail(cache, entry);
  ASSERT_EQ(::chown(path.c_str(), kNobody, kNobody), 0);
  const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
  EXPECT_EQ(lookup.entry, nullptr);
  EXPECT_TRUE(Contains(lookup.problem, "belongs to user 65534")) << lookup.problem;
}

TEST_F(DiskTroubleTest, ALinkInPlaceOfAShardIsNotFollowed) {
  const fs::path shard = fs::path(PutOrFail(cache, entry)).parent_path();
  fs::rename(shard, dir / "elsewhere");
  fs::create_directory_symlink(dir / "elsewhere", shard);
  EXPECT_EQ(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
  EXPECT_FALSE(TryPut(cache, entry).stored);
}

}  // namespace
}  // namespace attnjit
