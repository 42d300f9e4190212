// Control flow: divergence, reconvergence, calls.
#include <gtest/gtest.h>

#include "tests/emulator/machine/machine_test_util.h"

namespace attnjit::emulator {
namespace {

TEST(ControlTest, IfElseJoins) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    setp.lt.u32 %p1, %r0, 10;
    @%p1 bra LOW;
    mov.u32 %r1, 200;
    bra JOIN;
  LOW:
    mov.u32 %r1, 100;
  JOIN:
    activemask.b32 %r2;
    popc.b32 %r2, %r2;
    add.u32 %r1, %r1, %r2;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], (l < 10 ? 100u : 200u) + 32) << l;
}

TEST(ControlTest, LoopsOfDifferentLengthJoin) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    mov.u32 %r1, 0;
    mov.u32 %r2, 0;
  LOOP:
    add.u32 %r1, %r1, %r2;
    add.u32 %r2, %r2, 1;
    setp.le.u32 %p1, %r2, %r0;
    @%p1 bra LOOP;
    activemask.b32 %r3;
    setp.eq.u32 %p2, %r3, 0xffffffff;
    @%p2 add.u32 %r1, %r1, 1000;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], l * (l + 1) / 2 + 1000) << l;
}

TEST(ControlTest, NestedBranchesTakeEveryPath) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    mov.u32 %r1, 0;
    and.b32 %r2, %r0, 1;
    setp.eq.u32 %p1, %r2, 0;
    @%p1 bra EVEN;
    and.b32 %r3, %r0, 2;
    setp.eq.u32 %p2, %r3, 0;
    @%p2 bra ODD1;
    mov.u32 %r1, 3;
    bra DONE;
  ODD1:
    mov.u32 %r1, 1;
    bra DONE;
  EVEN:
    and.b32 %r3, %r0, 2;
    setp.eq.u32 %p2, %r3, 0;
    @!%p2 mov.u32 %r1, 2;
  DONE:
    activemask.b32 %r4;
    popc.b32 %r4, %r4;
    mad.lo.u32 %r1, %r4, 100, %r1;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], 3200 + l % 4) << l;
}

TEST(ControlTest, LanesThatExitAreNotWaitedFor) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    mov.u32 %r1, 7;
    setp.ge.u32 %p1, %r0, 16;
    @%p1 ret;
    bar.sync 0;
    vote.sync.ballot.b32 %r1, 1, 0xffffffff;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], l < 16 ? 0xffffu : 0u) << l;
}

constexpr char kFunction[] = R"(
.func (.param .b32 result) triple(.param .b32 value)
{
  .reg .b32 %a<4>; .reg .pred %q<2>;
  ld.param.b32 %a0, [value];
  setp.gt.u32 %q0, %a0, 20;
  @%q0 bra LARGE;
  mul.lo.u32 %a1, %a0, 3;
  st.param.b32 [result], %a1;
  ret;
LARGE:
  mov.u32 %a1, 60;
  st.param.b32 [result], %a1;
  ret;
}
)";
std::string CallTriple(const std::string& argument, const std::string& result) {
  return "{ .param .b32 a; .param .b32 r; st.param.b32 [a], " + argument +
         "; call (r), triple, (a); ld.param.b32 " + result + ", [r]; }\n";
}

TEST(ControlTest, DivergentCallsReturnToTheirCallers) {
  PtxRun run;
  const std::vector<uint32_t> values =
      RunBody(run,
              "  setp.lt.u32 %p1, %r0, 8;\n  @%p1 bra FIRST;\n" + CallTriple("%r0", "%r1") +
                  "  bra JOIN;\nFIRST:\n  add.u32 %r2, %r0, 1;\n" + CallTriple("%r2", "%r1") +
                  "JOIN:\n  activemask.b32 %r3;\n  popc.b32 %r3, %r3;\n"
                  "  mad.lo.u32 %r1, %r3, 1000, %r1;\n",
              32, kFunction);
  for (uint32_t l = 0; l < 32; ++l) {
    const uint32_t argument = l < 8 ? l + 1 : l;
    EXPECT_EQ(values[l], 32000 + (argument > 20 ? 60 : 3 * argument)) << l;
  }
}

