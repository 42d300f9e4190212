// clusterlaunchcontrol: clusters that take over the work of others that have not started.
#include "tests/emulator/async/programs.h"

namespace attnjit::emulator {
namespace {

/// Each CTA counts in work[linear ctaid] for its own id and for each that it takes over, and once
/// in launches. `first_ctaid` reads %r4, %r5, %r6 from the response %q1.
std::string WorkLoop(const std::string& first_ctaid) {
  return std::string(kRegisters) + R"(
  .reg .b128 %q<2>;
  .shared .align 16 .b8 response[16];
  .shared .align 8 .b64 barrier;
  ld.param.u64 %rd1, [work];
  ld.param.u64 %rd2, [launches];
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, response;
  mov.u32 %r3, barrier;
  setp.eq.u32 %p1, %r1, 0;
  @%p1 mbarrier.init.shared::cta.b64 [%r3], 1;
  @%p1 fence.mbarrier_init.release.cluster;
  barrier.cluster.arrive;
  barrier.cluster.wait;
  @%p1 red.global.add.u32 [%rd2], 1;
  mov.u32 %r4, %ctaid.x;
  mov.u32 %r5, %ctaid.y;
  mov.u32 %r6, %ctaid.z;
  mov.u32 %r7, %cluster_ctarank;
  setp.eq.and.u32 %p2, %r7, 0, %p1;
  mov.u32 %r8, 0;
LOOP:
  mov.u32 %r9, %nctaid.y;
  mad.lo.u32 %r10, %r6, %r9, %r5;
  mov.u32 %r9, %nctaid.x;
  mad.lo.u32 %r10, %r10, %r9, %r4;
  mul.wide.u32 %rd3, %r10, 4;
  add.u64 %rd3, %rd1, %rd3;
  @%p1 red.global.add.u32 [%rd3], 1;
  @%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], 16;
  @%p2 clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.multicast::cluster::all.b128
      [%r2], [%r3];
)" + WaitParity("%r3", "%r8", "WAIT") +
         R"(
  ld.shared.b128 %q1, [%r2];
  clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 %p3, %q1;
  @!%p3 bra DONE;
)" + first_ctaid +
         R"(
  mov.u32 %r9, %cluster_ctaid.x;
  add.u32 %r4, %r4, %r9;
  xor.b32 %r8, %r8, 1;
  barrier.cluster.arrive;
  barrier.cluster.wait;
  bra LOOP;
DONE:
  barrier.cluster.arrive;
  barrier.cluster.wait;
  ret;
)";
}

constexpr char kAsVector[] =
    "clusterlaunchcontrol.query_cancel.get_first_ctaid.v4.b32.b128 {%r4, %r5, %r6, _}, %q1;\n";
constexpr char kOneByOne[] = R"(
  clusterlaunchcontrol.query_cancel.get_first_ctaid::x.b32.b128 %r4, %q1;
  clusterlaunchcontrol.query_cancel.get_first_ctaid::y.b32.b128 %r5, %q1;
  clusterlaunchcontrol.query_cancel.get_first_ctaid::z.b32.b128 %r6, %q1;
)";

struct Outcome {
  std::vector<uint32_t> work;
  uint32_t launches = 0;
};

Outcome RunLoop(const std::string& first_ctaid, int sms, Dim3 grid, uint32_t cluster,
                const AsyncPolicy& policy) {
  PtxRun run("sm_100a");
  DeviceModel device = *run.launch.device;
  device.sm_count = sms;
  run.launch.device = &device;
  run.launch.grid = grid;
  run.launch.cluster = {cluster, 1, 1};
  run.options.policy = policy;
  const size_t count = size_t{grid[0]} * grid[1] * grid[2];
  const uint64_t work = run.Upload(std::vector<uint32_t>(count));
  const uint64_t launches = run.Upload(std::vector<uint32_t>(1));
  EXPECT_TRUE(run.Kernel(".param .u64 work, .param .u64 launches", WorkLoop(first_ctaid),
                         {work, launches}));
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  return {run.Read<uint32_t>(work, count), run.Read<uint32_t>(launches, 1)[0]};
}

TEST(LaunchControl, EveryCtaRunsOrIsTakenOverOnce) {
  for (const AsyncPolicy& policy : AllPolicies()) {
    for (const char* form : {kAsVector, kOneByOne}) {
      const Outcome one = RunLoop(form, 3, {4, 3, 2}, 1, policy);
      EXPECT_EQ(one.work, std::vector<uint32_t>(24, 1)) << ToString(policy);
      const Outcome pairs = RunLoop(form, 5, {8, 3, 1}, 2, policy);
      EXPECT_EQ(pairs.work, std::vector<uint32_t>(24, 1)) << ToString(policy);
    }
  }
}

TEST(LaunchControl, OnlyTheFirstWaveIsLaunched) {
  EXPECT_EQ(RunLoop(kAsVector, 3, {4, 3, 2}, 1, {}).launches, 3u);
  EXPECT_EQ(RunLoop(kAsVector, 5, {8, 3, 1}, 2, {}).launches, 4u);
  EXPECT_EQ(RunLoop(kAsVector, 100, {4, 3, 2}, 1, {}).launches, 24u);
}

TEST(LaunchControl, SeededRequestsFailNowAndThen) {
  uint32_t launches = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    launches += RunLoop(kAsVector, 1, {24, 1, 1}, 1, {AsyncPolicy::Kind::kSeeded, seed}).launches;
  }
  EXPECT_GT(launches, 20u);
  EXPECT_LT(launches, 20u * 24);
}

TEST(LaunchControl, AResponseThatIsNoneIsReported) {
  for (const char* query : {"is_canceled.pred.b128 %p2, %q1;",
                            "get_first_ctaid.v4.b32.b128 {%r1, %r2, %r3, _}, %q1;"}) {
    PtxRun run("sm_100a");
    EXPECT_FALSE(run.Kernel("",
                            std::string(kRegisters) + R"(
  .reg .b128 %q<2>;
  mov.u64 %rd1, 5;
  mov.b128 %q1, {%rd1, %rd1};
  clusterlaunchcontrol.query_cancel.)" +
                                query + "\n  ret;\n",
                            {}));
    EXPECT_TRUE(HasRule(run.sink, Rule::kPoisonRead)) << run.sink.ToText();
  }
}

TEST(LaunchControl, TheCtaidOfAFailedRequestIsReported) {
  // Without the branch on %p3 the last request's coordinates are read as well.
  std::string body = WorkLoop(kAsVector);
  const std::string branch = "@!%p3 bra DONE;";
  body.erase(body.find(branch), branch.size());
  PtxRun run("sm_100a");
  const uint64_t work = run.Upload(std::vector<uint32_t>(2));
  EXPECT_FALSE(run.Kernel(".param .u64 work, .param .u64 launches", body, {work, work + 4}));
  EXPECT_TRUE(HasRule(run.sink, Rule::kPoisonRead)) << run.sink.ToText();
}

}  // namespace
}  // namespace attnjit::emulator
