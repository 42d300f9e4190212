// The catalogue's own rules, and the judge.
#include <cmath>
#include <cstring>
#include <set>

#include "gtest/gtest.h"
#include "llvm/Support/FileSystem.h"
#include "tests/emulator/micro/catalog.h"
#include "tests/emulator/micro/judge.h"

namespace attnjit::micro {
namespace {

Bytes FloatBytes(std::initializer_list<float> values) {
  Bytes bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}

Case OfFloats(const Bytes& output) {
  Case c;
  c.name = "case";
  c.output = output;
  Region region;
  region.kind = Kind::kF32;
  region.count = output.size() / sizeof(float);
  c.regions = {region};
  return c;
}

TEST(Catalogue, NamesEveryCaseAndEntryOnce) {
  std::set<std::string> names, entries;
  for (const Case& c : AllCases()) {
    EXPECT_TRUE(names.insert(c.family + "/" + c.name).second) << c.name;
    if (c.encodes.empty()) {
      EXPECT_TRUE(entries.insert(c.entry).second) << c.entry;
    }
  }
}

TEST(Catalogue, IsTheSameEachTime) {
  std::vector<Case> once = AllCases(), again = AllCases();
  ASSERT_EQ(once.size(), again.size());
  for (size_t i = 0; i < once.size(); ++i) EXPECT_EQ(Fingerprint(once[i]), Fingerprint(again[i]));
}

TEST(Catalogue, RegionsLieInTheOutput) {
  for (const Case& c : AllCases()) {
    for (const Region& region : c.regions) {
      EXPECT_LE(region.offset + region.count * InfoOf(region.kind).bytes, c.output.size())
          << c.name;
    }
  }
}

TEST(Fingerprint, ChangesWithWhateverChangesTheAnswer) {
  Case c = OfFloats(FloatBytes({1, 2}));
  std::string before = Fingerprint(c);
  c.input = {1};
  EXPECT_NE(Fingerprint(c), before);
  c.input = {};
  c.text = "x";
  EXPECT_NE(Fingerprint(c), before);
  c.text = "";
  c.maps.emplace_back();
  EXPECT_NE(Fingerprint(c), before);
}

TEST(Judge, TakesOneNanForAnotherAndNothingElse) {
  Case c = OfFloats(FloatBytes({NAN, 1}));
  Answer answer = MakeAnswer(c, FloatBytes({-NAN, 1}), false);
  EXPECT_EQ(Judge(c, FloatBytes({NAN, 1}), &answer).verdict, Verdict::kSame);
  EXPECT_EQ(Judge(c, FloatBytes({NAN, std::nextafter(1.f, 2.f)}), &answer).verdict,
            Verdict::kDifferent);
  EXPECT_EQ(Judge(c, FloatBytes({0, 1}), &answer).verdict, Verdict::kDifferent);
}

TEST(Judge, SeesADifferenceBehindWhatIsKept) {
  Bytes output(4 * kHeadBytes, 7);
  Case c;
  c.output = output;
  Answer answer = MakeAnswer(c, output, false);
  EXPECT_EQ(answer.head.size(), kHeadBytes);
  EXPECT_EQ(Judge(c, output, &answer).verdict, Verdict::kSame);
  output.back() = 8;
  EXPECT_EQ(Judge(c, output, &answer).verdict, Verdict::kDifferent);
}

TEST(Judge, HoldsApproximationsToTheirBound) {
  Case c = OfFloats(FloatBytes({0, 0}));
  c.input = FloatBytes({1, 4});
  c.regions[0].approximate = true;
  c.regions[0].bound.relative = 0x1p-20;
  c.regions[0].exact = [](double a, double) { return Exact{std::sqrt(a)}; };
  EXPECT_EQ(JudgeAlone(c, FloatBytes({1, 2 + 0x1p-20f})).verdict, Verdict::kSame);
  EXPECT_EQ(JudgeAlone(c, FloatBytes({1, 2 + 0x1p-18f})).verdict, Verdict::kDifferent);
}

TEST(Judge, SaysWhenTheProgramHasChanged) {
  Case c = OfFloats(FloatBytes({1}));
  Answer answer = MakeAnswer(c, FloatBytes({1}), false);
  c.text = "other";
  EXPECT_EQ(Judge(c, FloatBytes({1}), &answer).verdict, Verdict::kStale);
  EXPECT_EQ(Judge(c, FloatBytes({1}), nullptr).verdict, Verdict::kNoAnswer);
}

TEST(Answers, ComeBackAsTheyWereWritten) {
  llvm::SmallString<128> directory;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("attnjit-answers", directory));
  Case c = OfFloats(FloatBytes({1, 2, 3}));
  FamilyAnswers answers;
  answers.device = "a device";
  answers.by_case["case"] = MakeAnswer(c, FloatBytes({4, 5, 6}), false);
  ASSERT_FALSE(static_cast<bool>(WriteAnswers(directory.str().str(), "family", answers)));
  llvm::Expected<FamilyAnswers> read = ReadAnswers(directory.str().str(), "family");
  ASSERT_TRUE(static_cast<bool>(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->device, "a device");
  EXPECT_EQ(read->by_case.at("case").head, answers.by_case["case"].head);
  EXPECT_EQ(Judge(c, FloatBytes({4, 5, 6}), &read->by_case.at("case")).verdict, Verdict::kSame);
  llvm::sys::fs::remove_directories(directory);
}

TEST(Answers, DamageIsAnError) {
  llvm::SmallString<128> directory;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("attnjit-answers", directory));
  int file = 0;
  ASSERT_FALSE(llvm::sys::fs::openFileForWrite(directory + "/family.answers", file));
  llvm::raw_fd_ostream(file, /*shouldClose=*/true) << "not zstd";
  llvm::Expected<FamilyAnswers> read = ReadAnswers(directory.str().str(), "family");
  EXPECT_FALSE(static_cast<bool>(read));
  llvm::consumeError(read.takeError());
  llvm::sys::fs::remove_directories(directory);
}

}  // namespace
}  // namespace attnjit::micro
