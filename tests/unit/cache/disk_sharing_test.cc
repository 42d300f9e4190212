// Whose directories are used: a group's, by option; anybody's, where the caller vouches for it.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "cache/disk.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kAnna = 54321, kBen = 54322;
constexpr gid_t kTeam = 54320, kOthers = 54329;

DiskOptions Shared() {
  DiskOptions options;
  options.access.group_shared = true;
  return options;
}

bool Become(uid_t user, gid_t group) {
  return ::setgroups(0, nullptr) == 0 && ::setgid(group) == 0 && ::setuid(user) == 0;
}

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) ADD_FAILURE() << "stat " << path;
  return info.st_mode & 07777;
}

class DiskSharingTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "being several users needs the root user";
    ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
  }
  bool Reads(const DiskOptions& options) {
    return DiskCache(dir / "cache", options).Get(entry.key, entry.canonical_spec).entry != nullptr;
  }
  bool Writes(const DiskOptions& options, const CacheEntry& what) {
    llvm::Expected<std::string> put = DiskCache(dir / "cache", options).Put(what);
    if (put) return true;
    llvm::consumeError(put.takeError());
    return false;
  }
  TemporaryDirectory dir;
  CacheEntry entry = MakeEntry();
};

TEST_F(DiskSharingTest, MembersOfAGroupReadAndReplaceEachOthersEntries) {
  ASSERT_EQ(InChild([&] {
              ::umask(077);
              return Become(kAnna, kTeam) && Writes(Shared(), entry);
            }),
            0);
  const std::string path = DiskCache(dir / "cache").EntryPath(entry.key);
  EXPECT_EQ(ModeOf(path), 0660u);
  EXPECT_EQ(ModeOf(fs::path(path).parent_path()), 02770u);
  EXPECT_EQ(ModeOf(dir / "cache"), 02770u);
  EXPECT_EQ(InChild([&] {
              return Become(kBen, kTeam) && Reads(Shared()) && Writes(Shared(), entry) &&
                     Writes(Shared(), MakeEntry(2));
            }),
            0);
  EXPECT_EQ(InChild([&] { return Become(kAnna, kTeam) && Reads(Shared()); }), 0);
  EXPECT_EQ(InChild([&] { return Become(kBen, kTeam) && !Reads({}); }), 0)
      << "Only who asks for sharing shares.";
}

TEST_F(DiskSharingTest, WhoIsNotOfTheGroupIsRefused) {
  ASSERT_EQ(InChild([&] { return Become(kAnna, kTeam) && Writes(Shared(), entry); }), 0);
  ASSERT_EQ(::chmod((dir / "cache").c_str(), 02775), 0);
  EXPECT_EQ(InChild([&] { return Become(kBen, kOthers) && !Reads(Shared()); }), 0);
}

TEST_F(DiskSharingTest, ACallerMayVouchForAnotherUsersDirectory) {
  PutOrFail(DiskCache(dir / "cache"), entry);
  for (const std::string& file : FilesBelow(dir.path())) {
    ASSERT_EQ(::chown((dir / file).c_str(), kAnna, kTeam), 0);
  }
  DiskOptions trusting;
  trusting.access.any_owner = true;
  EXPECT_FALSE(Reads({}));
  EXPECT_TRUE(Reads(trusting));
  ASSERT_EQ(::chmod((dir / "cache").c_str(), 0777), 0);
  EXPECT_TRUE(Reads(trusting));
}

}  // namespace
}  // namespace attnjit
