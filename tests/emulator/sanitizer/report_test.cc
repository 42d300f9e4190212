// What findings say, how they are collected and silenced.
#include "runtime/emulator/sanitizer/report.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "nlohmann/json.hpp"

namespace attnjit::emulator {
namespace {

Report RaceAt(Pc pc, Pc other) {
  Report report;
  report.rule = Rule::kRace;
  report.message = "nothing orders them";
  report.actor.pc = pc;
  report.actor.cta = 0;
  report.actor.warp = 1;
  report.actor.kind = "read";
  report.other = report.actor;
  report.other.pc = other;
  report.other.warp = 2;
  report.other.kind = "write";
  report.space = MemorySpace::kShared;
  report.address = 0x410;
  report.size = 4;
  return report;
}

Silence MustParse(llvm::StringRef text) {
  llvm::Expected<Silence> silence = ParseSilence(text);
  EXPECT_TRUE(bool(silence)) << text.str();
  return silence ? *silence : Silence();
}

std::string ParseError(llvm::StringRef text) {
  llvm::Expected<Silence> silence = ParseSilence(text);
  return silence ? "" : llvm::toString(silence.takeError());
}

TEST(Rules, HaveUniqueNamesThatLeadBack) {
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(Rule::kDeadlock); ++i) {
    const Rule rule = static_cast<Rule>(i);
    EXPECT_TRUE(names.insert(RuleName(rule).str()).second);
    EXPECT_EQ(FindRule(RuleName(rule)), rule);
    EXPECT_FALSE(RuleSummary(rule).empty());
  }
  EXPECT_EQ(FindRule("no-such-rule"), std::nullopt);
}

TEST(Sink, CountsEqualFindingsOnce) {
  ReportSink sink;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(sink.Add(RaceAt(5, 7)));
  sink.Add(RaceAt(5, 8));
  const std::vector<Report> reports = sink.reports();
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].count, 3u);
  EXPECT_EQ(sink.total(), 4u);
  EXPECT_FALSE(sink.empty());
}

TEST(Sink, KeepsABoundedNumber) {
  ReportSink sink(2);
  for (Pc pc = 0; pc < 5; ++pc) sink.Add(RaceAt(pc, 9));
  EXPECT_EQ(sink.reports().size(), 2u);
  EXPECT_EQ(sink.dropped(), 3u);
  EXPECT_EQ(sink.total(), 5u);
  EXPECT_NE(sink.ToText().find("3 more findings"), std::string::npos);
}

TEST(Sink, TakesFindingsFromManyThreads) {
  ReportSink sink;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&sink] {
      for (Pc pc = 0; pc < 50; ++pc) sink.Add(RaceAt(pc, 0));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sink.total(), 200u);
  EXPECT_EQ(sink.reports().size(), 50u);
}

TEST(Sink, NamesPlacesOfTheKernel) {
  ReportSink sink;
  sink.SetKernel("fwd", {{10, 3, "", "st.shared.u32 [%r1], %r2;"}, {11, 4, "LOOP", "bar.sync 0;"}});
  sink.Add(RaceAt(1, 0));
  const std::string text = sink.ToText();
  EXPECT_NE(text.find("race: nothing orders them"), std::string::npos) << text;
  EXPECT_NE(text.find("PTX line 11, CUDA line 4"), std::string::npos) << text;
  EXPECT_NE(text.find("st.shared.u32 [%r1], %r2;"), std::string::npos) << text;
  EXPECT_NE(text.find("shared memory, 0x410, 4 bytes"), std::string::npos) << text;
}