TEST(ControlTest, ASystemCallIsAFaultWhereItIsReached) {
  constexpr char kModule[] =
      ".extern .func (.param .b32 r) vprintf (.param .b64 f, .param .b64 a);\n";
  constexpr char kCall[] = R"(
    .param .b64 text;
    .param .b64 values;
    .param .b32 printed;
    mov.u32 %r1, 7;
    bra END;
    call.uni (printed), vprintf, (text, values);
  END:
  )";
  PtxRun around;
  EXPECT_EQ(RunBody(around, kCall, 32, kModule), std::vector<uint32_t>(32, 7));
  std::string body = kCall;
  body.erase(body.find("bra END;"), 8);
  PtxRun into;
  const uint64_t out = into.Allocate(128);
  EXPECT_FALSE(into.Kernel(kOutParameter, kPrologue + body + kEpilogue, {out}, kModule));
  EXPECT_NE(into.sink.ToText().find("vprintf"), std::string::npos) << into.sink.ToText();
}

TEST(ControlTest, BranchTable) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    and.b32 %r2, %r0, 3;
    table: .branchtargets L0, L1, L2, L3;
    brx.idx %r2, table;
  L0:
    mov.u32 %r1, 10; bra DONE;
  L1:
    mov.u32 %r1, 11; bra DONE;
  L2:
    mov.u32 %r1, 12; bra DONE;
  L3:
    mov.u32 %r1, 13;
  DONE:
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], 10 + l % 4) << l;
}

// The lanes that spin stand at the lower pc.
TEST(ControlTest, LanesMaySpinForALaneOfTheirWarp) {
  for (const auto kind : {AsyncPolicy::Kind::kEager, AsyncPolicy::Kind::kSeeded}) {
    PtxRun run;
    run.options.policy.kind = kind;
    const std::vector<uint32_t> values = RunBody(run, R"(
      .shared .b32 flag;
      setp.ne.u32 %p1, %r0, 0;
      mov.u32 %r3, 0;
      @!%p1 st.volatile.shared.u32 [flag], %r3;
      bar.warp.sync 0xffffffff;
      @!%p1 bra SET;
    SPIN:
      ld.volatile.shared.u32 %r2, [flag];
      setp.eq.u32 %p2, %r2, 0;
      @%p2 bra SPIN;
      bra DONE;
    SET:
      mov.u32 %r2, 5;
      st.volatile.shared.u32 [flag], %r2;
    DONE:
      mov.u32 %r1, %r2;
    )");
    for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], 5u) << l;
  }
}

// Without a memory access: nothing tells that the lanes wait but that they jump back.
TEST(ControlTest, BarWarpSyncJoinsLanesOfDifferentBranches) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    .shared .b32 words[32];
    mov.u32 %r2, words;
    mad.lo.u32 %r3, %r0, 4, %r2;
    xor.b32 %r4, %r0, 31;
    mad.lo.u32 %r4, %r4, 4, %r2;
    setp.lt.u32 %p1, %r0, 16;
    st.shared.u32 [%r3], %r0;
    @%p1 bra LOW;
    bar.warp.sync -1;
    ld.shared.u32 %r1, [%r4];
    bra DONE;
  LOW:
    bar.warp.sync -1;
    ld.shared.u32 %r1, [%r4];
  DONE:
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], 31 - l) << l;
}

TEST(ControlTest, ShuffleAmongTheLanesOfABranch) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    setp.lt.u32 %p1, %r0, 12;
    @%p1 bra LOW;
    shfl.sync.idx.b32 %r1, %r0, 20, 31, 0xfffff000;
    bra DONE;
  LOW:
    shfl.sync.idx.b32 %r1, %r0, 3, 31, 0x00000fff;
  DONE:
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], l < 12 ? 3u : 20u) << l;
}

TEST(ControlTest, AlignedBarriersInTwoBranchesTrap) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    setp.lt.u32 %p1, %r0, 16;
    @%p1 bra LOW;
    bar.sync 0;
    bra DONE;
  LOW:
    bar.sync 1;
  DONE:
  )");
  EXPECT_EQ(report.rule, Rule::kDivergentSync);
}

TEST(ControlTest, AlignedBarrierUnderAPartialGuardTraps) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    setp.lt.u32 %p1, %r0, 16;
    @%p1 bar.sync 0;
  )");
  EXPECT_EQ(report.rule, Rule::kDivergentSync);
  EXPECT_EQ(report.actor.lane, 16);
  EXPECT_EQ(report.actor.place.instruction, "@%p1 bar.sync 0");
}

TEST(ControlTest, AnEndlessLoopIsStopped) {
  PtxRun run;
  run.options.max_instructions = 10000;
  const Report report = RunForReport(run, R"(
  LOOP:
    bra LOOP;
  )");
  EXPECT_EQ(report.rule, Rule::kDeadlock);
}

}  // namespace
}  // namespace attnjit::emulator
