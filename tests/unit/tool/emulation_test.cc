// Emulated devices of the command line, and source lines of findings.
#include "tools/attnjit/emulation.h"

#include <gmock/gmock.h>

#include "generator/spec.h"
#include "runtime/compiler.h"
#include "runtime/emulator/machine/device_model.h"

namespace attnjit {
namespace {

TEST(EmulatedDeviceFor, IsTheGpuItselfOrOneThatTakesItsCode) {
  const std::pair<Arch, const char*> expected[] = {
      {Arch::kSm80, "sm_80"},     {Arch::kSm86, "sm_86"},     {Arch::kSm87, "sm_89"},
      {Arch::kSm89, "sm_89"},     {Arch::kSm90, "sm_90a"},    {Arch::kSm90a, "sm_90a"},
      {Arch::kSm100, "sm_100a"},  {Arch::kSm100a, "sm_100a"}, {Arch::kSm103, "sm_103a"},
      {Arch::kSm103a, "sm_103a"}, {Arch::kSm120, "sm_120a"},  {Arch::kSm120a, "sm_120a"},
      {Arch::kSm121a, ""},
  };
  for (const auto& [arch, device] : expected) {
    EXPECT_EQ(EmulatedDeviceFor(arch), device) << GetArchInfo(arch).name;
  }
}

TEST(ParseEmulatedDevice, TakesNamesWithAndWithoutTheirEnds) {
  for (const char* name : {"sm_90a", "sm_90", "90a", "90"}) {
    EXPECT_EQ(llvm::cantFail(ParseEmulatedDevice(name)), "sm_90a");
  }
  for (const char* name : {"", "sm_", "sm_75", "a", "sm_90b"}) {
    EXPECT_FALSE(static_cast<bool>(llvm::expectedToOptional(ParseEmulatedDevice(name)))) << name;
  }
}

TEST(AddCudaLines, NamesTheLineThatAnInstructionComesFrom) {
  CacheEntry entry;
  entry.name = "k";
  entry.source =
      "extern \"C\" __global__ void k(int* p) {\n"
      "  int x = p[1];\n"
      "  p[0] = x + 7;\n"
      "}\n";
  entry.compile_options = "--gpu-architecture=sm_80";
  llvm::Expected<CompileOutput> output =
      Compiler({}).Compile(entry.source, entry.name, entry.compile_options);
  if (!output) GTEST_SKIP() << "no NVRTC: " << llvm::toString(output.takeError());
  entry.ptx = output->ptx;
  const llvm::StringRef ptx = entry.ptx;
  const auto line_of = [&](llvm::StringRef opcode) {
    return static_cast<uint32_t>(ptx.take_front(ptx.find(opcode)).count('\n') + 1);
  };
  emulator::Findings findings;
  findings.reports.resize(2);
  findings.reports[0].kernel = "k";
  findings.reports[0].actor.place.ptx_line = line_of("st.global");
  findings.reports[0].other.place.ptx_line = line_of("ld.global");
  findings.reports[1].kernel = "another";
  findings.reports[1].actor.place.ptx_line = line_of("st.global");
  ASSERT_TRUE(AddCudaLines(entry, "", findings));
  EXPECT_EQ(findings.reports[0].actor.place.cuda_line, 3u);
  EXPECT_EQ(findings.reports[0].other.place.cuda_line, 2u);
  EXPECT_EQ(findings.reports[1].actor.place.cuda_line, 0u);
}

TEST(ApplySilences, TakesOutWhatTheSourceAllowsAndListsIt) {
  emulator::Findings findings;
  for (uint32_t line : {2u, 4u}) {
    emulator::Report report;
    report.rule = emulator::Rule::kRace;
    report.actor.pc = line;
    report.actor.place = {10 + line, line, "", "st"};
    report.count = 3;
    findings.reports.push_back(report);
  }
  findings.total = 6;
  const char* source = "a\n b  // sanitizer-allow(race): a counter\nc\n d\n";
  ASSERT_FALSE(static_cast<bool>(ApplySilences(source, findings)));
  ASSERT_EQ(findings.reports.size(), 1u);
  EXPECT_EQ(findings.reports[0].actor.place.cuda_line, 4u);
  EXPECT_EQ(findings.total, 3u);
  ASSERT_EQ(findings.silences.size(), 1u);
  EXPECT_EQ(findings.silences[0].used, 3u);
  EXPECT_EQ(findings.silences[0].reason, "a counter");
}

TEST(ApplySilences, AMalformedCommentIsAnError) {
  emulator::Findings findings;
  llvm::Error error = ApplySilences("x // sanitizer-allow(no-such-rule): why\n", findings);
  EXPECT_TRUE(static_cast<bool>(error));
  llvm::consumeError(std::move(error));
}

TEST(AddCudaLines, SaysWhereItCannot) {
  CacheEntry entry;
  entry.name = "k";
  entry.source = "not CUDA";
  entry.compile_options = "--gpu-architecture=sm_80";
  emulator::Findings findings;
  EXPECT_FALSE(AddCudaLines(entry, "", findings));
}

}  // namespace
}  // namespace attnjit
