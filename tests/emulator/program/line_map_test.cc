// Lines of the source for PTX that was compiled without them.
#include "runtime/emulator/program/line_map.h"

#include <gtest/gtest.h>

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator {
namespace {

constexpr const char* kShipped = ".entry k {\n.reg .b32 r;\nmov.b32 r, 1;\n\nadd.b32 r, r, 1;\n}";

TEST(LineMap, MapsLinesOfTheShippedTextToTheSource) {
  const ptx::Module shipped = ptx::ParseOrFail(ptx::ModuleText(kShipped));
  const ptx::Module lined = ptx::ParseOrFail(ptx::ModuleText(
      ".entry k {\n.reg .b32 r;\n.loc 1 30 1\n.loc 1 7 2, function_name L, inlined_at 1 30 1\n"
      "mov.b32   r,\n 1;\n.loc 1 8 1\nadd.b32 r, r, 1;\n}"));
  llvm::Expected<LineMap> map = LineMap::Make(shipped, lined);
  ASSERT_TRUE(static_cast<bool>(map));
  EXPECT_EQ(map->Find(6).line, 7);
  EXPECT_EQ(map->Find(6).outer, 30);
  EXPECT_EQ(map->Find(8).line, 8);
  EXPECT_EQ(map->Find(7).line, -1);
}

TEST(LineMap, RefusesPtxThatDiffers) {
  const ptx::Module shipped = ptx::ParseOrFail(ptx::ModuleText(kShipped));
  const auto problem = [&](const std::string& text) {
    const ptx::Module lined = ptx::ParseOrFail(ptx::ModuleText(text));
    llvm::Expected<LineMap> map = LineMap::Make(shipped, lined);
    return map ? "" : llvm::toString(map.takeError());
  };
  EXPECT_EQ(problem(".entry k {\n.reg .b32 r;\nmov.b32 r, 2; add.b32 r, r, 1;\n}"),
            "ptx:6:1: the PTX with line numbers has another instruction here: mov.b32 r, 1");
  EXPECT_NE(problem(".entry k { .reg .b32 r; mov.b32 r, 1; }").find("another such function"),
            std::string::npos);
  EXPECT_NE(problem(".entry j { ret; }").find("another such function"), std::string::npos);
}

}  // namespace
}  // namespace attnjit::emulator
