#include "generator/json_reader.h"

#include <gtest/gtest.h>

namespace attnjit {
namespace {

using Kind = JsonNode::Kind;

SpecDiagnostic OnlyDiagnostic(llvm::StringRef text) {
  JsonDocument document = ReadJson(text);
  EXPECT_FALSE(document.readable) << text.take_front(80).str();
  EXPECT_EQ(document.diagnostics.size(), 1u);
  return document.diagnostics.empty() ? SpecDiagnostic() : document.diagnostics[0].diagnostic;
}

TEST(JsonReaderTest, KeepsDuplicateKeysInDocumentOrder) {
  const JsonDocument document = ReadJson(R"({"b":1,"a":[true,null],"b":"x"})");
  ASSERT_TRUE(document.readable);
  ASSERT_EQ(document.root.members.size(), 3u);
  EXPECT_EQ(document.root.members[0].key, "b");
  EXPECT_EQ(document.root.members[1].key, "a");
  EXPECT_EQ(document.root.members[2].value.text, "x");
  EXPECT_LT(document.root.members[0].value.order, document.root.members[2].value.order);
}

TEST(JsonReaderTest, TellsIntegersFromNumbers) {
  const JsonDocument document = ReadJson(
      "[128, 128.0, 1.28e2, 128.5, -9223372036854775808, 9223372036854775807, "
      "9223372036854775808, 1e300, -0.0]");
  ASSERT_TRUE(document.readable);
  const Kind expected[] = {Kind::kInteger, Kind::kInteger, Kind::kInteger,
                           Kind::kNumber,  Kind::kInteger, Kind::kInteger,
                           Kind::kNumber,  Kind::kNumber,  Kind::kInteger};
  ASSERT_EQ(document.root.items.size(), std::size(expected));
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(document.root.items[i].kind, expected[i]) << i;
  }
  EXPECT_EQ(document.root.items[2].integer, 128);
  EXPECT_EQ(document.root.items[4].integer, INT64_MIN);
}

TEST(JsonReaderTest, ReportsEveryNumberThatJsonDoesNotHaveAndReadsOn) {
  const JsonDocument document =
      ReadJson(R"({"a":NaN,"b":[1,-Infinity,1e400],"c":"NaN","d":inf,"e":2})");
  ASSERT_TRUE(document.readable);
  ASSERT_EQ(document.diagnostics.size(), 4u);
  EXPECT_EQ(document.diagnostics[0].diagnostic.pointer, "/a");
  EXPECT_EQ(document.diagnostics[1].diagnostic.pointer, "/b/1");
  EXPECT_EQ(document.diagnostics[1].diagnostic.value, "-Infinity");
  EXPECT_EQ(document.diagnostics[2].diagnostic.pointer, "/b/2");
  EXPECT_EQ(document.diagnostics[2].diagnostic.value, "1e400");
  EXPECT_EQ(document.diagnostics[3].diagnostic.pointer, "/d");
  EXPECT_EQ(document.root.members[2].value.text, "NaN");
  EXPECT_EQ(document.root.members[4].value.integer, 2);
}

TEST(JsonReaderTest, StopsAfterManyNumbersThatJsonDoesNotHave) {
  std::string text = "[NaN";
  for (int i = 0; i < 1000; ++i) text += ",NaN";
  const JsonDocument document = ReadJson(text + "]");
  EXPECT_FALSE(document.readable);
  EXPECT_GT(document.diagnostics.size(), 4u);
  EXPECT_LT(document.diagnostics.size(), 100u);
}

TEST(JsonReaderTest, SaysWhereTheSyntaxIsWrong) {
  const SpecDiagnostic diagnostic = OnlyDiagnostic("{\"a\":1,\n \"b\":[1,2,}");
  EXPECT_EQ(diagnostic.pointer, "/b/2");
  EXPECT_NE(diagnostic.message.find("line 2, column 11"), std::string::npos) << diagnostic.message;
}

TEST(JsonReaderTest, RejectsTextThatIsNotOneJsonValue) {
  for (const char* text :
       {"{\"a\":1} x", "{} {}", "{\"a\" 1}", "{'a':1}", "[1,]", "[01]", "[+1]", "[.5]", "[1.]",
        "tru", "\"abc", "[\"\x01\"]", "[\"\\x\"]", "// c\n{}", "{NaN:1}", "\"\\ud800\""}) {
    const JsonDocument document = ReadJson(text);
    EXPECT_FALSE(document.readable) << text;
    EXPECT_FALSE(document.diagnostics.empty()) << text;
  }
}

TEST(JsonReaderTest, RejectsIllFormedUtf8) {
  EXPECT_NE(OnlyDiagnostic("{\"a\":\"\xff\"}").message.find("UTF-8"), std::string::npos);
  EXPECT_NE(OnlyDiagnostic("{\"a\":\"\xc0\x80\"}").message.find("UTF-8"), std::string::npos);
}

TEST(JsonReaderTest, RejectsAByteOrderMarkANulByteAndEmptyText) {
  EXPECT_NE(OnlyDiagnostic("\xEF\xBB\xBF{}").message.find("byte order mark"), std::string::npos);
  EXPECT_NE(OnlyDiagnostic(llvm::StringRef("{}\0", 3)).message.find("NUL"), std::string::npos);
  EXPECT_NE(OnlyDiagnostic("").message.find("empty"), std::string::npos);
  EXPECT_NE(OnlyDiagnostic(" \n\t").message.find("empty"), std::string::npos);
}

TEST(JsonReaderTest, LimitsSizeTo1MiB) {
  std::string text = "[" + std::string(kJsonMaxBytes - 2, ' ') + "]";
  EXPECT_TRUE(ReadJson(text).readable);
  text.insert(1, 1, ' ');
  EXPECT_NE(OnlyDiagnostic(text).message.find("1048577 bytes"), std::string::npos);
  EXPECT_NE(OnlyDiagnostic(std::string(10 << 20, '[')).message.find("too large"),
            std::string::npos);
}

TEST(JsonReaderTest, LimitsNestingTo32) {
  const auto nested = [](int depth) {
    return std::string(depth, '[') + "1" + std::string(depth, ']');
  };
  EXPECT_TRUE(ReadJson(nested(32)).readable);
  EXPECT_NE(OnlyDiagnostic(nested(33)).message.find("nested too deeply"), std::string::npos);
  EXPECT_NE(OnlyDiagnostic(nested(10000)).message.find("nested too deeply"), std::string::npos);
  std::string objects;
  for (int i = 0; i < 10000; ++i) objects += "{\"a\":";
  EXPECT_NE(OnlyDiagnostic(objects).message.find("nested too deeply"), std::string::npos);
}

TEST(JsonReaderTest, ShowsValuesAsShortPrintableJson) {
  const JsonDocument document =
      ReadJson(R"([{"k":[1,2.50,"x\u001b[31m"]},")" + std::string(5000, 'y') + "\"," + "[" +
               std::string(2000, ' ') + "1,2,3]]");
  ASSERT_TRUE(document.readable);
  EXPECT_EQ(CompactJson(document.root.items[0]), R"({"k":[1,2.50,"x\u001b[31m"]})");
  const std::string cut = CompactJson(document.root.items[1]);
  EXPECT_EQ(cut.size(), 80u);
  EXPECT_EQ(cut.substr(77), "...");
  EXPECT_EQ(CompactJson(document.root.items[2]), "[1,2,3]");
}

TEST(JsonReaderTest, CutsShownValuesBetweenCharacters) {
  std::string text = "\"";
  for (int i = 0; i < 100; ++i) text += "\xe2\x82\xac";  // U+20AC, three bytes.
  const std::string cut = CompactJson(ReadJson(text + "\"").root);
  EXPECT_LE(cut.size(), 80u);
  EXPECT_EQ((cut.size() - 4) % 3, 0u) << cut;
}

TEST(JsonReaderTest, EscapesPointers) {
  EXPECT_EQ(AppendPointer("/a", llvm::StringRef("b/c~d")), "/a/b~1c~0d");
  EXPECT_EQ(AppendPointer("", llvm::StringRef("")), "/");
  EXPECT_EQ(AppendPointer("", llvm::StringRef("\x1b")), "/\\u001b");
  EXPECT_EQ(AppendPointer("/a", 12), "/a/12");
  EXPECT_LE(AppendPointer("", std::string(1000, 'k')).size(), 81u);
}

}  // namespace
}  // namespace attnjit
