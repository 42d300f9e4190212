// What the environment says where the options say nothing.
#include "runtime/engine_settings.h"

#include <map>

#include "gtest/gtest.h"

namespace attnjit {
namespace {

using Variables = std::map<std::string, std::string>;

llvm::Expected<EngineOptions> Complete(const EngineOptions& options, const Variables& variables) {
  return WithEnvironment(options, [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

EngineOptions MustComplete(const EngineOptions& options, const Variables& variables) {
  return llvm::cantFail(Complete(options, variables));
}

TEST(EngineSettingsTest, TheDefaultsAreAPrivateCacheThatCompiles) {
  const EngineOptions options = MustComplete({}, {});
  EXPECT_FALSE(options.jit.has_value());
  const LayersOptions layers = CacheLayers(options);
  EXPECT_FALSE(layers.disk.access.group_shared);
  EXPECT_FALSE(layers.disk.access.any_owner);
  EXPECT_FALSE(layers.max_bytes.has_value());
  EXPECT_TRUE(layers.read_only_dirs.empty());
}

TEST(EngineSettingsTest, TheEnvironmentFillsWhatIsNotSet) {
  const EngineOptions options = MustComplete({}, {{"ATTNJIT_CACHE_LAYERS", "/a::/b"},
                                                  {"ATTNJIT_CACHE_SHARED", "1"},
                                                  {"ATTNJIT_CACHE_TRUST", "1"},
                                                  {"ATTNJIT_CACHE_MAX_BYTES", "2G"},
                                                  {"ATTNJIT_CACHE_WAIT_MS", "250"},
                                                  {"ATTNJIT_JIT", "never"},
                                                  {"ATTNJIT_RECORD", "/r"}});
  EXPECT_EQ(options.jit, JitPolicy::kNever);
  EXPECT_EQ(options.record_path, "/r");
  const LayersOptions layers = CacheLayers(options);
  EXPECT_EQ(layers.read_only_dirs, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_TRUE(layers.disk.access.group_shared);
  EXPECT_TRUE(layers.disk.access.any_owner);
  EXPECT_EQ(layers.max_bytes, uint64_t{2} << 30);
  EXPECT_EQ(layers.creation_wait, std::chrono::milliseconds(250));
}

TEST(EngineSettingsTest, OptionsComeBeforeTheEnvironment) {
  EngineOptions given;
  given.cache_dir = "/mine";
  given.jit = JitPolicy::kAllow;
  given.read_only_cache_dirs.emplace();
  const EngineOptions options =
      MustComplete(given, {{"ATTNJIT_JIT", "never"}, {"ATTNJIT_CACHE_LAYERS", "/a"}});
  EXPECT_EQ(options.cache_dir, "/mine");
  EXPECT_EQ(options.jit, JitPolicy::kAllow);
  EXPECT_TRUE(options.read_only_cache_dirs->empty());
}

TEST(EngineSettingsTest, AValueThatCannotBeIsAnErrorThatNamesIt) {
  const Variables wrong = {{"ATTNJIT_CACHE_SHARED", "yes"},
                           {"ATTNJIT_CACHE_MAX_BYTES", "2 gigabytes"},
                           {"ATTNJIT_CACHE_WAIT_MS", "-1"},
                           {"ATTNJIT_JIT", "off"}};
  for (const auto& [name, value] : wrong) {
    llvm::Expected<EngineOptions> options = Complete({}, {{name, value}});
    ASSERT_FALSE(options) << name;
    const std::string message = llvm::toString(options.takeError());
    EXPECT_NE(message.find(name + "=" + value), std::string::npos) << message;
  }
}

TEST(EngineSettingsTest, ByteCountsHaveUnits) {
  EXPECT_EQ(ParseByteCount("0"), 0u);
  EXPECT_EQ(ParseByteCount("1023"), 1023u);
  EXPECT_EQ(ParseByteCount("3K"), 3072u);
  EXPECT_EQ(ParseByteCount("500M"), uint64_t{500} << 20);
  for (const char* wrong : {"", "K", "1.5G", "-1", "1B", "18446744073709551616", "99999999999T"}) {
    EXPECT_FALSE(ParseByteCount(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace attnjit
