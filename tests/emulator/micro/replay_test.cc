// Every micro-program on the emulator, against the answers that a GPU gave.
#include <map>
#include <set>

#include "gtest/gtest.h"
#include "llvm/Support/raw_ostream.h"
#include "tests/emulator/micro/batch.h"
#include "tests/emulator/micro/catalog.h"
#include "tests/emulator/micro/judge.h"

namespace attnjit::micro {
namespace {

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = AllCases();
  return cases;
}

std::vector<std::string> Families() {
  std::set<std::string> families;
  for (const Case& c : Cases()) families.insert(c.family);
  return {families.begin(), families.end()};
}

class Replay : public testing::TestWithParam<std::string> {};

void RunTarget(const std::string& target, const std::vector<size_t>& indices,
               const FamilyAnswers& answers) {
  DeviceOptions options;
  options.name = "emulator:" + target;
  llvm::Expected<Device> device = OpenDevice(options);
  ASSERT_TRUE(static_cast<bool>(device)) << llvm::toString(device.takeError());
  auto executor = Executor::Create(std::move(*device));
  ASSERT_TRUE(static_cast<bool>(executor)) << llvm::toString(executor.takeError());
  auto finished = [&](size_t index, llvm::Expected<Bytes> output) {
    const Case& c = Cases()[index];
    if (!output) {
      const std::string error = llvm::toString(output.takeError());
      EXPECT_TRUE(IsRefusal(c, error)) << c.name << ": " << error;
      return;
    }
    auto answer = answers.by_case.find(c.name);
    Judgement judgement =
        Judge(c, *output, answer == answers.by_case.end() ? nullptr : &answer->second);
    EXPECT_NE(judgement.verdict, Verdict::kDifferent) << c.name << ": " << judgement.detail;
    EXPECT_NE(judgement.verdict, Verdict::kStale)
        << c.name << ": the program has changed since a GPU answered it";
    EXPECT_NE(judgement.verdict, Verdict::kNoAnswer) << c.name << ": no GPU has answered it";
  };
  constexpr size_t kCasesInModule = 8;
  RunInProcess(**executor, Cases(), indices, kCasesInModule, finished);
}

TEST_P(Replay, GivesTheAnswersOfTheGpu) {
  llvm::Expected<FamilyAnswers> answers = ReadAnswers(ATTNJIT_ANSWERS_DIR, GetParam());
  ASSERT_TRUE(static_cast<bool>(answers)) << llvm::toString(answers.takeError());
  std::map<std::string, std::vector<size_t>> by_target;
  for (size_t i = 0; i < Cases().size(); ++i) {
    if (Cases()[i].family == GetParam()) by_target[Cases()[i].target].push_back(i);
  }
  for (const auto& [target, indices] : by_target) RunTarget(target, indices, *answers);
}

INSTANTIATE_TEST_SUITE_P(Families, Replay, testing::ValuesIn(Families()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) {
    if (!isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

}  // namespace
}  // namespace attnjit::micro
