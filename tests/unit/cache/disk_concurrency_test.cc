// Many writers and readers of one directory: a reader sees a whole entry or none.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>

#include "cache/disk.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

constexpr int kKernels = 3;
constexpr int kRounds = 60;

// Puts and gets a few kernels in turn; the number of answers that are neither whole nor a quiet
// miss.
int PutAndGet(const DiskCache& cache, const std::vector<CacheEntry>& entries, int start) {
  int wrong = 0;
  for (int i = 0; i < kRounds; ++i) {
    const CacheEntry& entry = entries[(start + i) % kKernels];
    llvm::Expected<std::string> put = cache.Put(entry);
    if (!put) {
      ++wrong;
      llvm::consumeError(put.takeError());
    }
    const CacheEntry& wanted = entries[(start + 2 * i) % kKernels];
    const Lookup lookup = cache.Get(wanted.key, wanted.canonical_spec);
    if (!lookup.problem.empty()) ++wrong;
    if (lookup.entry != nullptr && !SameEntry(*lookup.entry, wanted)) ++wrong;
  }
  return wrong;
}

class DiskConcurrencyTest : public testing::Test {
 protected:
  DiskConcurrencyTest() {
    for (int i = 0; i < kKernels; ++i) entries.push_back(MakeEntry(i));
  }
  void ExpectAllThereAndNothingElse() {
    const DiskStats stats = Take(cache.Stats());
    EXPECT_EQ(stats.entries, kKernels);
    EXPECT_EQ(stats.damaged, 0);
    EXPECT_EQ(stats.temporary_files, 0);
    for (const DiskItem& item : Take(cache.Verify())) EXPECT_EQ(item.problem, "");
  }

  TemporaryDirectory dir;
  DiskCache cache{dir / "cache"};
  std::vector<CacheEntry> entries;
};

TEST_F(DiskConcurrencyTest, ThreadsOfOneProcess) {
  constexpr int kThreads = 8;
  std::atomic<int> wrong = 0;
  std::latch ready(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      ready.arrive_and_wait();
      wrong += PutAndGet(cache, entries, i);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  ExpectAllThereAndNothingElse();
}

TEST_F(DiskConcurrencyTest, Processes) {
  std::vector<pid_t> children;
  for (int i = 0; i < 6; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(PutAndGet(cache, entries, i) == 0 ? 0 : 1);
    ASSERT_GT(child, 0);
    children.push_back(child);
  }
  for (pid_t child : children) {
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  ExpectAllThereAndNothingElse();
}

TEST_F(DiskConcurrencyTest, ClearWhileOthersWriteLosesNothingButWhatItRemoves) {
  std::atomic<bool> done = false;
  std::thread clearer([&] {
    while (!done) llvm::consumeError(cache.Clear().takeError());
  });
  int wrong = 0;
  for (int i = 0; i < kRounds; ++i) {
    const CacheEntry& entry = entries[i % kKernels];
    // A temporary file may be cleared away: an error then, and no damaged entry.
    llvm::Expected<std::string> put = cache.Put(entry);
    if (!put) llvm::consumeError(put.takeError());
    if (!cache.Get(entry.key, entry.canonical_spec).problem.empty()) ++wrong;
  }
  done = true;
  clearer.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(Take(cache.Stats()).damaged, 0);
}

}  // namespace
}  // namespace attnjit
