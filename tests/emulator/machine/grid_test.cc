// Launches: clusters, special registers, order between CTAs, limits.
#include <gtest/gtest.h>

#include "tests/emulator/machine/machine_test_util.h"

namespace attnjit::emulator {
namespace {

// Each CTA of the first half waits for a flag of its partner in the second half, which starts
// later.
TEST(GridTest, ACtaMayWaitForALaterOne) {
  for (const int threads : {1, 2}) {
    PtxRun run;
    run.options.threads = threads;
    run.launch.grid = {16, 1, 1};
    const uint64_t out = run.Upload(std::vector<uint32_t>(16, 0));
    ASSERT_TRUE(run.Kernel(kOutParameter, R"(
      .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p<4>;
      ld.param.u64 %rd0, [out];
      mov.u32 %r0, %ctaid.x;
      mul.wide.u32 %rd1, %r0, 4;
      add.s64 %rd1, %rd0, %rd1;
      setp.ge.u32 %p0, %r0, 8;
      @%p0 bra SET;
    WAIT:
      ld.acquire.gpu.global.u32 %r1, [%rd1+32];
      setp.eq.u32 %p1, %r1, 0;
      @%p1 bra WAIT;
    SET:
      add.u32 %r2, %r0, 1;
      st.release.gpu.global.u32 [%rd1], %r2;
      ret;
    )",
                           {out}))
        << run.sink.ToText();
    const std::vector<uint32_t> values = run.Read<uint32_t>(out, 16);
    for (uint32_t i = 0; i < 16; ++i) EXPECT_EQ(values[i], i + 1);
  }
}

TEST(GridTest, WaitingForAFlagThatNobodySetsIsADeadlock) {
  PtxRun run;
  run.launch.grid = {3, 1, 1};
  const Report report = RunForReport(run, R"(
  WAIT:
    ld.acquire.gpu.global.u32 %r1, [%rd1];
    setp.eq.u32 %p1, %r1, 0;
    @%p1 bra WAIT;
  )");
  EXPECT_EQ(report.rule, Rule::kDeadlock);
}

TEST(GridTest, ResultsAndCountsDoNotDependOnThreads) {
  std::vector<uint32_t> first;
  uint64_t count = 0;
  for (const int threads : {1, 2, 4}) {
    PtxRun run;
    run.options.threads = threads;
    run.launch.grid = {7, 2, 1};
    run.launch.block = {96, 1, 1};
    const uint64_t out = run.Upload(std::vector<uint32_t>(14 * 96, 0));
    ASSERT_TRUE(run.Kernel(kOutParameter, R"(
      .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .pred %p<4>;
      ld.param.u64 %rd0, [out];
      mov.u32 %r0, %ctaid.x;
      mov.u32 %r1, %ctaid.y;
      mov.u32 %r2, %nctaid.x;
      mad.lo.u32 %r0, %r1, %r2, %r0;
      mov.u32 %r3, %tid.x;
      mad.lo.u32 %r4, %r0, 96, %r3;
      mul.wide.u32 %rd1, %r4, 4;
      add.s64 %rd1, %rd0, %rd1;
      mov.u32 %r5, 0;
    LOOP:
      mad.lo.u32 %r4, %r4, 1664525, 1013904223;
      add.u32 %r5, %r5, 1;
      setp.lt.u32 %p0, %r5, %r3;
      @%p0 bra LOOP;
      st.global.u32 [%rd1], %r4;
      ret;
    )",
                           {out}));
    const std::vector<uint32_t> values = run.Read<uint32_t>(out, 14 * 96);
    uint64_t instructions = 0;
    for (const uint64_t n : run.result.counters.thread_instructions) instructions += n;
    if (first.empty()) {
      first = values;
      count = instructions;
    }
    EXPECT_EQ(values, first);
    EXPECT_EQ(instructions, count);
    EXPECT_EQ(run.result.counters.ctas, 14u);
  }
}

TEST(GridTest, ClustersNumberTheirCtas) {
  PtxRun run;
  run.launch.grid = {4, 2, 1};
  run.launch.cluster = {2, 2, 1};
  const uint64_t out = run.Upload(std::vector<uint32_t>(8, 0));
  ASSERT_TRUE(run.Kernel(kOutParameter, R"(
    .reg .b32 %r<16>; .reg .b64 %rd<8>;
    ld.param.u64 %rd0, [out];
    mov.u32 %r0, %ctaid.x;
    mov.u32 %r1, %ctaid.y;
    mad.lo.u32 %r2, %r1, 4, %r0;
    mul.wide.u32 %rd1, %r2, 4;
    add.s64 %rd1, %rd0, %rd1;
    mov.u32 %r3, %cluster_ctarank;
    mov.u32 %r4, %clusterid.x;
    mov.u32 %r5, %cluster_ctaid.x;
    mov.u32 %r6, %cluster_ctaid.y;
    mov.u32 %r7, %cluster_nctarank;
    mad.lo.u32 %r8, %r4, 10, %r3;
    mad.lo.u32 %r8, %r5, 100, %r8;
    mad.lo.u32 %r8, %r6, 1000, %r8;
    mad.lo.u32 %r8, %r7, 10000, %r8;
    st.global.u32 [%rd1], %r8;
    ret;
  )",
                         {out}));
  EXPECT_EQ(run.Read<uint32_t>(out, 8),
            (std::vector<uint32_t>{40000, 40101, 40010, 40111, 41002, 41103, 41012, 41113}));
}

