// The disk cache where all goes well, and where an entry is damaged.
#include "cache/disk.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "cache/error.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

namespace fs = std::filesystem;

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0) ADD_FAILURE() << "stat " << path;
  return info.st_mode & 07777;
}

DiskOptions Synced() {
  DiskOptions options;
  options.sync = true;
  return options;
}

class DiskCacheTest : public testing::Test {
 protected:
  // The entry is missed with a problem that contains `what`, and the next Put and Get work again.
  void ExpectReportedAndReplaced(const std::string& what) {
    const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
    EXPECT_EQ(lookup.entry, nullptr);
    EXPECT_NE(lookup.problem.find(what), std::string::npos) << lookup.problem;
    EXPECT_NE(lookup.problem.find(cache.EntryPath(entry.key)), std::string::npos) << lookup.problem;
    PutOrFail(cache, entry);
    const Lookup again = cache.Get(entry.key, entry.canonical_spec);
    ASSERT_NE(again.entry, nullptr) << again.problem;
    EXPECT_TRUE(SameEntry(*again.entry, entry));
    EXPECT_EQ(Take(cache.Stats()).temporary_files, 0);
  }

  TemporaryDirectory dir;
  DiskCache cache{dir / "cache"};
  CacheEntry entry = MakeEntry();
};

TEST_F(DiskCacheTest, GivesBackWhatWasPut) {
  EXPECT_EQ(PutOrFail(cache, entry), cache.EntryPath(entry.key));
  const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
  ASSERT_NE(lookup.entry, nullptr) << lookup.problem;
  EXPECT_TRUE(SameEntry(*lookup.entry, entry));
  EXPECT_EQ(lookup.problem, "");
}

TEST_F(DiskCacheTest, AnotherCacheOfTheSameDirectorySeesIt) {
  PutOrFail(cache, entry);
  EXPECT_NE(DiskCache(cache.Path()).Get(entry.key, entry.canonical_spec).entry, nullptr);
}

TEST_F(DiskCacheTest, SyncedEntriesAreTheSame) {
  PutOrFail(DiskCache(cache.Path(), Synced()), entry);
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
}

TEST_F(DiskCacheTest, UnpackingToRunLeavesOutSourceAndPtx) {
  PutOrFail(cache, entry);
  const Lookup lookup = cache.Get(entry.key, entry.canonical_spec, Unpack::kToRun);
  ASSERT_NE(lookup.entry, nullptr);
  EXPECT_EQ(lookup.entry->cubin, entry.cubin);
  EXPECT_EQ(lookup.entry->source, "");
  EXPECT_EQ(lookup.entry->ptx, "");
}

TEST_F(DiskCacheTest, ReadingCreatesNothingAndMissesQuietly) {
  const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
  EXPECT_EQ(lookup.entry, nullptr);
  EXPECT_EQ(lookup.problem, "");
  EXPECT_TRUE(Take(cache.List()).empty());
  EXPECT_TRUE(Take(cache.Verify()).empty());
  EXPECT_TRUE(Take(cache.FindByRequest(entry.key.request)).empty());
  EXPECT_EQ(Take(cache.Stats()).entries, 0);
  EXPECT_EQ(Take(cache.Clear()).entries, 0);
  EXPECT_FALSE(fs::exists(cache.Path()));
}

TEST_F(DiskCacheTest, FilesAndDirectoriesAreTheUsersOwn) {
  const mode_t mask = ::umask(0);
  const std::string path = PutOrFail(cache, entry);
  ::umask(mask);
  EXPECT_EQ(ModeOf(path), 0600u);
  for (fs::path d = fs::path(path).parent_path(); d != dir.path(); d = d.parent_path()) {
    EXPECT_EQ(ModeOf(d), 0700u) << d;
  }
}

TEST_F(DiskCacheTest, FileNamesAreMadeOfTheKeyAlone) {
  entry.name = "../../../escape";
  entry.arch = "/etc/passwd";
  PutOrFail(cache, entry);
  const std::string shard = entry.key.request.substr(0, 2);
  EXPECT_EQ(FilesBelow(cache.Path()),
            (std::vector<std::string>{
                "v1", "v1/" + shard,
                "v1/" + shard + "/" + entry.key.request + "-" + entry.key.toolchain + ".attnjit"}));
}

TEST_F(DiskCacheTest, KeysThatAreNotHexadecimalNeverReachTheFileSystem) {
  CacheKey key = entry.key;
  key.toolchain = std::string("../").append(61, 'a');
  EXPECT_EQ(cache.EntryPath(key), "");
  EXPECT_NE(cache.Get(key, entry.canonical_spec).problem, "");
  entry.key = key;
  llvm::Expected<std::string> put = cache.Put(entry);
  ASSERT_FALSE(put);
  EXPECT_TRUE(put.errorIsA<CacheError>());
  llvm::consumeError(put.takeError());
  EXPECT_TRUE(FilesBelow(dir.path()).empty());
}

