#include "cache/entry.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cache/error.h"
#include "tests/unit/cache/cache_test_support.h"

namespace attnjit {
namespace {

constexpr size_t kLineBytes = 90;

std::string Serialize(const CacheEntry& entry) { return Take(SerializeEntry(entry)); }

// The message of the damage that ParseEntry finds; "" if it finds none, or something else.
std::string Damage(llvm::StringRef file) {
  llvm::Expected<CacheEntry> entry = ParseEntry(file);
  if (entry) return "";
  std::string message;
  llvm::handleAllErrors(entry.takeError(), [&](const CacheError& error) {
    if (error.kind() == CacheError::Kind::kDamaged) message = error.message();
  });
  return message;
}

// A file with another header, whose length and hash fit: what an ill-meaning writer could make.
std::string WithHeader(const std::string& file, const std::function<void(nlohmann::json&)>& edit) {
  const size_t end = file.find('\n', kLineBytes) + 1;
  nlohmann::json header = nlohmann::json::parse(file.substr(kLineBytes, end - kLineBytes));
  edit(header);
  const std::string text = header.dump() + "\n";
  char length[16];
  std::snprintf(length, sizeof length, "%08zu", text.size());
  return "attnjit-entry 1 " + std::string(length) + " " + Sha256Hex(text) + "\n" + text +
         file.substr(end);
}

TEST(CacheEntryTest, RoundTripKeepsEveryField) {
  const CacheEntry entry = MakeEntry(7);
  EXPECT_TRUE(SameEntry(Take(ParseEntry(Serialize(entry))), entry));
}

TEST(CacheEntryTest, RoundTripKeepsEmptySectionsAndAnyBytes) {
  CacheEntry entry = MakeEntry();
  entry.plan = entry.compile_log = entry.ptx = "";
  entry.source = std::string(3000, '\0') + "\xff\xfe\r\n";
  entry.compile_log = "\x80 not UTF-8";
  EXPECT_TRUE(SameEntry(Take(ParseEntry(Serialize(entry))), entry));
}

TEST(CacheEntryTest, EqualEntriesGiveEqualBytes) {
  EXPECT_EQ(Serialize(MakeEntry(1)), Serialize(MakeEntry(1)));
}

TEST(CacheEntryTest, HeaderAndSpecAreReadableAtTheBeginning) {
  const std::string file = Serialize(MakeEntry(3));
  EXPECT_EQ(file.substr(0, 16), "attnjit-entry 1 ");
  const std::string beginning = file.substr(0, 2500);
  EXPECT_NE(beginning.find(R"("name":"fwd_sm90a_bf16_d128_3","arch":"sm_90a")"), std::string::npos);
  EXPECT_NE(beginning.find(MakeEntry(3).canonical_spec), std::string::npos);
}

TEST(CacheEntryTest, TextIsPacked) {
  CacheEntry entry = MakeEntry();
  entry.ptx = std::string(400000, 'x');
  EXPECT_LT(Serialize(entry).size(), 16000u);
}

TEST(CacheEntryTest, UnpackingToRunLeavesOutSourceAndPtxOnly) {
  CacheEntry entry = MakeEntry();
  const CacheEntry read = Take(ParseEntry(Serialize(entry), Unpack::kToRun));
  entry.source = entry.ptx = "";
  EXPECT_TRUE(SameEntry(read, entry));
}

TEST(CacheEntryTest, UnpackingToRunVerifiesAllSections) {
  const CacheEntry entry = MakeEntry();
  std::string file = Serialize(entry);
  const size_t source = file.find(entry.plan) + entry.plan.size();
  file[source + 10] ^= 1;
  llvm::Expected<CacheEntry> read = ParseEntry(file, Unpack::kToRun);
  ASSERT_FALSE(read);
  EXPECT_EQ(llvm::toString(read.takeError()), "damaged section source: its SHA-256 differs");
}

TEST(CacheEntryTest, EveryBitFlipInTheHeaderIsDamage) {
  std::string file = Serialize(MakeEntry());
  const size_t header_end = file.find('\n', kLineBytes) + 1;
  for (size_t at = 0; at < header_end; ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      file[at] ^= static_cast<char>(1 << bit);
      ASSERT_NE(Damage(file), "") << "byte " << at << " bit " << bit;
      file[at] ^= static_cast<char>(1 << bit);
    }
  }
  EXPECT_EQ(Damage(file), "");
}

TEST(CacheEntryTest, EveryChangedByteInTheSectionsIsDamage) {
  std::string file = Serialize(MakeEntry());
  const size_t header_end = file.find('\n', kLineBytes) + 1;
  for (size_t at = header_end; at < file.size(); ++at) {
    file[at] ^= static_cast<char>(1 << (at % 8));
    ASSERT_NE(Damage(file), "") << "byte " << at;
    file[at] ^= static_cast<char>(1 << (at % 8));
  }
  EXPECT_EQ(Damage(file), "");
}

TEST(CacheEntryTest, EveryTruncationIsDamage) {
  const std::string file = Serialize(MakeEntry());
  for (size_t size = 0; size < file.size(); ++size) {
    ASSERT_NE(Damage(llvm::StringRef(file).take_front(size)), "") << "first " << size << " bytes";
  }
}

TEST(CacheEntryTest, TrailingBytesAreDamage) {
  const std::string file = Serialize(MakeEntry());
  EXPECT_NE(Damage(file + std::string(1, '\0')).find("too long"), std::string::npos);
  EXPECT_NE(Damage(file + file).find("too long"), std::string::npos);
}

TEST(CacheEntryTest, DamageSaysWhatIsDamaged) {
  const CacheEntry entry = MakeEntry();
  const std::string file = Serialize(entry);
  EXPECT_NE(Damage("").find("not an attnjit cache entry"), std::string::npos);
  EXPECT_NE(Damage("{}").find("not an attnjit cache entry"), std::string::npos);
  EXPECT_EQ(Damage("attnjit-entry 1 "), "truncated in the first line");
  EXPECT_EQ(Damage(file.substr(0, 300)), "truncated in the header");
  EXPECT_NE(Damage(file.substr(0, file.size() - 1)).find("truncated: "), std::string::npos);
  std::string changed = file;
  changed[16] = '9';
  EXPECT_EQ(Damage(changed), "damaged first line: header too long");
  changed = file;
  changed[file.find("168")] = '2';
  EXPECT_EQ(Damage(changed), "damaged header: its SHA-256 differs");
  changed = file;
  changed.back() ^= 1;
  EXPECT_EQ(Damage(changed), "damaged section cubin: its SHA-256 differs");
  changed = file;
  changed[14] = '2';
  EXPECT_NE(Damage(changed).find("another format version"), std::string::npos);
}

TEST(CacheEntryTest, HostileHeadersAreDamageWhateverTheirHash) {
  using Json = nlohmann::json;
  const std::string file = Serialize(MakeEntry());
  const std::vector<std::function<void(Json&)>> edits = {
      [](Json& h) { h = Json::array(); },
      [](Json& h) { h = nullptr; },
      [](Json& h) { h.erase("name"); },
      [](Json& h) { h["extra"] = 1; },
      [](Json& h) { h["registers"] = -1; },
      [](Json& h) { h["registers"] = 1.5; },
      [](Json& h) { h["registers"] = 3000000000u; },
      [](Json& h) { h["created_unix"] = 18446744073709551615u; },
      [](Json& h) { h["sections"] = 7; },
      [](Json& h) { h["sections"].erase(0); },
      [](Json& h) { h["sections"].push_back(h["sections"][0]); },
      [](Json& h) { std::swap(h["sections"][0], h["sections"][1]); },
      [](Json& h) { h["sections"][4]["codec"] = "lzma"; },
      [](Json& h) { h["sections"][4]["codec"] = "raw"; },
      [](Json& h) { h["sections"][4]["bytes"] = 5; },
      [](Json& h) { h["sections"][4]["bytes"] = 60 << 20; },
      [](Json& h) { h["sections"][4]["bytes"] = 18446744073709551615u; },
      [](Json& h) { h["sections"][4]["stored_bytes"] = 18446744073709551615u; },
      [](Json& h) { h["sections"][0]["sha256"] = ""; },
      [](Json& h) { h["sections"][0]["codec"] = "zstd"; },
  };
  EXPECT_EQ(Damage(WithHeader(file, [](Json&) {})), "");
  for (size_t i = 0; i < edits.size(); ++i) {
    EXPECT_NE(Damage(WithHeader(file, edits[i])), "") << "edit " << i;
  }
}

TEST(CacheEntryTest, DeeplyNestedHeaderIsDamage) {
  const std::string text(kMaxHeaderBytes, '[');
  EXPECT_EQ(Damage("attnjit-entry 1 000" + std::to_string(text.size()) + " " + Sha256Hex(text) +
                   "\n" + text),
            "damaged header: it is not JSON");
}

TEST(CacheEntryTest, InfoIsReadFromTheBeginningAlone) {
  const CacheEntry entry = MakeEntry(5);
  std::string file = Serialize(entry);
  const size_t header_end = file.find('\n', kLineBytes) + 1;
  const EntryInfo info =
      Take(ReadEntryInfo(llvm::StringRef(file).take_front(header_end), file.size()));
  EXPECT_EQ(info.key, entry.key);
  EXPECT_EQ(info.name, entry.name);
  EXPECT_EQ(info.registers, 168);
  EXPECT_EQ(info.compile_seconds, entry.compile_seconds);
  llvm::Expected<EntryInfo> truncated = ReadEntryInfo(file, file.size() - 1);
  EXPECT_FALSE(truncated);
  llvm::consumeError(truncated.takeError());
}

TEST(CacheEntryTest, AnotherKeyOrSpecIsToldApart) {
  const CacheEntry entry = MakeEntry(1), other = MakeEntry(2);
  EXPECT_FALSE(CheckEntryIs(entry, entry.key, entry.canonical_spec));
  EXPECT_EQ(llvm::toString(CheckEntryIs(entry, other.key, entry.canonical_spec)),
            "it holds another request's key");
  EXPECT_EQ(
      llvm::toString(CheckEntryIs(entry, WithToolchain(entry, "x").key, entry.canonical_spec)),
      "it holds another toolchain's key");
  EXPECT_EQ(llvm::toString(CheckEntryIs(entry, entry.key, other.canonical_spec)),
            "it holds another spec: " + entry.canonical_spec);
}

TEST(CacheEntryTest, WhatCannotBeStoredIsAnErrorAndNotAnException) {
  const std::vector<std::function<void(CacheEntry&)>> edits = {
      [](CacheEntry& e) { e.key.request = ""; },
      [](CacheEntry& e) { e.key.toolchain = "../../etc/passwd"; },
      [](CacheEntry& e) { e.name = "\xff"; },
      [](CacheEntry& e) { e.name = std::string(20000, 'n'); },
      [](CacheEntry& e) { e.compile_seconds = std::nan(""); },
      [](CacheEntry& e) { e.registers = -1; },
      [](CacheEntry& e) { e.source = std::string(kMaxEntryUnpackedBytes + 1, 's'); },
  };
  for (size_t i = 0; i < edits.size(); ++i) {
    CacheEntry entry = MakeEntry();
    edits[i](entry);
    llvm::Expected<std::string> file = SerializeEntry(entry);
    EXPECT_FALSE(file) << "edit " << i;
    EXPECT_NE(llvm::toString(file.takeError()), "");
  }
}

}  // namespace
}  // namespace attnjit