TEST(GridTest, APeersSharedMemoryIsReachedThroughMapa) {
  PtxRun run;
  run.launch.grid = {2, 1, 1};
  run.launch.cluster = {2, 1, 1};
  const uint64_t out = run.Upload(std::vector<uint32_t>(2, 0));
  ASSERT_TRUE(run.Kernel(kOutParameter, R"(
    .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p<4>;
    .shared .align 4 .b32 word;
    ld.param.u64 %rd0, [out];
    mov.u32 %r0, %cluster_ctarank;
    mov.u32 %r9, %tid.x;
    setp.ne.u32 %p0, %r9, 0;
    add.u32 %r1, %r0, 50;
    mov.u32 %r2, word;
    @!%p0 st.shared.u32 [word], %r1;
    barrier.cluster.arrive.aligned;
    barrier.cluster.wait.aligned;
    xor.b32 %r3, %r0, 1;
    mapa.shared::cluster.u32 %r4, %r2, %r3;
    ld.shared::cluster.u32 %r5, [%r4];
    getctarank.shared::cluster.u32 %r6, %r4;
    mad.lo.u32 %r5, %r6, 100, %r5;
    mul.wide.u32 %rd1, %r0, 4;
    add.s64 %rd1, %rd0, %rd1;
    @!%p0 st.global.u32 [%rd1], %r5;
    barrier.cluster.arrive.aligned;
    barrier.cluster.wait.aligned;
    ret;
  )",
                         {out}))
      << run.sink.ToText();
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  EXPECT_EQ(run.Read<uint32_t>(out, 2), (std::vector<uint32_t>{151, 50}));
}

TEST(GridTest, ThreadIndicesOfThreeDimensions) {
  PtxRun run;
  run.launch.block = {4, 3, 5};
  const uint64_t out = run.Upload(std::vector<uint32_t>(60, 0));
  ASSERT_TRUE(run.Kernel(kOutParameter, R"(
    .reg .b32 %r<16>; .reg .b64 %rd<8>;
    ld.param.u64 %rd0, [out];
    mov.u32 %r0, %tid.x;
    mov.u32 %r1, %tid.y;
    mov.u32 %r2, %tid.z;
    mad.lo.u32 %r3, %r2, 3, %r1;
    mad.lo.u32 %r3, %r3, 4, %r0;
    mul.wide.u32 %rd1, %r3, 4;
    add.s64 %rd1, %rd0, %rd1;
    mov.u32 %r4, %warpid;
    mov.u32 %r5, %laneid;
    mad.lo.u32 %r4, %r4, 32, %r5;
    add.u32 %r4, %r4, 1;
    st.global.u32 [%rd1], %r4;
    ret;
  )",
                         {out}));
  const std::vector<uint32_t> values = run.Read<uint32_t>(out, 60);
  for (uint32_t i = 0; i < 60; ++i) EXPECT_EQ(values[i], i + 1);
}

TEST(GridTest, LaunchesBeyondTheDeviceNameTheLimit) {
  PtxRun run;
  const auto program = run.Decode(run.Text("", "ret;", ""));
  ASSERT_NE(program, nullptr);
  Launch launch = run.launch;
  launch.program = program.get();
  EXPECT_EQ(LaunchProblem(launch), "");
  const auto problem = [&](auto change) {
    Launch changed = launch;
    change(changed);
    return LaunchProblem(changed);
  };
  EXPECT_NE(problem([](Launch& l) {
              l.block = {33, 32, 1};
            }).find("1056 threads"),
            std::string::npos);
  EXPECT_NE(problem([](Launch& l) { l.grid = {1, 65536, 1}; }).find("65535"), std::string::npos);
  EXPECT_NE(problem([](Launch& l) { l.cluster = {17, 1, 1}; }).find("1 to 16"), std::string::npos);
  EXPECT_NE(problem([](Launch& l) {
              l.cluster = {2, 1, 1};
            }).find("whole clusters"),
            std::string::npos);
  EXPECT_NE(problem([](Launch& l) { l.dynamic_shared_bytes = 228 << 10; }).find("232448"),
            std::string::npos);
  EXPECT_NE(problem([](Launch& l) { l.params.resize(8); }).find("8 bytes of parameters"),
            std::string::npos);
  EXPECT_NE(problem([](Launch& l) { l.device = FindDeviceModel("sm_100a"); }).find("sm_90a"),
            std::string::npos);
}

}  // namespace
}  // namespace attnjit::emulator