TEST_F(DiskCacheTest, AChangedByteIsReportedAndReplaced) {
  const std::string path = PutOrFail(cache, entry);
  std::string bytes = ReadFile(path);
  bytes.back() ^= 1;
  WriteFile(path, bytes);
  ExpectReportedAndReplaced("damaged section cubin");
}

TEST_F(DiskCacheTest, ATruncatedFileIsReportedAndReplaced) {
  const std::string path = PutOrFail(cache, entry);
  fs::resize_file(path, fs::file_size(path) - 1);
  ExpectReportedAndReplaced("truncated");
}

TEST_F(DiskCacheTest, AnEmptyFileIsReportedAndReplaced) {
  WriteFile(PutOrFail(cache, entry), "");
  ExpectReportedAndReplaced("not an attnjit cache entry");
}

TEST_F(DiskCacheTest, AnotherKernelsEntryUnderThisNameIsReportedAndReplaced) {
  const std::string other = PutOrFail(cache, MakeEntry(2));
  fs::copy_file(
      other, [&] { return PutOrFail(cache, entry); }(), fs::copy_options::overwrite_existing);
  ExpectReportedAndReplaced("another request's key");
}

TEST_F(DiskCacheTest, AnotherToolchainsEntryUnderThisNameIsReportedAndReplaced) {
  const std::string other = PutOrFail(cache, WithToolchain(entry, "other"));
  fs::copy_file(other, PutOrFail(cache, entry), fs::copy_options::overwrite_existing);
  ExpectReportedAndReplaced("another toolchain's key");
}

TEST_F(DiskCacheTest, AnotherSpecUnderThisKeyIsReportedAndReplaced) {
  CacheEntry other = entry;
  other.canonical_spec = "{}";
  PutOrFail(cache, other);
  ExpectReportedAndReplaced("another spec");
}

TEST_F(DiskCacheTest, ASymbolicLinkIsNotFollowedAndReplaced) {
  const std::string path = PutOrFail(cache, entry);
  const std::string elsewhere = dir / "elsewhere";
  fs::rename(path, elsewhere);
  fs::create_symlink(elsewhere, path);
  const std::string before = ReadFile(elsewhere);
  ExpectReportedAndReplaced("symbolic link");
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(path)));
  EXPECT_EQ(ReadFile(elsewhere), before);
}

TEST_F(DiskCacheTest, APipeInAnEntrysPlaceIsReportedWithoutWaitingAndReplaced) {
  const std::string path = PutOrFail(cache, entry);
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  ExpectReportedAndReplaced("not a regular file");
}

TEST_F(DiskCacheTest, AHugeFileIsReportedWithoutBeingReadAndReplaced) {
  const std::string path = PutOrFail(cache, entry);
  fs::resize_file(path, uint64_t{1} << 40);  // Sparse.
  ExpectReportedAndReplaced("too long");
}

TEST_F(DiskCacheTest, AnEntryThatAnyoneMayWriteIsReportedAndReplaced) {
  const std::string path = PutOrFail(cache, entry);
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  ExpectReportedAndReplaced("anyone may write");
}

TEST_F(DiskCacheTest, ADirectoryInAnEntrysPlaceIsReportedAndNotFatal) {
  const std::string path = PutOrFail(cache, entry);
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).problem.find("not a regular file"),
            std::string::npos);
  llvm::Expected<std::string> put = cache.Put(entry);
  ASSERT_FALSE(put);
  EXPECT_TRUE(put.errorIsA<CacheError>());
  llvm::consumeError(put.takeError());
  EXPECT_EQ(Take(cache.Stats()).temporary_files, 0);
}

TEST_F(DiskCacheTest, EntriesOfARequestAreFoundWithoutAToolchainNewestFirst) {
  std::vector<std::string> expected;
  for (const char* name : {"c", "a", "b"}) {
    CacheEntry made = WithToolchain(entry, name);
    made.created_unix = 1000 - static_cast<int64_t>(expected.size());
    PutOrFail(cache, made);
    expected.push_back(made.key.toolchain);
  }
  PutOrFail(cache, MakeEntry(2));
  WriteFile(cache.EntryPath(WithToolchain(entry, "damaged").key), "damaged");
  const std::vector<DiskItem> found = Take(cache.FindByRequest(entry.key.request));
  ASSERT_EQ(found.size(), 3u);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].key.toolchain, expected[i]);
  EXPECT_NE(cache.Get(found[0].key, entry.canonical_spec).entry, nullptr);
  EXPECT_TRUE(Take(cache.FindByRequest("../..")).empty());
}

TEST_F(DiskCacheTest, ListTellsWhatIsThereAndWhatIsDamaged) {
  PutOrFail(cache, entry);
  const std::string damaged = PutOrFail(cache, MakeEntry(2));
  WriteFile(damaged, "attnjit-entry 1 ");
  const std::vector<DiskItem> items = Take(cache.List());
  ASSERT_EQ(items.size(), 2u);
  for (const DiskItem& item : items) {
    EXPECT_EQ(item.file_bytes, fs::file_size(item.path));
    EXPECT_EQ(item.problem.empty(), item.path != damaged);
    if (item.problem.empty()) {
      EXPECT_EQ(item.info.name, entry.name);
      EXPECT_EQ(item.key, entry.key);
    }
  }
}

