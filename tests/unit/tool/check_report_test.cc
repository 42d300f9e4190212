// What check prints of a kernel that is wrong.
#include "tools/attnjit/check_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace attnjit {
namespace {

using testing::HasSubstr;
using testing::Not;

CheckReport FailedReport(size_t findings) {
  CheckReport report;
  report.status = "failed";
  report.device = "emulated H100 (sm_90a)";
  report.kernel = "fwd";
  report.figures.rounds = 1;
  report.emulated = true;
  report.policy = "seed=7";
  report.sanitized = true;
  report.source = "first line\n  second line\nthird line\n";
  for (size_t i = 0; i < findings; ++i) {
    emulator::Report finding;
    finding.rule = emulator::Rule::kRace;
    finding.message = "bytes are written and read";
    finding.actor.kind = "write";
    finding.actor.pc = 7;
    finding.actor.cta = 0;
    finding.actor.warp = 3;
    finding.actor.place = {12, 2, "$L__BB0_1", "st.shared.u32 [%r1], %r2"};
    finding.other.kind = "read";
    finding.other.place.ptx_line = 30;
    finding.space = emulator::MemorySpace::kShared;
    finding.address = 0x480;
    finding.size = 4;
    finding.count = 5;
    report.findings.reports.push_back(finding);
  }
  report.findings.total = 5 * findings;
  report.findings.silences = {{emulator::Rule::kUninitShared, "", 0, 9, "", "padding is read", 2}};
  return report;
}

std::string Text(const CheckReport& report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  PrintText(report, os);
  return text;
}

nlohmann::json Json(const CheckReport& report) {
  std::string text;
  llvm::raw_string_ostream os(text);
  PrintJson(report, os);
  return nlohmann::json::parse(text);
}

TEST(CheckReport, TextNamesRulePlaceSourceLineAndSilences) {
  const std::string text = Text(FailedReport(1));
  EXPECT_THAT(text, HasSubstr("asynchronous operations seed=7, sanitizer found 1 places, 5 times"));
  EXPECT_THAT(text, HasSubstr("race: "));
  EXPECT_THAT(text, HasSubstr("PTX line 12"));
  EXPECT_THAT(text, HasSubstr("cuda 2: second line"));
  EXPECT_THAT(text, HasSubstr("uninit-shared, 2 times: padding is read"));
  EXPECT_THAT(text, HasSubstr("result      failed"));
}

TEST(CheckReport, TextShowsSomeFindingsAndCountsTheOthers) {
  CheckReport report = FailedReport(14);
  report.findings.dropped = 3;
  EXPECT_THAT(Text(report), HasSubstr("... and 7 others"));
}

TEST(CheckReport, TextOfAKernelThatFaultedHasNoFigures) {
  CheckReport report = FailedReport(1);
  report.figures.rounds = 0;
  report.figures.problem = "cuStreamSynchronize failed";
  const std::string text = Text(report);
  EXPECT_THAT(text, HasSubstr("failed: cuStreamSynchronize failed"));
  EXPECT_THAT(text, Not(HasSubstr("cosine")));
}

TEST(CheckReport, JsonHasEveryFinding) {
  const nlohmann::json json = Json(FailedReport(14));
  const nlohmann::json& sanitizer = json["emulation"]["sanitizer"];
  EXPECT_EQ(sanitizer["total"], 70);
  ASSERT_EQ(sanitizer["reports"].size(), 14u);
  const nlohmann::json& first = sanitizer["reports"][0];
  EXPECT_EQ(first["rule"], "race");
  EXPECT_EQ(first["count"], 5);
  EXPECT_EQ(first["actor"]["cuda_line"], 2);
  EXPECT_EQ(first["actor"]["label"], "$L__BB0_1");
  EXPECT_EQ(first["other"]["ptx_line"], 30);
  EXPECT_FALSE(first["other"].contains("cuda_line"));
  EXPECT_EQ(first["space"], "shared");
  EXPECT_EQ(sanitizer["silenced"][0]["reason"], "padding is read");
}

TEST(CheckReport, WithoutTheSanitizerThereAreNoFindings) {
  CheckReport report = FailedReport(0);
  report.sanitized = false;
  EXPECT_THAT(Text(report), HasSubstr("sanitizer off"));
  EXPECT_TRUE(Json(report)["emulation"]["sanitizer"].is_null());
}

TEST(CheckReport, OnAGpuThereIsNoEmulation) {
  CheckReport report = FailedReport(0);
  report.emulated = false;
  EXPECT_THAT(Text(report), Not(HasSubstr("emulation")));
  EXPECT_FALSE(Json(report).contains("emulation"));
}

}  // namespace
}  // namespace attnjit
