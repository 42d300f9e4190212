// Scopes of registers and labels.
#include <gtest/gtest.h>

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator::ptx {
namespace {

TEST(PtxScope, BracesRedeclareRegistersForThemselvesOnly) {
  const Body body = ParseBody(
      "mov.u32 %r1, 0; { .reg .b64 %r1; mov.u64 %r1, 0; } { .reg .b16 %r1; mov.u16 %r1, 0; } "
      "mov.u32 %r1, 1;");
  ASSERT_EQ(body.size(), 4u);
  const Function& f = body.function();
  EXPECT_EQ(f.registers[body[0].operands[0].index], RegisterClass::k32);
  EXPECT_EQ(f.registers[body[1].operands[0].index], RegisterClass::k64);
  EXPECT_EQ(f.registers[body[2].operands[0].index], RegisterClass::k16);
  EXPECT_EQ(body[3].operands[0].index, body[0].operands[0].index);
}

TEST(PtxScope, EachScopeHasItsOwnLabels) {
  const Body body = ParseBody("{ bra L; ret; L: ret; } { bra L; L: ret; } L: bra L;");
  const Function& f = body.function();
  const auto target = [&](size_t i) {
    return f.labels.at(body[i].operands.at(0).index).instruction;
  };
  EXPECT_EQ(target(0), 2u);
  EXPECT_EQ(target(3), 4u);
  EXPECT_EQ(target(5), 5u);
}

TEST(PtxScope, ABranchPrefersTheInnerLabelEvenIfItComesLater) {
  const Body body = ParseBody("L: ret; { bra L; ret; L: ret; }");
  EXPECT_EQ(body.function().labels.at(body[1].operands[0].index).instruction, 3u);
}

TEST(PtxScope, ABranchLeavesScopesForALabelOutside) {
  const Body body = ParseBody("{ { @%p1 bra OUT; } } ret; OUT: ret;");
  EXPECT_EQ(body.function().labels.at(body[0].operands[0].index).instruction, 2u);
}

TEST(PtxScope, BranchTablesNameLabels) {
  const Body body = ParseBody("T: .branchtargets A, B, A; brx.idx %r1, T; A: ret; B: ret;");
  const Operand& table = body[0].operands.at(1);
  ASSERT_EQ(table.symbol, SymbolKind::kBranchTable);
  const BranchTable& targets = body.function().branch_tables.at(table.index);
  ASSERT_EQ(targets.labels.size(), 3u);
  EXPECT_EQ(body.function().labels[targets.labels[0]].name, "A");
  EXPECT_EQ(body.function().labels[targets.labels[1]].instruction, 2u);
}

TEST(PtxScope, NumberedNamesMayEndInDigits) {
  const Body body = ParseBody(".reg .b64 q2<12>; mov.u64 q20, 0; mov.u64 q211, 0;");
  const Function& f = body.function();
  EXPECT_EQ(f.RegisterName(body[0].operands[0].index), "q20");
  EXPECT_EQ(f.RegisterName(body[1].operands[0].index), "q211");
  EXPECT_EQ(ProblemOf(EntryText(".reg .b64 q2<12>; mov.u64 q212, 0;")).message,
            "unknown name q212");
  EXPECT_EQ(ProblemOf(EntryText(".reg .b64 q2<12>; mov.u64 q201, 0;")).message,
            "unknown name q201");
}

TEST(PtxScope, ARegisterMayHideASpecialRegister) {
  const Body body = ParseBody("{ .reg .b32 %laneid; mov.u32 %laneid, 1; } mov.u32 %r1, %laneid;");
  EXPECT_TRUE(body[0].operands[0].IsRegister());
  EXPECT_EQ(body[1].operands[1].kind, OperandKind::kSpecial);
}

TEST(PtxScope, RefusesWhatIsDeclaredTwice) {
  EXPECT_EQ(ProblemOf(EntryText(".reg .b32 x, x;")).message, "declared twice: x");
  EXPECT_EQ(ProblemOf(EntryText(".reg .b32 %r<2>;")).message, "declared twice: %r");
  EXPECT_EQ(ProblemOf(EntryText("A: ret; A: ret;")).message, "label declared twice: A");
}

TEST(PtxScope, LocatesUnknownNames) {
  const Problem label = ProblemOf(EntryText("ret;\n  bra NOWHERE;\nret;"));
  EXPECT_EQ(label.message, "unknown name NOWHERE");
  EXPECT_EQ(label.line, 7u);
  EXPECT_EQ(label.column, 7u);
  EXPECT_EQ(label.text, "bra NOWHERE;");
  EXPECT_EQ(ProblemOf(EntryText("mov.u32 %r1, %r16;")).message, "unknown name %r16");
  EXPECT_EQ(ProblemOf(EntryText("{ .reg .b32 x; } mov.u32 x, 0;")).message, "unknown name x");
}

}  // namespace
}  // namespace attnjit::emulator::ptx
