// Instructions: opcodes, modifiers, guards, operands.
#include <gtest/gtest.h>

#include "tests/emulator/ptx/parse_or_fail.h"

namespace attnjit::emulator::ptx {
namespace {

using Kind = OperandKind;

TEST(PtxInstruction, KeepsOpcodeAndModifiersInOrder) {
  const Body body = ParseBody(
      "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f1,%f2,%f3,%f4}, %rd1, %rd2, %p1, 1, "
      "-1, 0, 1;");
  ASSERT_EQ(body.size(), 1u);
  EXPECT_EQ(body[0].opcode, "wgmma");
  const std::vector<llvm::StringRef> expected = {"mma_async", "sync", "aligned", "m64n8k16",
                                                 "f32",       "bf16", "bf16"};
  EXPECT_EQ(body[0].modifiers, expected);
  ASSERT_EQ(body[0].operands.size(), 8u);
  EXPECT_EQ(body[0].operands[0].kind, Kind::kVector);
  EXPECT_EQ(body[0].operands[0].list.size(), 4u);
  EXPECT_EQ(static_cast<int64_t>(body[0].operands[5].value), -1);
}

TEST(PtxInstruction, KeepsDoubleColonsInsideAModifier) {
  const Body body = ParseBody(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.L2::"
      "cache_hint [%r1], [%rd1, {%r2, %r3}], [%r4+8], %rd2;");
  ASSERT_EQ(body.size(), 1u);
  EXPECT_TRUE(body[0].Has("shared::cluster"));
  EXPECT_TRUE(body[0].Has("2d"));
  EXPECT_TRUE(body[0].Has("mbarrier::complete_tx::bytes"));
  EXPECT_TRUE(body[0].Has("L2::cache_hint"));
  const Operand& map = body[0].operands[1];
  ASSERT_EQ(map.kind, Kind::kAddress);
  ASSERT_EQ(map.list.size(), 2u);
  EXPECT_EQ(map.list[0].name, "%rd1");
  EXPECT_EQ(map.list[1].kind, Kind::kVector);
  EXPECT_EQ(body[0].operands[2].offset, 8);
}

TEST(PtxInstruction, ReadsGuardsAndTheirNegation) {
  const Body body = ParseBody("@%p1 ret; @!%p2 ret; ret;");
  ASSERT_EQ(body.size(), 3u);
  EXPECT_EQ(body.function().RegisterName(body[0].guard), "%p1");
  EXPECT_FALSE(body[0].guard_negated);
  EXPECT_EQ(body.function().RegisterName(body[1].guard), "%p2");
  EXPECT_TRUE(body[1].guard_negated);
  EXPECT_EQ(body[2].guard, -1);
}

TEST(PtxInstruction, ReadsPairsSinksAndNegatedPredicates) {
  const Body body = ParseBody(
      "shfl.sync.idx.b32 %r1|%p1, %r2, 0, 31, -1; elect.sync _|%p2, -1; "
      "setp.eq.and.s32 %p1|%p2, %r1, 7, !%p3;");
  EXPECT_EQ(body[0].operands[0].kind, Kind::kPair);
  EXPECT_EQ(body[0].operands[0].list[0].name, "%r1");
  EXPECT_EQ(body[0].operands[0].list[1].name, "%p1");
  EXPECT_EQ(body[1].operands[0].list[0].kind, Kind::kSink);
  EXPECT_TRUE(body[2].operands[3].negated);
}

TEST(PtxInstruction, ReadsAddressesOfEveryBase) {
  const Body body = ParseBody(
      "ld.param.u64 %rd1, [k_param_0]; ld.param.u32 %r1, [k_param_1+12]; ld.global.u32 %r1, "
      "[%rd1+-16]; ld.shared.u32 %r1, [4096]; ld.shared.u32 %r1, [%r2 - 4];");
  EXPECT_EQ(body[0].operands[1].list[0].symbol, SymbolKind::kParameter);
  EXPECT_EQ(body[0].operands[1].list[0].index, 0);
  EXPECT_EQ(body[1].operands[1].list[0].index, 1);
  EXPECT_EQ(body[1].operands[1].offset, 12);
  EXPECT_EQ(body[2].operands[1].offset, -16);
  EXPECT_TRUE(body[3].operands[1].list[0].IsInteger());
  EXPECT_EQ(body[4].operands[1].offset, -4);
}

TEST(PtxInstruction, ReadsImmediates) {
  const Body body = ParseBody(
      "mov.u32 %r1, 0xFFFFFFFF; mov.u32 %r1, -1; mov.f32 %f1, 0f3F800000; mov.f64 %rd1, "
      "0d3FF0000000000000; mov.f32 %f1, 1.5; mov.u32 %r1, WARP_SZ; mov.u32 %r1, (3 + 4) * 2 << 1; "
      "mov.u32 %r1, 017; mov.u32 %r1, 0b101U; mov.f32 %f1, -0f3F800000;");
  EXPECT_EQ(body[0].operands[1].value, 0xffffffffu);
  EXPECT_EQ(body[1].operands[1].value, ~uint64_t{0});
  EXPECT_EQ(body[2].operands[1].kind, Kind::kFloat32);
  EXPECT_EQ(body[2].operands[1].value, 0x3f800000u);
  EXPECT_EQ(body[3].operands[1].kind, Kind::kFloat64);
  EXPECT_EQ(body[3].operands[1].value, 0x3ff0000000000000u);
  EXPECT_EQ(body[4].operands[1].value, 0x3ff8000000000000u);
  EXPECT_EQ(body[5].operands[1].value, 32u);
  EXPECT_EQ(body[6].operands[1].value, 28u);
  EXPECT_EQ(body[7].operands[1].value, 15u);
  EXPECT_EQ(body[8].operands[1].value, 5u);
  EXPECT_EQ(body[9].operands[1].value, 0xbf800000u);
}

TEST(PtxInstruction, ReadsSpecialRegistersAndVectorComponents) {
  const Body body = ParseBody(
      ".reg .v4 .b32 v; .reg .v2 .b64 w<3>; mov.u32 %r1, %clusterid.y; mov.u64 %rd1, %clock64; "
      "mov.b32 %r1, v.z; mov.v4.b32 v, %tid; mov.b64 %rd1, w2.y;");
  EXPECT_EQ(body[0].operands[1].special, Special::kClusterid);
  EXPECT_EQ(body[0].operands[1].component, 1);
  EXPECT_EQ(body[1].operands[1].special, Special::kClock64);
  EXPECT_EQ(body.function().RegisterName(body[2].operands[1].index), "v.z");
  ASSERT_EQ(body[3].operands[0].kind, Kind::kVector);
  EXPECT_EQ(body.function().RegisterName(body[3].operands[0].list[3].index), "v.w");
  EXPECT_EQ(body.function().RegisterName(body[4].operands[1].index), "w2.y");
}

TEST(PtxInstruction, NormalisesCalls) {
  const Body body{ParseOrFail(ModuleText(
      ".func (.param .b32 r) f (.param .b64 a, .param .b32 b) { ret; }\n.func g { ret; }\n"
      ".entry k { .param .b64 x; .param .b32 y; .param .b32 z;\n"
      "call (z), f, (x, y); call.uni g; }"))};
  const Function& k = body.module.functions.at(2);
  ASSERT_EQ(k.instructions.size(), 2u);
  const Instruction& call = k.instructions[0];
  ASSERT_EQ(call.operands.size(), 3u);
  EXPECT_EQ(call.operands[0].list.size(), 1u);
  EXPECT_EQ(call.operands[1].symbol, SymbolKind::kFunction);
  EXPECT_EQ(call.operands[1].index, 0);
  EXPECT_EQ(call.operands[2].list.size(), 2u);
  EXPECT_TRUE(k.instructions[1].operands[0].list.empty());
  EXPECT_EQ(k.instructions[1].operands[1].index, 1);
}

TEST(PtxInstruction, TakesSeveralStatementsOfALineAndCommentsBetween) {
  const Body body = ParseBody("{ add.u32 %r1, %r2, /* two */ %r3; } mov.u32 %r4, // four\n %r1;");
  ASSERT_EQ(body.size(), 2u);
  EXPECT_EQ(body[0].line, 6u);
  EXPECT_EQ(body[0].column, 3u);
  EXPECT_EQ(body[0].text, "add.u32 %r1, %r2, /* two */ %r3");
}

TEST(PtxModifierReader, TakesAsASetAndNamesWhatIsLeft) {
  const Body body = ParseBody("add.sat.ftz.rn.f32.bogus %f1, %f2, %f3;");
  ModifierReader reader(body[0]);
  EXPECT_TRUE(reader.Take("ftz"));
  EXPECT_FALSE(reader.Take("ftz"));
  EXPECT_EQ(reader.TakeOneOf({"rz", "rn"}), 1);
  EXPECT_EQ(reader.TakeOneOf({"rz", "rn"}), -1);
  EXPECT_EQ(reader.TakePrefixed("sa"), "sat");
  EXPECT_EQ(reader.TakeNext(), "f32");
  EXPECT_FALSE(reader.Done());
  const std::string message = llvm::toString(reader.Finish());
  EXPECT_NE(message.find("unknown modifier .bogus of add"), std::string::npos) << message;
  EXPECT_NE(message.find("ptx:6:1:"), std::string::npos) << message;
  EXPECT_EQ(reader.TakeNext(), "bogus");
  EXPECT_TRUE(reader.Done());
  EXPECT_FALSE(static_cast<bool>(reader.Finish()));
}

}  // namespace
}  // namespace attnjit::emulator::ptx
