#include "cache/key.h"

#include <gtest/gtest.h>

#include <set>

#include "cache/sha256.h"

namespace attnjit {
namespace {

using Options = std::vector<std::string>;

std::string Request(const std::string& source, const std::string& arch, const Options& options) {
  return MakeCacheKey(source, arch, options, "").request;
}

TEST(CacheKeyTest, EqualInputsGiveEqualKeys) {
  const std::string toolchain = Sha256Hex("nvrtc");
  const CacheKey key = MakeCacheKey("source", "sm_90a", {"-a", "-b"}, toolchain);
  EXPECT_EQ(key, MakeCacheKey("source", "sm_90a", {"-a", "-b"}, toolchain));
  EXPECT_TRUE(IsSha256Hex(key.request));
  EXPECT_EQ(key.toolchain, toolchain);
}

// A key that changes between releases without need throws every cache away.
TEST(CacheKeyTest, StaysWhatItWas) {
  EXPECT_EQ(Request("source", "sm_90a", {"-a", "-b"}),
            "b16ec1c6e2aad7aa1372432cc12c554e8cb4b1a9877caa6d28aee1d3438c840d");
}

TEST(CacheKeyTest, EveryInputCounts) {
  std::set<std::string> keys = {Request("source", "sm_90a", {"-a", "-b"}),
                                Request("Source", "sm_90a", {"-a", "-b"}),
                                Request("source\n", "sm_90a", {"-a", "-b"}),
                                Request("source", "sm_90", {"-a", "-b"}),
                                Request("source", "sm_90a", {"-b", "-a"}),
                                Request("source", "sm_90a", {"-a"}),
                                Request("source", "sm_90a", {})};
  EXPECT_EQ(keys.size(), 7u);
  EXPECT_NE(MakeCacheKey("source", "sm_90a", {}, Sha256Hex("1")),
            MakeCacheKey("source", "sm_90a", {}, Sha256Hex("2")));
}

TEST(CacheKeyTest, MovingABoundaryBetweenPartsChangesTheKey) {
  const std::string nul(1, '\0');
  std::set<std::string> keys = {Request("c", "a", {"b"}),
                                Request("bc", "a", {}),
                                Request("c", "ab", {}),
                                Request("", "abc", {}),
                                Request("abc", "", {}),
                                Request("", "", {"abc"}),
                                Request("", "", {"a", "bc"}),
                                Request("", "", {"ab", "c"}),
                                Request("c", "", {"a", "b"}),
                                Request("", "", {"a", "b", "c"}),
                                Request("", "", {"", "abc"}),
                                Request("", "", {"abc", ""}),
                                Request("", "", {"", "", "abc"}),
                                Request("", "a", {"b", "c"}),
                                Request(nul, "", {}),
                                Request("", nul, {}),
                                Request("", "", {}),
                                Request("", "", {""})};
  EXPECT_EQ(keys.size(), 18u);
}

}  // namespace
}  // namespace attnjit
