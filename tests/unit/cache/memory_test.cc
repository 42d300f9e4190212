#include "cache/memory.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "cache/error.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

using EntryPtr = MemoryCache::EntryPtr;

EntryPtr Share(const CacheEntry& entry) { return std::make_shared<const CacheEntry>(entry); }

TEST(MemoryCacheTest, KeepsWhatWasCreated) {
  MemoryCache cache;
  const CacheEntry entry = MakeEntry();
  EXPECT_EQ(cache.Find(entry.key), nullptr);
  const EntryPtr made = Take(
      cache.GetOrCreate(entry.key, [&]() -> llvm::Expected<EntryPtr> { return Share(entry); }));
  EXPECT_EQ(cache.Find(entry.key), made);
  EXPECT_EQ(Take(cache.GetOrCreate(entry.key,
                                   []() -> llvm::Expected<EntryPtr> {
                                     ADD_FAILURE() << "created twice";
                                     return nullptr;
                                   })),
            made);
  EXPECT_EQ(cache.Size(), 1u);
  cache.Clear();
  EXPECT_EQ(cache.Find(entry.key), nullptr);
  EXPECT_EQ(made->name, entry.name);
}

TEST(MemoryCacheTest, ToolchainsAreToldApart) {
  MemoryCache cache;
  const CacheEntry a = MakeEntry(), b = WithToolchain(a, "other");
  for (const CacheEntry* entry : {&a, &b}) {
    Take(
        cache.GetOrCreate(entry->key, [&]() -> llvm::Expected<EntryPtr> { return Share(*entry); }));
  }
  EXPECT_EQ(cache.Size(), 2u);
  EXPECT_EQ(cache.Find(b.key)->key, b.key);
}

TEST(MemoryCacheTest, ManyThreadsThatAskForOneKernelCreateItOnce) {
  constexpr int kThreads = 32;
  MemoryCache cache;
  const CacheEntry entry = MakeEntry();
  std::atomic<int> created = 0, got = 0;
  std::latch ready(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      auto result = cache.GetOrCreate(entry.key, [&]() -> llvm::Expected<EntryPtr> {
        ++created;
        return Share(entry);
      });
      if (result && (*result)->key == entry.key) ++got;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(got, kThreads);
}

TEST(MemoryCacheTest, KernelsAreCreatedAtTheSameTime) {
  // Each creator ends only when the other has begun.
  MemoryCache cache;
  std::latch both(2);
  std::vector<std::thread> threads;
  for (int seed : {1, 2}) {
    threads.emplace_back([&, seed] {
      const CacheEntry entry = MakeEntry(seed);
      auto result = cache.GetOrCreate(entry.key, [&]() -> llvm::Expected<EntryPtr> {
        both.arrive_and_wait();
        return Share(entry);
      });
      EXPECT_TRUE(static_cast<bool>(result));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.Size(), 2u);
}

TEST(MemoryCacheTest, FailingCreatorGetsItsErrorAndTheOthersTryThemselves) {
  constexpr int kThreads = 8;
  MemoryCache cache;
  const CacheEntry entry = MakeEntry();
  std::atomic<int> calls = 0, failed = 0, got = 0;
  std::latch ready(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      auto result = cache.GetOrCreate(entry.key, [&]() -> llvm::Expected<EntryPtr> {
        if (calls++ < 3) return UnavailableError("compile", EIO);
        return Share(entry);
      });
      if (result) {
        ++got;
      } else {
        llvm::consumeError(result.takeError());
        ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(failed, 3);
  EXPECT_EQ(got, kThreads - 3);
}

TEST(MemoryCacheTest, ThrowingCreatorLeavesTheKeyFree) {
  MemoryCache cache;
  const CacheEntry entry = MakeEntry();
  EXPECT_THROW(llvm::consumeError(cache
                                      .GetOrCreate(entry.key,
                                                   []() -> llvm::Expected<EntryPtr> {
                                                     throw std::runtime_error("creator");
                                                   })
                                      .takeError()),
               std::runtime_error);
  EXPECT_NE(Take(cache.GetOrCreate(entry.key,
                                   [&]() -> llvm::Expected<EntryPtr> { return Share(entry); })),
            nullptr);
}

}  // namespace
}  // namespace attnjit
