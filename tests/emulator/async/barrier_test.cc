// mbarriers, cluster barriers and setmaxnreg in small programs: what they do and how misuse is
// found.
#include "tests/emulator/async/programs.h"

namespace attnjit::emulator {
namespace {

/// %r1 tid, %r3 the mbarrier, %p1 thread 0, %rd5 = &out[tid].
std::string Prologue(uint32_t arrivals) {
  std::string text = std::string(kRegisters) + R"(
  .shared .align 8 .b64 barrier;
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %tid.x;
  mov.u32 %r3, barrier;
  mul.wide.u32 %rd5, %r1, 8;
  add.u64 %rd5, %rd5, %rd2;
  setp.eq.u32 %p1, %r1, 0;
)";
  if (arrivals != 0) {
    text += "  @%p1 mbarrier.init.shared::cta.b64 [%r3], " + std::to_string(arrivals) + ";\n";
  }
  return text + "  bar.sync 0;\n";
}

struct BarrierRun {
  PtxRun run;
  bool completed = false;
  uint64_t out = 0;

  void Run(uint32_t arrivals, const std::string& body) {
    out = run.Upload(std::vector<uint64_t>(1024));
    completed = run.Kernel(".param .u64 out", Prologue(arrivals) + body + "\n  ret;", {out});
  }
};

TEST(Mbarrier, StateTokensWaitForTheirPhase) {
  BarrierRun program;
  program.Run(32, R"(
  mbarrier.arrive.shared::cta.b64 %rd6, [%r3];
W: mbarrier.test_wait.shared::cta.b64 %p2, [%r3], %rd6;
  @!%p2 bra W;
  mov.u64 %rd7, 1;
  st.global.u64 [%rd5], %rd7;)");
  EXPECT_TRUE(program.completed && program.run.sink.empty()) << program.run.sink.ToText();
  EXPECT_EQ(program.run.Read<uint64_t>(program.out, 32), std::vector<uint64_t>(32, 1));
}

TEST(Mbarrier, PendingCountIsThatBeforeTheArrival) {
  BarrierRun program;
  program.Run(5, R"(
  @!%p1 bra END;
  mbarrier.arrive.noComplete.shared::cta.b64 %rd6, [%r3], 2;
  mbarrier.arrive.noComplete.shared::cta.b64 %rd7, [%r3], 1;
  mbarrier.pending_count.b64 %r6, %rd7;
  cvt.u64.u32 %rd8, %r6;
  st.global.u64 [%rd5], %rd8;
END:)");
  EXPECT_TRUE(program.completed && program.run.sink.empty()) << program.run.sink.ToText();
  EXPECT_EQ(program.run.Read<uint64_t>(program.out, 1)[0], 3u);
}

TEST(Mbarrier, InvalidatedMemoryIsFreeForAnything) {
  BarrierRun program;
  program.Run(1, R"(
  @!%p1 bra END;
  mbarrier.inval.shared::cta.b64 [%r3];
  st.shared.u64 [%r3], %rd5;
  mbarrier.init.shared::cta.b64 [%r3], 2;
END:)");
  EXPECT_TRUE(program.completed && program.run.sink.empty()) << program.run.sink.ToText();
}

struct Misuse {
  const char* name;
  Rule rule;
  uint32_t arrivals;
  const char* body;
};

class MbarrierMisuse : public testing::TestWithParam<Misuse> {};

TEST_P(MbarrierMisuse, IsReportedAndEndsTheRun) {
  for (const bool sanitize : {true, false}) {
    BarrierRun program;
    program.run.options.sanitize = sanitize;
    program.Run(GetParam().arrivals, GetParam().body);
    EXPECT_FALSE(program.completed) << sanitize;
    EXPECT_TRUE(HasRule(program.run.sink, GetParam().rule)) << program.run.sink.ToText();
  }
}

const Misuse kMisuses[] = {
    {"Uninitialised", Rule::kMbarrierUninit, 0, "mbarrier.arrive.shared::cta.b64 _, [%r3];"},
    {"InitTwice", Rule::kMbarrierReinit, 1, "@%p1 mbarrier.init.shared::cta.b64 [%r3], 1;"},
    {"InitWith0", Rule::kMbarrierCount, 0, "@%p1 mbarrier.init.shared::cta.b64 [%r3], 0;"},
    {"TooManyArrivals", Rule::kMbarrierOverarrive, 3,
     "@%p1 mbarrier.arrive.shared::cta.b64 _, [%r3], 4;"},
    {"NoCompleteThatCompletes", Rule::kMbarrierOverarrive, 1,
     "@%p1 mbarrier.arrive.noComplete.shared::cta.b64 %rd6, [%r3], 1;"},
    {"TooManyBytes", Rule::kMbarrierTxOverflow, 1,
     "@%p1 mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r3], 1048576;"},
    {"Overwritten", Rule::kMbarrierRawAccess, 1,
     "@%p1 st.shared.u64 [%r3], %rd5;\n @%p1 mbarrier.arrive.shared::cta.b64 _, [%r3];"},
    {"Parity2", Rule::kMbarrierPhase, 1,
     "mbarrier.test_wait.parity.shared::cta.b64 %p2, [%r3], 2;"},
    {"StateOfNoArrival", Rule::kMbarrierPhase, 1,
     "mbarrier.test_wait.shared::cta.b64 %p2, [%r3], %rd5;"},
    {"StateOfAnOldPhase", Rule::kMbarrierPhase, 1,
     "@%p1 mbarrier.arrive.shared::cta.b64 %rd6, [%r3];\n"
     "@%p1 mbarrier.arrive.shared::cta.b64 _, [%r3];\n"
     "@%p1 mbarrier.test_wait.shared::cta.b64 %p2, [%r3], %rd6;"},
    {"Misaligned", Rule::kMisaligned, 1, "mbarrier.arrive.shared::cta.b64 _, [%r3+4];"},
    {"ForeverWaiting", Rule::kDeadlock, 1,
     "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r3], 0;\n @!%p2 bra W;"},
};

INSTANTIATE_TEST_SUITE_P(All, MbarrierMisuse, testing::ValuesIn(kMisuses),
                         [](const auto& info) { return info.param.name; });

TEST(ClusterBarrier, OrdersRemoteWritesUnderEveryPolicy) {
  for (const AsyncPolicy& policy : AllPolicies()) {
    BarrierRun program;
    program.run.options.policy = policy;
    program.run.launch.grid = {4, 1, 1};
    program.run.launch.cluster = {4, 1, 1};
    program.Run(0, R"(
  .shared .align 8 .b64 box;
  mov.u32 %r6, box;
  mov.u32 %r7, %cluster_ctarank;
  add.u32 %r8, %r7, 1;
  and.b32 %r8, %r8, 3;
  mapa.shared::cluster.u32 %r9, %r6, %r8;
  @%p1 st.shared::cluster.u32 [%r9], %r7;
  barrier.cluster.arrive;
  barrier.cluster.wait;
  ld.shared.u32 %r10, [%r6];
  mul.wide.u32 %rd6, %r7, 8;
  add.u64 %rd6, %rd6, %rd2;
  cvt.u64.u32 %rd7, %r10;
  @%p1 st.global.u64 [%rd6], %rd7;)");
    EXPECT_TRUE(program.completed && program.run.sink.empty()) << program.run.sink.ToText();
    EXPECT_EQ(program.run.Read<uint64_t>(program.out, 4), (std::vector<uint64_t>{3, 0, 1, 2}));
  }
}

TEST(ClusterBarrier, WaitWithoutArrivalIsReported) {
  BarrierRun program;
  program.Run(0, "barrier.cluster.wait;");
  EXPECT_TRUE(HasRule(program.run.sink, Rule::kBarrierCount));
}

TEST(ClusterBarrier, ExitedThreadsAreNotWaitedFor) {
  BarrierRun program;
  program.run.launch.block = {64, 1, 1};
  program.Run(0, R"(
  setp.ge.u32 %p2, %r1, 32;
  @%p2 bra END;
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
END:)");
  EXPECT_TRUE(program.completed && program.run.sink.empty()) << program.run.sink.ToText();
}

TEST(RegisterPool, IncreaseWaitsForAnotherWarpgroupsDecrease) {
  const char* text = R"(.version 9.0
.target sm_90a
.address_size 64
.visible .entry test(.param .u64 out) .maxntid 256, 1, 1 .maxnreg 128
{
  .reg .b32 %r<8>; .reg .pred %p<4>;
  mov.u32 %r1, %tid.x;
  setp.ge.u32 %p1, %r1, 128;
  @%p1 bra UP;
  setmaxnreg.dec.sync.aligned.u32 24;
  ret;
UP:
  setmaxnreg.inc.sync.aligned.u32 232;
  ret;
}
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    PtxRun run;
    run.options.policy = policy;
    run.launch.block = {256, 1, 1};
    EXPECT_TRUE(run.Run(run.Decode(text), {0})) << run.sink.ToText();
    EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  }
}

TEST(RegisterPool, IncreaseThatNobodyServesIsADeadlock) {
  const char* text = R"(.version 9.0
.target sm_90a
.address_size 64
.visible .entry test(.param .u64 out) .maxntid 128, 1, 1 .maxnreg 128
{
  setmaxnreg.inc.sync.aligned.u32 232;
  ret;
}
)";
  PtxRun run;
  run.launch.block = {128, 1, 1};
  EXPECT_FALSE(run.Run(run.Decode(text), {0}));
  EXPECT_NE(run.sink.ToText().find("setmaxnreg.inc"), std::string::npos) << run.sink.ToText();
}

}  // namespace
}  // namespace attnjit::emulator