TEST_F(DiskCacheTest, StatsCountEntriesDamageAndLeftOvers) {
  const uint64_t bytes = fs::file_size(PutOrFail(cache, entry));
  const std::string damaged = PutOrFail(cache, MakeEntry(2));
  WriteFile(damaged, "x");
  WriteFile(fs::path(damaged).parent_path() / ".tmp-1-0123456789abcdef", "half");
  WriteFile(fs::path(damaged).parent_path() / "README", "not ours");
  const DiskStats stats = Take(cache.Stats());
  EXPECT_EQ(stats.entries, 2);
  EXPECT_EQ(stats.bytes, bytes + 1);
  EXPECT_EQ(stats.damaged, 1);
  EXPECT_EQ(stats.temporary_files, 1);
  EXPECT_EQ(stats.temporary_bytes, 4u);
}

TEST_F(DiskCacheTest, VerifyReadsWhatListDoesNot) {
  PutOrFail(cache, entry);
  const std::string damaged = PutOrFail(cache, MakeEntry(2));
  std::string bytes = ReadFile(damaged);
  bytes.back() ^= 1;
  WriteFile(damaged, bytes);
  for (const DiskItem& item : Take(cache.List())) EXPECT_EQ(item.problem, "");
  for (const DiskItem& item : Take(cache.Verify())) {
    EXPECT_EQ(item.problem.empty(), item.path != damaged) << item.problem;
  }
}

TEST_F(DiskCacheTest, VerifyFindsAnEntryWhoseSourceDoesNotGiveItsKey) {
  entry.source += "// another";
  PutOrFail(cache, entry);
  const std::vector<DiskItem> items = Take(cache.Verify());
  ASSERT_EQ(items.size(), 1u);
  EXPECT_NE(items[0].problem.find("do not give its key"), std::string::npos) << items[0].problem;
}

TEST_F(DiskCacheTest, ClearRemovesItsOwnFilesAndNothingElse) {
  const std::string path = PutOrFail(cache, entry);
  PutOrFail(cache, MakeEntry(2));
  const std::string shard = fs::path(path).parent_path();
  WriteFile(shard + "/.tmp-1-0123456789abcdef", "half");
  WriteFile(shard + "/notes.txt", "mine");
  WriteFile(cache.Path() + "/notes.txt", "mine");
  const DiskStats removed = Take(cache.Clear());
  EXPECT_EQ(removed.entries, 2);
  EXPECT_EQ(removed.temporary_files, 1);
  EXPECT_EQ(Take(cache.Stats()).entries, 0);
  EXPECT_EQ(ReadFile(shard + "/notes.txt"), "mine");
  EXPECT_EQ(ReadFile(cache.Path() + "/notes.txt"), "mine");
  PutOrFail(cache, entry);
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
}

TEST_F(DiskCacheTest, WorksAgainAfterTheDirectoryWasRemoved) {
  PutOrFail(cache, entry);
  fs::remove_all(cache.Path());
  EXPECT_EQ(cache.Get(entry.key, entry.canonical_spec).problem, "");
  PutOrFail(cache, entry);
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
}

TEST_F(DiskCacheTest, TheDirectoryItselfMayBeALink) {
  fs::create_directory(dir / "scratch");
  fs::permissions(dir / "scratch", fs::perms::owner_all);
  fs::create_symlink(dir / "scratch", dir / "cache");
  PutOrFail(cache, entry);
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
}

class DefaultCacheDirTest : public testing::Test {
 protected:
  // In a child, so that the test's own environment stays.
  static std::string With(const char* attnjit, const char* xdg, const char* home) {
    TemporaryDirectory dir;
    const std::string out = dir / "out";
    EXPECT_EQ(InChild([&] {
                Set("ATTNJIT_CACHE_DIR", attnjit);
                Set("XDG_CACHE_HOME", xdg);
                Set("HOME", home);
                WriteFile(out, DefaultCacheDir());
                return true;
              }),
              0);
    return ReadFile(out);
  }
  static void Set(const char* name, const char* value) {
    if (value != nullptr) {
      ::setenv(name, value, 1);
    } else {
      ::unsetenv(name);
    }
  }
};

TEST_F(DefaultCacheDirTest, FollowsTheEnvironmentInOrder) {
  EXPECT_EQ(With("/a", "/x", "/h"), "/a");
  EXPECT_EQ(With("", "/x", "/h"), "/x/attnjit");
  EXPECT_EQ(With(nullptr, "/x", "/h"), "/x/attnjit");
  EXPECT_EQ(With(nullptr, "relative", "/h"), "/h/.cache/attnjit");
  EXPECT_EQ(With(nullptr, nullptr, "/h"), "/h/.cache/attnjit");
}

}  // namespace
}  // namespace attnjit
