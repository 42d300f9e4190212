// Named barriers and deadlocks.
#include <gtest/gtest.h>

#include "tests/emulator/machine/machine_test_util.h"

namespace attnjit::emulator {
namespace {

std::vector<AsyncPolicy> Policies() {
  std::vector<AsyncPolicy> policies = {{AsyncPolicy::Kind::kEager, 0},
                                       {AsyncPolicy::Kind::kLate, 0}};
  for (uint64_t seed = 0; seed < 8; ++seed) policies.push_back({AsyncPolicy::Kind::kSeeded, seed});
  return policies;
}

// Each warp reads what the next one wrote, four times over.
TEST(BarrierTest, AllWarpsMeet) {
  for (const AsyncPolicy& policy : Policies()) {
    PtxRun run;
    run.options.policy = policy;
    run.launch.block = {128, 1, 1};
    const std::vector<uint32_t> values = RunBody(run, R"(
      .shared .align 4 .b32 words[128];
      mov.u32 %r2, words;
      mad.lo.u32 %r3, %r0, 4, %r2;
      add.u32 %r4, %r0, 32;
      and.b32 %r4, %r4, 127;
      mad.lo.u32 %r4, %r4, 4, %r2;
      mov.u32 %r1, %r0;
      mov.u32 %r5, 0;
    LOOP:
      st.shared.u32 [%r3], %r1;
      bar.sync 0;
      ld.shared.u32 %r1, [%r4];
      bar.sync 0;
      add.u32 %r5, %r5, 1;
      setp.lt.u32 %p1, %r5, 3;
      @%p1 bra LOOP;
    )",
                                                 128);
    for (uint32_t t = 0; t < 128; ++t) EXPECT_EQ(values[t], (t + 96) % 128) << ToString(policy);
  }
}

// Warp 0 makes, warp 1 takes: full is barrier 1, empty is barrier 2, 64 threads each.
TEST(BarrierTest, ProducersArriveAndConsumersWait) {
  for (const AsyncPolicy& policy : Policies()) {
    PtxRun run;
    run.options.policy = policy;
    run.launch.block = {64, 1, 1};
    const std::vector<uint32_t> values = RunBody(run, R"(
      .shared .align 4 .b32 words[32];
      mov.u32 %r2, %laneid;
      mov.u32 %r3, words;
      mad.lo.u32 %r3, %r2, 4, %r3;
      mov.u32 %r1, 0;
      mov.u32 %r4, 0;
      setp.ge.u32 %p1, %r0, 32;
      @%p1 bra TAKE;
    MAKE:
      add.u32 %r5, %r2, %r4;
      st.shared.u32 [%r3], %r5;
      barrier.cta.arrive.aligned 1, 64;
      bar.sync 2, 64;
      add.u32 %r4, %r4, 1;
      setp.lt.u32 %p2, %r4, 5;
      @%p2 bra MAKE;
      bra DONE;
    TAKE:
      bar.sync 1, 64;
      ld.shared.u32 %r5, [%r3];
      add.u32 %r1, %r1, %r5;
      bar.arrive 2, 64;
      add.u32 %r4, %r4, 1;
      setp.lt.u32 %p2, %r4, 5;
      @%p2 bra TAKE;
    DONE:
    )",
                                                 64);
    for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[32 + l], 5 * l + 10) << ToString(policy);
  }
}

TEST(BarrierTest, Reductions) {
  PtxRun run;
  run.launch.block = {96, 1, 1};
  const std::vector<uint32_t> values = RunBody(run, R"(
    setp.lt.u32 %p1, %r0, 40;
    bar.red.popc.u32 %r1, 0, %p1;
    bar.red.and.pred %p2, 0, %p1;
    @%p2 add.u32 %r1, %r1, 1000;
    bar.red.or.pred %p3, 0, 96, !%p1;
    @%p3 add.u32 %r1, %r1, 2000;
  )",
                                               96);
  for (const uint32_t value : values) EXPECT_EQ(value, 2040u);
}

TEST(BarrierTest, AWarpThatExitsIsNotWaitedFor) {
  PtxRun run;
  run.launch.block = {96, 1, 1};
  const std::vector<uint32_t> values = RunBody(run, R"(
    mov.u32 %r1, 1;
    setp.ge.u32 %p1, %r0, 64;
    @%p1 ret;
    bar.sync 0;
  )",
                                               96);
  EXPECT_EQ(values[63], 1u);
  EXPECT_EQ(values[64], 0u);
}

TEST(BarrierTest, CountsThatDifferTrap) {
  PtxRun run;
  run.options.sanitize = false;
  run.launch.block = {96, 1, 1};
  const Report report = RunForReport(run, R"(
    setp.lt.u32 %p1, %r0, 32;
    @%p1 bra FIRST;
    bar.sync 1, 96;
    bra DONE;
  FIRST:
    bar.sync 1, 64;
  DONE:
  )",
                                     false, 96);
  EXPECT_EQ(report.rule, Rule::kBarrierCount);
  EXPECT_NE(report.message.find("64"), std::string::npos) << report.message;
}

TEST(BarrierTest, ACountThatIsNotWholeWarpsTraps) {
  PtxRun run;
  run.options.sanitize = false;
  EXPECT_EQ(RunForReport(run, "bar.sync 1, 20;").rule, Rule::kBarrierCount);
}

TEST(BarrierTest, ADeadlockSaysWhatEachWarpWaitsFor) {
  for (const AsyncPolicy& policy : Policies()) {
    PtxRun run;
    run.options.policy = policy;
    run.launch.block = {64, 1, 1};
    const Report report = RunForReport(run, R"(
      setp.lt.u32 %p1, %r0, 32;
      @%p1 bra FIRST;
      bar.sync 3, 64;
      bra DONE;
    FIRST:
      bar.sync 4, 64;
    DONE:
    )",
                                       false, 64);
    EXPECT_EQ(report.rule, Rule::kDeadlock);
    EXPECT_NE(report.message.find("warp 0 lanes 0xffffffff"), std::string::npos) << report.message;
    EXPECT_NE(report.message.find("barrier 4: 32 of 64 threads"), std::string::npos)
        << report.message;
    EXPECT_NE(report.message.find("barrier 3: 32 of 64 threads"), std::string::npos);
  }
}

// A race that the order of warps decides: found whatever the order.
TEST(BarrierTest, WithoutABarrierTheMonitorReportsTheRace) {
  PtxRun run;
  run.launch.block = {64, 1, 1};
  const uint64_t out = run.Upload(std::vector<uint32_t>(64, 0));
  run.Kernel(kOutParameter, std::string(kPrologue) + R"(
    .shared .align 4 .b32 words[64];
    mov.u32 %r2, words;
    mad.lo.u32 %r3, %r0, 4, %r2;
    st.shared.u32 [%r3], %r0;
    xor.b32 %r4, %r0, 32;
    mad.lo.u32 %r4, %r4, 4, %r2;
    ld.shared.u32 %r1, [%r4];
  )" + kEpilogue,
             {out});
  bool race = false;
  for (const Report& report : run.sink.reports()) race |= report.rule == Rule::kRace;
  EXPECT_TRUE(race) << run.sink.ToText();
}

}  // namespace
}  // namespace attnjit::emulator
