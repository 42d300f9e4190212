// Keeping the cache small: what goes, what stays, and who may be reading meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cache/disk.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

namespace fs = std::filesystem;

class PruneTest : public testing::Test {
 protected:
  // Puts an entry that was last used `hours` ago; its size.
  uint64_t PutUsed(int seed, int hours) {
    const std::string path = PutOrFail(cache, MakeEntry(seed));
    SetAge(path, hours);
    return fs::file_size(path);
  }
  static void SetAge(const std::string& path, int hours) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
  }
  bool Has(int seed) { return fs::exists(cache.EntryPath(MakeEntry(seed).key)); }

  TemporaryDirectory dir;
  DiskCache cache{dir / "cache"};
  int64_t now = std::time(nullptr);
};

TEST_F(PruneTest, ByBytesTheLeastRecentlyUsedGo) {
  const uint64_t size = PutUsed(1, 3);
  PutUsed(2, 1);
  PutUsed(3, 2);
  const PruneResult result = Take(cache.Prune({2 * size + size / 2, std::nullopt}, now));
  EXPECT_EQ(result.removed.entries, 1);
  EXPECT_EQ(result.removed.bytes, size);
  EXPECT_EQ(result.kept.entries, 2);
  EXPECT_FALSE(Has(1));
  EXPECT_TRUE(Has(2));
  EXPECT_TRUE(Has(3));
}

TEST_F(PruneTest, AHitIsAUse) {
  const uint64_t size = PutUsed(1, 3);
  PutUsed(2, 1);
  EXPECT_NE(cache.Get(MakeEntry(1).key, MakeEntry(1).canonical_spec).entry, nullptr);
  Take(cache.Prune({size + size / 2, std::nullopt}, now));
  EXPECT_TRUE(Has(1));
  EXPECT_FALSE(Has(2));
}

TEST_F(PruneTest, ListingAndVerifyingAreNoUse) {
  const uint64_t size = PutUsed(1, 3);
  PutUsed(2, 1);
  Take(cache.List());
  Take(cache.Verify());
  Take(cache.Prune({size + size / 2, std::nullopt}, now));
  EXPECT_FALSE(Has(1));
}

TEST_F(PruneTest, ByAge) {
  PutUsed(1, 3);
  PutUsed(2, 1);
  const PruneResult result = Take(cache.Prune({std::nullopt, 2 * 3600}, now));
  EXPECT_EQ(result.removed.entries, 1);
  EXPECT_FALSE(Has(1));
  EXPECT_TRUE(Has(2));
}

TEST_F(PruneTest, WithoutLimitsOnlyLeftoversGo) {
  const fs::path shard = fs::path(PutOrFail(cache, MakeEntry(1))).parent_path();
  WriteFile(shard / ".tmp-1-new", "being written");
  WriteFile(shard / ".tmp-1-old", "left behind");
  SetAge(shard / ".tmp-1-old", 2);
  WriteFile(shard / "notes.txt", "somebody's");
  SetAge(shard / "notes.txt", 1000);
  EXPECT_FALSE(cache.PutFailure(MakeEntry(2).key, {"kernel", "error", "log", now}));
  EXPECT_FALSE(cache.PutFailure(MakeEntry(3).key, {"kernel", "error", "log", now}));
  SetAge(cache.Directory().FilePath(MakeEntry(3).key, DiskDirectory::FileKind::kFailure), 1);
  const PruneResult result = Take(cache.Prune({}, now));
  EXPECT_EQ(result.removed.entries, 0);
  EXPECT_EQ(result.removed.temporary_files, 1);
  EXPECT_EQ(result.removed.failures, 1);
  EXPECT_TRUE(Has(1));
  EXPECT_TRUE(fs::exists(shard / ".tmp-1-new"));
  EXPECT_TRUE(fs::exists(shard / "notes.txt"));
  EXPECT_TRUE(cache.GetFailure(MakeEntry(2).key, now).has_value());
}

TEST_F(PruneTest, FailuresAreForgottenInTime) {
  const CacheKey key = MakeEntry(1).key;
  EXPECT_FALSE(cache.PutFailure(key, {"kernel", "an error", "the whole log", now}));
  const std::optional<CompileFailure> found = cache.GetFailure(key, now + kFailureSeconds - 1);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->first_error, "an error");
  EXPECT_EQ(found->log, "the whole log");
  EXPECT_FALSE(cache.GetFailure(key, now + kFailureSeconds).has_value());
  EXPECT_FALSE(cache.GetFailure(key, now - 1).has_value()) << "A clock that went back.";
}

TEST_F(PruneTest, AnyChangedByteOfAFailureForgetsIt) {
  const CacheKey key = MakeEntry(1).key;
  EXPECT_FALSE(cache.PutFailure(key, {"kernel", "an error", "log", now}));
  const std::string path = cache.Directory().FilePath(key, DiskDirectory::FileKind::kFailure);
  const std::string bytes = ReadFile(path);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] ^= 1;
    WriteFile(path, changed);
    EXPECT_FALSE(cache.GetFailure(key, now).has_value()) << i;
  }
}

TEST_F(PruneTest, ReadersBesideItSeeWholeEntriesOrNone) {
  std::atomic<bool> done = false;
  std::thread pruner([&] {
    while (!done) Take(cache.Prune({uint64_t{0}, std::nullopt}, now));
  });
  int wrong = 0;
  for (int round = 0; round < 200; ++round) {
    const CacheEntry entry = MakeEntry(round % 3);
    PutOrFail(cache, entry);
    const Lookup lookup = cache.Get(entry.key, entry.canonical_spec);
    if (!lookup.problem.empty()) ++wrong;
    if (lookup.entry != nullptr && !SameEntry(*lookup.entry, entry)) ++wrong;
  }
  done = true;
  pruner.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace attnjit