TEST(Sink, JsonHoldsEverythingAndIsValidForAnyBytes) {
  ReportSink sink;
  sink.SetKernel("fwd", {{10, 3, "", "\xff broken"}});
  sink.AddSilences({MustParse("deadlock kernel=fwd: never here")});
  sink.Add(RaceAt(0, kNoPc));
  const nlohmann::json json = nlohmann::json::parse(sink.ToJson());
  EXPECT_EQ(json["total"], 1);
  EXPECT_EQ(json["reports"][0]["rule"], "race");
  EXPECT_EQ(json["reports"][0]["actor"]["ptx_line"], 10);
  EXPECT_EQ(json["reports"][0]["other"]["warp"], 2);
  EXPECT_EQ(json["silenced"][0]["used"], 0);
  EXPECT_EQ(json["silenced"][0]["reason"], "never here");
}

TEST(Silence, CoversItsRuleAtItsPlace) {
  ReportSink sink;
  sink.SetKernel("fwd", {{10, 3, "A", ""}, {20, 4, "B", ""}, {30, 5, "B", ""}});
  sink.AddSilences({MustParse("race ptx=20,kernel=fwd: a benign flag")});
  EXPECT_TRUE(sink.Add(RaceAt(0, 2)));
  EXPECT_FALSE(sink.Add(RaceAt(1, 0)));
  EXPECT_FALSE(sink.Add(RaceAt(0, 1)));  // The conflicting access counts, too.
  Report other = RaceAt(1, 0);
  other.rule = Rule::kUninitShared;
  EXPECT_TRUE(sink.Add(other));
  EXPECT_EQ(sink.total(), 2u);
  EXPECT_EQ(sink.silences()[0].used, 2u);
  EXPECT_NE(sink.ToText().find("silenced 2 times: race at kernel=fwd,ptx=20: a benign flag"),
            std::string::npos)
      << sink.ToText();
}

TEST(Silence, ByLabelAndByCudaLine) {
  ReportSink sink;
  sink.SetKernel("fwd", {{10, 3, "A", ""}, {20, 4, "B", ""}});
  sink.AddSilences({MustParse("race label=B: x"), MustParse("race cuda=3: y")});
  EXPECT_FALSE(sink.Add(RaceAt(1, kNoPc)));
  EXPECT_FALSE(sink.Add(RaceAt(0, kNoPc)));
}

TEST(Silence, SaysWhatIsWrongWithIt) {
  EXPECT_NE(ParseError("race ptx=1").find("reason"), std::string::npos);
  EXPECT_NE(ParseError("race ptx=1:  ").find("reason"), std::string::npos);
  EXPECT_NE(ParseError("race: why").find("place"), std::string::npos);
  EXPECT_NE(ParseError("rce ptx=1: why").find("'rce'"), std::string::npos);
  EXPECT_NE(ParseError("race ptx=x: why").find("'x'"), std::string::npos);
  EXPECT_NE(ParseError("race ptx=0: why").find("'0'"), std::string::npos);
  EXPECT_NE(ParseError("race lane=1: why").find("'lane'"), std::string::npos);
  EXPECT_NE(ParseError("race ptx: why").find("NAME=VALUE"), std::string::npos);
}

TEST(Silence, IsFoundInCudaSource) {
  llvm::Expected<std::vector<Silence>> found = FindSilences(
      "int a;\n"
      "  // sanitizer-allow(race): every thread writes the same flag\n"
      "flag = 1;\n"
      "x = y;  // sanitizer-allow(uninit-shared): padding\n");
  ASSERT_TRUE(bool(found));
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].rule, Rule::kRace);
  EXPECT_EQ((*found)[0].cuda_line, 3u);
  EXPECT_EQ((*found)[0].reason, "every thread writes the same flag");
  EXPECT_EQ((*found)[1].cuda_line, 4u);
}

TEST(Silence, InCudaSourceMustBeComplete) {
  for (const char* source : {"\n// sanitizer-allow(rce): x\n", "\n// sanitizer-allow(race)\n",
                             "\n// sanitizer-allow(race):  \n"}) {
    llvm::Expected<std::vector<Silence>> found = FindSilences(source);
    ASSERT_FALSE(bool(found)) << source;
    EXPECT_NE(llvm::toString(found.takeError()).find("line 2"), std::string::npos);
  }
}

}  // namespace
}  // namespace attnjit::emulator
