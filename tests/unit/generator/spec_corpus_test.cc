// The hand-written corpus and the fuzzer's corpus, against ParseSpec.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "generator/spec.h"
#include "tests/fuzz/spec_round_trip.h"

namespace attnjit {
namespace {

TEST(SpecCorpusTest, EveryRequestIsAcceptedOrRejectedAsListed) {
  std::ifstream file(SPEC_CORPUS);
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    if (line.empty() || line[0] == '#') continue;
    const auto [kind, json] = llvm::StringRef(line).split(' ');
    llvm::Expected<AttentionSpec> spec = ParseSpec(json);
    EXPECT_EQ(static_cast<bool>(spec), kind == "valid") << line;
    if (!spec) llvm::consumeError(spec.takeError());
    EXPECT_EQ(CheckSpecRoundTrip(json), "") << line;
    ++cases;
  }
  EXPECT_GT(cases, 100);
}

TEST(SpecCorpusTest, FuzzCorpusHoldsItsProperties) {
  int cases = 0;
  for (const auto& entry : std::filesystem::directory_iterator(FUZZ_CORPUS)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream bytes;
    bytes << file.rdbuf();
    EXPECT_EQ(CheckSpecRoundTrip(bytes.str()), "") << entry.path();
    ++cases;
  }
  EXPECT_GT(cases, 20);
}

TEST(SpecSchemaTest, ListsEveryArch) {
  std::ifstream file(SPEC_SCHEMA);
  const nlohmann::json schema = nlohmann::json::parse(file);
  std::vector<std::string> archs;
  for (const ArchInfo& info : AllArchs()) archs.push_back(info.name);
  EXPECT_EQ(schema.at("properties").at("arch").at("enum").get<std::vector<std::string>>(), archs);
}

}  // namespace
}  // namespace attnjit
