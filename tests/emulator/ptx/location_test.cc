// Lines of the CUDA source.
#include <gtest/gtest.h>

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator::ptx {
namespace {

TEST(PtxLocation, AnInstructionHasTheNearestLocBeforeIt) {
  const Body body = ParseBody("ret; .loc 1 10 3\nret; ret; .loc 1 12 5\n.loc 2 13 1\nret;");
  EXPECT_EQ(body[0].source.line, -1);
  EXPECT_EQ(body[1].source.line, 10);
  EXPECT_EQ(body[1].source.outer_line, 10);
  EXPECT_EQ(body[2].source.line, 10);
  EXPECT_EQ(body[3].source.line, 13);
  EXPECT_EQ(body[3].source.file, 2);
}

TEST(PtxLocation, AChainOfInlinedCallsKeepsItsInnermostAndOutermostPosition) {
  const Body body = ParseBody(
      ".loc 1 27 3\n.loc 1 10 5, function_name $L__info_string1, inlined_at 1 27 3\n"
      ".loc 1 15 3, function_name .debug_str+16, inlined_at 1 10 5\nret; .loc 1 28 1\nret;");
  EXPECT_EQ(body[0].source.line, 15);
  EXPECT_EQ(body[0].source.column, 3);
  EXPECT_EQ(body[0].source.outer_line, 27);
  EXPECT_EQ(body[1].source.outer_line, 28);
}

TEST(PtxLocation, FilesAndSectionsMayFollowTheCode) {
  const Module module =
      ParseOrFail(EntryText(".loc 1 4 1\nret;") +
                  ".file 1 \"kernel.cu\"\n.file 2 \"other.h\", 1700000000, 4096\n"
                  ".section .debug_str\n{\n$L__info_string0:\n.b8 95,90,0\n{ .b8 1 }\n}\n");
  EXPECT_EQ(module.files.at(1), "kernel.cu");
  EXPECT_EQ(module.files.at(2), "other.h");
  EXPECT_EQ(module.functions.size(), 1u);
}

TEST(PtxLocation, RefusesMalformedLocs) {
  EXPECT_EQ(ProblemOf(EntryText(".loc 1 2 x")).message, "expected a source position");
  EXPECT_EQ(ProblemOf(EntryText(".loc 1 2 3, name L, inlined_at 1 2 3")).message,
            "expected function_name");
}

}  // namespace
}  // namespace attnjit::emulator::ptx
