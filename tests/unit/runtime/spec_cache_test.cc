#include "runtime/spec_cache.h"

#include "generator/error.h"
#include "gtest/gtest.h"

namespace attnjit {
namespace {

TEST(SpecCache, GivesWhatTheParserGives) {
  SpecCache cache;
  const std::string text = R"({"head_dim": 64, "dtype": "fp16", "softmax_scale": 0.5})";
  for (int i = 0; i < 2; ++i) {
    const AttentionSpec spec = llvm::cantFail(cache.Parse(text));
    EXPECT_EQ(CanonicalJson(spec), CanonicalJson(llvm::cantFail(ParseSpec(text))));
  }
}

TEST(SpecCache, ReportsAWrongRequestEveryTime) {
  SpecCache cache;
  for (int i = 0; i < 2; ++i) {
    llvm::Expected<AttentionSpec> spec = cache.Parse(R"({"head_dim": 7})");
    ASSERT_FALSE(spec);
    llvm::Error error = spec.takeError();
    EXPECT_TRUE(error.isA<SpecError>());
    llvm::consumeError(std::move(error));
  }
}

TEST(SpecCache, GoesOnBeyondItsBounds) {
  SpecCache cache;
  for (size_t i = 0; i < SpecCache::kMaxTexts + 10; ++i) {
    const std::string text =
        R"({"head_dim": 64, "dtype": "fp16", "x-id": )" + std::to_string(i) + "}";
    EXPECT_EQ(llvm::cantFail(cache.Parse(text)).head_dim_qk, 64);
  }
  const std::string long_text =
      R"({"head_dim": 64, "dtype": "fp16"})" + std::string(SpecCache::kMaxBytes, ' ');
  EXPECT_EQ(llvm::cantFail(cache.Parse(long_text)).head_dim_qk, 64);
}

}  // namespace
}  // namespace attnjit
