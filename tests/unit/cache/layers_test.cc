// Several places that keep kernels, as one.
#include "cache/layers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

namespace fs = std::filesystem;

class LayersTest : public testing::Test {
 protected:
  LayersOptions Options() const {
    LayersOptions options;
    options.dir = dir / "local";
    options.read_only_dirs = {dir / "first", dir / "second"};
    return options;
  }
  TemporaryDirectory dir;
  CacheEntry entry = MakeEntry();
};

TEST_F(LayersTest, TheFirstLayerThatHasItServes) {
  PutOrFail(DiskCache(dir / "second"), entry);
  const LayeredCache cache(Options());
  LayeredCache::Found found = cache.Get(entry.key, entry.canonical_spec);
  ASSERT_NE(found.entry, nullptr);
  EXPECT_EQ(found.layer, Layer::kReadOnly);
  EXPECT_EQ(found.path, DiskCache(dir / "second").EntryPath(entry.key));
  PutOrFail(DiskCache(dir / "first"), entry);
  EXPECT_EQ(cache.Get(entry.key, entry.canonical_spec).path,
            DiskCache(dir / "first").EntryPath(entry.key));
  EXPECT_EQ(cache.Put(entry).path, DiskCache(dir / "local").EntryPath(entry.key));
  found = cache.Get(entry.key, entry.canonical_spec);
  EXPECT_EQ(found.layer, Layer::kDisk);
  EXPECT_EQ(found.warning, "");
}

TEST_F(LayersTest, ADamagedEntryOfOneLayerIsReportedAndTheNextServes) {
  const std::string path = PutOrFail(DiskCache(dir / "first"), entry);
  PutOrFail(DiskCache(dir / "second"), entry);
  std::string bytes = ReadFile(path);
  bytes[bytes.size() / 2] ^= 1;
  WriteFile(path, bytes);
  const LayeredCache cache(Options());
  const LayeredCache::Found found = cache.Get(entry.key, entry.canonical_spec);
  EXPECT_NE(found.entry, nullptr);
  EXPECT_NE(found.warning.find(path), std::string::npos) << found.warning;
  EXPECT_EQ(ReadFile(path), bytes) << "A read-only layer is not repaired.";
}

TEST_F(LayersTest, AReadOnlyLayerIsNotWrittenToNotEvenWhenItWasUsed) {
  const std::string path = PutOrFail(DiskCache(dir / "first"), entry);
  const fs::file_time_type old = fs::last_write_time(path) - std::chrono::hours(24);
  fs::last_write_time(path, old);
  const LayeredCache cache(Options());
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
  EXPECT_EQ(fs::last_write_time(path), old);
  EXPECT_FALSE(fs::exists(dir / "local"));
}

TEST_F(LayersTest, WithoutAnyDirectoryEveryRequestIsAQuietMiss) {
  const LayeredCache cache(LayersOptions{});
  EXPECT_EQ(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
  EXPECT_EQ(cache.AwaitTurn(entry.key).warning, "");
  const LayeredCache::Stored stored = cache.Put(entry);
  EXPECT_EQ(stored.path, "");
  EXPECT_EQ(stored.warning, "");
}

TEST_F(LayersTest, TheRootUsersLayerServesEverybody) {
  if (::geteuid() != 0) GTEST_SKIP() << "making files of the root user needs the root user";
  PutOrFail(DiskCache(dir / "first"), entry);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  for (const std::string& file : FilesBelow(dir.path())) {
    ASSERT_EQ(::chmod((dir / file).c_str(), fs::is_directory(dir / file) ? 0755 : 0644), 0);
  }
  EXPECT_EQ(InChild([&] {
              if (::setuid(65534) != 0) return false;
              LayersOptions options = Options();
              options.dir = "";
              return LayeredCache(options).Get(entry.key, entry.canonical_spec).entry != nullptr;
            }),
            0);
}

TEST_F(LayersTest, HitsMissesAndTheTimeTheySavedAreCountedAcrossProcesses) {
  entry.compile_seconds = 1.5;
  EXPECT_EQ(InChild([&] {
              const LayeredCache cache(Options());
              return cache.Get(entry.key, entry.canonical_spec).entry == nullptr &&
                     !cache.Put(entry).path.empty();
            }),
            0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(InChild([&] {
                return LayeredCache(Options()).Get(entry.key, entry.canonical_spec).entry !=
                       nullptr;
              }),
              0);
  }
  const CacheCounters counters = Take(ReadCounters(DiskCache(dir / "local").Directory()));
  EXPECT_EQ(counters.hits, 3u);
  EXPECT_EQ(counters.misses, 1u);
  EXPECT_EQ(counters.compile_ms, 1500u);
  EXPECT_EQ(counters.saved_compile_ms, 4500u);
}

TEST_F(LayersTest, ADamagedFileOfCountersBeginsAnew) {
  PutOrFail(DiskCache(dir / "local"), entry);
  WriteFile(dir / "local/v1/counters", "nonsense");
  const LayeredCache cache(Options());
  EXPECT_NE(cache.Get(entry.key, entry.canonical_spec).entry, nullptr);
  EXPECT_EQ(Take(ReadCounters(cache.disk()->Directory())).hits, 1u);
}

TEST_F(LayersTest, ACapRemovesWhatWasUsedLeastRecently) {
  LayersOptions options = Options();
  const uint64_t size = Take(SerializeEntry(entry)).size();
  options.max_bytes = 10 * size + size / 2;
  const LayeredCache cache(options);
  for (int seed = 0; seed < 30; ++seed) {
    const CacheEntry next = MakeEntry(seed);
    const std::string path = cache.Put(next).path;
    // As if each had been used a minute after the one before.
    fs::last_write_time(path, fs::last_write_time(path) - std::chrono::minutes(100 - seed));
  }
  const std::vector<DiskItem> items = Take(cache.disk()->List());
  EXPECT_LE(items.size(), 10u);
  EXPECT_GE(items.size(), 8u);
  EXPECT_NE(cache.Get(MakeEntry(29).key, MakeEntry(29).canonical_spec).entry, nullptr);
  EXPECT_EQ(cache.Get(MakeEntry(0).key, MakeEntry(0).canonical_spec).entry, nullptr);
}

}  // namespace
}  // namespace attnjit
