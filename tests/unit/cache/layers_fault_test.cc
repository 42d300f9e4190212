// Whatever the file system refuses: a request is served, there is one warning, and nothing broken
// is left behind.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "cache/layers.h"
#include "tests/unit/cache/cache_test_support.h"
#include "tests/unit/cache/fault_injection.h"

namespace attnjit {
namespace {

struct Refusal {
  std::string call;
  int error;
};

class LayersFaultTest : public testing::TestWithParam<Refusal> {};

// What an engine does for one kernel; the warnings.
std::vector<std::string> Serve(const LayeredCache& cache, const CacheEntry& entry) {
  std::vector<std::string> warnings;
  const auto add = [&](const std::string& warning) {
    if (!warning.empty()) warnings.push_back(warning);
  };
  const LayeredCache::Found found = cache.Get(entry.key, entry.canonical_spec);
  add(found.warning);
  if (found.entry != nullptr) {
    EXPECT_TRUE(SameEntry(*found.entry, entry));
    return warnings;
  }
  const LayeredCache::Turn turn = cache.AwaitTurn(entry.key);
  add(turn.warning);
  EXPECT_FALSE(cache.GetFailure(entry.key).has_value());
  add(cache.Put(entry).warning);
  return warnings;
}

TEST_P(LayersFaultTest, IsServedWithOneWarningAndLeavesNothingBroken) {
  TemporaryDirectory dir;
  LayersOptions options;
  options.dir = dir / "cache";
  PutOrFail(DiskCache(options.dir), MakeEntry(0));
  const LayeredCache cache(options);
  {
    const InjectedFault fault(GetParam().call, GetParam().error);
    std::vector<std::string> warnings;
    for (int seed = 0; seed < 4; ++seed) {
      for (std::string& warning : Serve(cache, MakeEntry(seed))) {
        warnings.push_back(std::move(warning));
      }
    }
    EXPECT_GT(fault.calls(), 0);
    EXPECT_LE(warnings.size(), 1u) << warnings[0] << "\n" << warnings[1];
  }
  // The trouble is over: everything is as if it had not been.
  for (int seed = 0; seed < 4; ++seed) {
    EXPECT_TRUE(Serve(cache, MakeEntry(seed)).empty());
    EXPECT_NE(cache.Get(MakeEntry(seed).key, MakeEntry(seed).canonical_spec).entry, nullptr);
  }
  const DiskStats stats = Take(cache.disk()->Stats());
  EXPECT_EQ(stats.entries, 4);
  EXPECT_EQ(stats.damaged, 0);
  EXPECT_EQ(stats.temporary_files, 0);
}

std::vector<Refusal> Refusals() {
  std::vector<Refusal> refusals;
  for (const std::string& call : InjectableCalls()) {
    for (int error : {ENOSPC, EROFS, EACCES, EIO, ESTALE}) refusals.push_back({call, error});
  }
  return refusals;
}

INSTANTIATE_TEST_SUITE_P(All, LayersFaultTest, testing::ValuesIn(Refusals()),
                         [](const testing::TestParamInfo<Refusal>& info) {
                           return info.param.call + "_" + std::to_string(info.param.error);
                         });

TEST(LayersFaultPointTest, AnyOneCallMayFail) {
  // Each of the first calls in turn, whichever step of a request it belongs to.
  for (const std::string& call : InjectableCalls()) {
    for (int skip = 0; skip < 12; ++skip) {
      TemporaryDirectory dir;
      LayersOptions options;
      options.dir = dir / "cache";
      const LayeredCache cache(options);
      {
        const InjectedFault fault(call, EIO, skip);
        Serve(cache, MakeEntry(1));
      }
      EXPECT_TRUE(Serve(cache, MakeEntry(1)).empty()) << call << " " << skip;
      EXPECT_EQ(Take(cache.disk()->Stats()).entries, 1) << call << " " << skip;
      EXPECT_EQ(Take(cache.disk()->Stats()).temporary_files, 0) << call << " " << skip;
    }
  }
}

}  // namespace
}  // namespace attnjit
