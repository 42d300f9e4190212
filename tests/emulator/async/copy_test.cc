// cp.async, bulk copies and tensor copies in small programs.
#include <numeric>

#include "tests/emulator/async/programs.h"

namespace attnjit::emulator {
namespace {

std::vector<uint32_t> Numbers(size_t count, uint32_t first = 1) {
  std::vector<uint32_t> values(count);
  std::iota(values.begin(), values.end(), first);
  return values;
}

/// %rd1, %rd2: in, out; %r1: tid; %r2: shared memory; %r3: mbarrier; %r4: 4 * tid.
std::string Prologue(uint32_t arrivals = 1) {
  return std::string(kRegisters) + R"(
  .shared .align 1024 .b8 tile[4096];
  .shared .align 8 .b64 barrier;
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, tile;
  mov.u32 %r3, barrier;
  shl.b32 %r4, %r1, 2;
  add.u32 %r5, %r2, %r4;
  cvt.u64.u32 %rd3, %r4;
  add.u64 %rd4, %rd1, %rd3;
  add.u64 %rd5, %rd2, %rd3;
  setp.eq.u32 %p1, %r1, 0;
  @%p1 mbarrier.init.shared::cta.b64 [%r3], )" +
         std::to_string(arrivals) + R"(;
  @%p1 fence.mbarrier_init.release.cluster;
  bar.sync 0;
)";
}

constexpr char kParameters[] = ".param .u64 in, .param .u64 out";

struct Copy {
  PtxRun run;
  uint64_t in = 0;
  uint64_t out = 0;
  bool completed = false;
  std::vector<uint32_t> values;

  explicit Copy(std::string arch = "sm_90a") : run(std::move(arch)) {}
  void Run(const std::string& body, const AsyncPolicy& policy, size_t count = 32,
           uint32_t arrivals = 1) {
    run.options.policy = policy;
    in = run.Upload(Numbers(1024));
    out = run.Upload(std::vector<uint32_t>(1024));
    completed = run.Kernel(kParameters, Prologue(arrivals) + body, {in, out});
    values = run.Read<uint32_t>(out, count);
  }
};

const AsyncPolicy kEager = {AsyncPolicy::Kind::kEager, 0};
const AsyncPolicy kLate = {AsyncPolicy::Kind::kLate, 0};

TEST(CpAsync, CopiesFillsWithZerosAndIgnores) {
  const char* body = R"(
  setp.lt.u32 %p2, %r1, 8;
  setp.gt.u32 %p3, %r1, 15;
  selp.u32 %r6, 0, 4, %p2;
  cp.async.ca.shared.global [%r5], [%rd4], 4, %r6;
  cp.async.ca.shared::cta.global.L2::128B [%r5+128], [%rd4], 4, %p3;
  cp.async.commit_group;
  cp.async.wait_group 0;
  ld.shared.u32 %r7, [%r5];
  ld.shared.u32 %r8, [%r5+128];
  st.global.u32 [%rd5], %r7;
  st.global.u32 [%rd5+128], %r8;
  ret;
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.Run(body, policy, 64);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    for (uint32_t lane = 0; lane < 32; ++lane) {
      EXPECT_EQ(copy.values[lane], lane < 8 ? 0 : lane + 1) << ToString(policy);
      EXPECT_EQ(copy.values[32 + lane], lane > 15 ? 0 : lane + 1) << ToString(policy);
    }
  }
}

TEST(CpAsync, WaitGroupLeavesTheNewestGroupInFlight) {
  const char* body = R"(
  st.shared.u32 [%r5+128], %r4;
  cp.async.ca.shared.global [%r5], [%rd4], 4;
  cp.async.commit_group;
  cp.async.ca.shared.global [%r5+128], [%rd4], 4;
  cp.async.commit_group;
  cp.async.wait_group 1;
  ld.shared.u32 %r7, [%r5];
  ld.shared.u32 %r8, [%r5+128];
  st.global.u32 [%rd5], %r7;
  st.global.u32 [%rd5+128], %r8;
  ret;
)";
  Copy copy;
  copy.Run(body, kLate, 64);
  EXPECT_EQ(copy.values[5], 6u);
  EXPECT_EQ(copy.values[32 + 5], 20u);
  EXPECT_FALSE(copy.run.sink.empty());
}

TEST(CpAsync, ArrivesAtAnMbarrierWhenDone) {
  const std::string body = R"(
  cp.async.ca.shared.global [%r5], [%rd4], 4;
  cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%r3];
)" + WaitParity("%r3", "0", "WAIT") +
                           R"(
  xor.b32 %r6, %r4, 4;
  add.u32 %r6, %r6, %r2;
  ld.shared.u32 %r7, [%r6];
  st.global.u32 [%rd5], %r7;
  ret;
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.Run(body, policy, 32, 32);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    for (uint32_t lane = 0; lane < 32; ++lane) EXPECT_EQ(copy.values[lane], (lane ^ 1) + 1);
  }
}

TEST(CpAsync, WrongSizesAreErrorsAtTheInstruction) {
  PtxRun run;
  for (const char* bad :
       {"cp.async.cg.shared.global [%r5], [%rd4], 8;",
        "cp.async.ca.shared.global [%r5], [%rd4], 2;", "cp.async.shared.global [%r5], [%rd4], 4;",
        "cp.async.ca.shared.global [%r5], [%rd4];"}) {
    auto module = ptx::ParsePtx(run.Text(kParameters, Prologue() + std::string(bad) + "\nret;"));
    ASSERT_TRUE(static_cast<bool>(module));
    auto program = DecodeEntryWith(std::make_shared<const ptx::Module>(std::move(*module)), "test",
                                   AllDecoders());
    EXPECT_FALSE(static_cast<bool>(program)) << bad;
    if (!program) llvm::consumeError(program.takeError());
  }
}

/// A bulk store whose source is overwritten after `wait`.
std::string BulkStore(const std::string& wait) {
  return R"(
  add.u32 %r6, %r1, 100;
  st.shared.u32 [%r5], %r6;
  fence.proxy.async.shared::cta;
  bar.sync 0;
  @!%p1 bra OVER;
  cp.async.bulk.global.shared::cta.bulk_group [%rd2], [%r2], 128;
  cp.async.bulk.commit_group;
)" + wait +
         R"(
OVER:
  bar.sync 0;
  st.shared.u32 [%r5], 7;
  bar.sync 0;
  @%p1 cp.async.bulk.wait_group 0;
  ret;
)";
}

TEST(BulkLoad, ATryWaitThatIsNotRepeatedGoesWrongUnderSomeSeed) {
  const std::string body = R"(
  @%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], 128;
  @%p1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%rd1], 128, [%r3];
  mbarrier.try_wait.parity.shared::cta.b64 %p7, [%r3], 0;
  ld.shared.u32 %r6, [%r5];
  st.global.u32 [%rd5], %r6;
  ret;
)";
  size_t wrong = 0;
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.Run(body, policy);
    if (HasRule(copy.run.sink, Rule::kRaceCrossProxy)) ++wrong;
  }
  EXPECT_GT(wrong, 0u);
}

TEST(BulkStore, SourceMayBeReusedAfterWaitGroupRead) {
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.Run(BulkStore("cp.async.bulk.wait_group.read 0;"), policy);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    EXPECT_EQ(copy.values, Numbers(32, 100)) << ToString(policy);
  }
}

TEST(BulkStore, ReuseWithoutWaitGoesWrongAndIsReported) {
  Copy copy;
  copy.Run(BulkStore(""), kLate);
  EXPECT_EQ(copy.values, std::vector<uint32_t>(32, 7));
  EXPECT_FALSE(copy.run.sink.empty());
}

TEST(BulkStore, MissingProxyFenceIsReported) {
  std::string body = BulkStore("cp.async.bulk.wait_group.read 0;");
  body.replace(body.find("fence.proxy.async.shared::cta;"), 30, "");
  Copy copy;
  copy.Run(body, kEager);
  EXPECT_TRUE(HasRule(copy.run.sink, Rule::kMissingProxyFence)) << copy.run.sink.ToText();
}

TEST(BulkReduce, AddsFromEveryCta) {
  const char* body = R"(
  add.u32 %r6, %r1, 1;
  st.shared.u32 [%r5], %r6;
  fence.proxy.async;
  bar.sync 0;
  @!%p1 bra END;
  cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd2], [%r2], 128;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0;
END:
  ret;
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.run.launch.grid = {5, 1, 1};
    copy.Run(body, policy);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    for (uint32_t i = 0; i < 32; ++i) EXPECT_EQ(copy.values[i], 5 * (i + 1));
  }
}

TEST(BulkLoad, MulticastFillsBothCtas) {
  const std::string body = R"(
  @%p1 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], 128;
  barrier.cluster.arrive.release.aligned;
  barrier.cluster.wait.acquire.aligned;
  mov.u32 %r10, %cluster_ctarank;
  setp.ne.u32 %p2, %r10, 0;
  or.pred %p2, %p2, !%p1;
  mov.b16 %h1, 3;
  @%p2 bra WAIT;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
      [%r2], [%rd1], 128, [%r3], %h1;
)" + WaitParity("%r3", "0", "WAIT") +
                           R"(
  ld.shared.u32 %r7, [%r5];
  mul.wide.u32 %rd6, %r10, 128;
  add.u64 %rd6, %rd6, %rd5;
  st.global.u32 [%rd6], %r7;
  ret;
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.run.launch.grid = {2, 1, 1};
    copy.run.launch.cluster = {2, 1, 1};
    copy.Run(body, policy, 64);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    std::vector<uint32_t> expected = Numbers(32);
    expected.resize(64);
    std::iota(expected.begin() + 32, expected.end(), 1);
    EXPECT_EQ(copy.values, expected) << ToString(policy);
    EXPECT_EQ(copy.run.result.counters[Traffic::kBulkToShared], 256u);
    EXPECT_EQ(copy.run.result.counters[Traffic::kBulkFromGlobal], 128u);
  }
}

TEST(BulkCopy, GoesToThePeersSharedMemory) {
  const std::string body = R"(
  mov.u32 %r10, %cluster_ctarank;
  setp.eq.u32 %p2, %r10, 1;
  and.pred %p3, %p2, %p1;
  @%p3 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r3], 128;
  add.u32 %r6, %r1, 500;
  st.shared.u32 [%r5], %r6;
  fence.proxy.async;
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
  @%p2 bra WAIT;
  mapa.shared::cluster.u32 %r11, %r2, 1;
  mapa.shared::cluster.u32 %r12, %r3, 1;
  @%p1 cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes
      [%r11+128], [%r2], 128, [%r12];
  bra END;
)" + WaitParity("%r3", "0", "WAIT") +
                           R"(
  ld.shared.u32 %r7, [%r5+128];
  st.global.u32 [%rd5], %r7;
END:
  barrier.cluster.arrive;
  barrier.cluster.wait;
  ret;
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.run.launch.grid = {2, 1, 1};
    copy.run.launch.cluster = {2, 1, 1};
    copy.Run(body, policy);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    EXPECT_EQ(copy.values, Numbers(32, 500)) << ToString(policy);
  }
}

/// Stores a tile of 32 columns x 1 row at row -1 .. of a tensor map given as `in`.
TEST(TensorStore, DropsRowsOutsideAndReduces) {
  const char* body = R"(
  mov.b32 %r6, 0f3f800000;
  st.shared.b32 [%r5], %r6;
  st.shared.b32 [%r5+128], %r6;
  fence.proxy.async.shared::cta;
  bar.sync 0;
  @!%p1 bra END;
  mov.s32 %r7, 3;
  cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd1, {0, %r7}], [%r2];
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0;
  cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group [%rd1, {0, 2}], [%r2];
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0;
END:
  ret;
)";
  for (const AsyncPolicy& policy : AllPolicies()) {
    PtxRun run;
    run.options.policy = policy;
    const uint64_t tensor = run.Upload(std::vector<float>(5 * 32, 10.0f));
    const uint64_t map = UploadMap(run, tensor, 32, 4, 32, 2);
    EXPECT_TRUE(run.Kernel(kParameters, Prologue() + body, {map, tensor}));
    EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
    const std::vector<float> values = run.Read<float>(tensor, 5 * 32);
    EXPECT_EQ(values[0], 10.0f);
    EXPECT_EQ(values[2 * 32], 11.0f);
    EXPECT_EQ(values[3 * 32], 2.0f);
    EXPECT_EQ(values[4 * 32], 10.0f);  // Row 4 is outside of the tensor.
  }
}

TEST(TensorCopy, GarbledOrForeignMapsAreReported) {
  const char* body = R"(
  @%p1 cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%rd1, {0, 0, 0}], [%r2];
  ret;
)";
  for (const bool garbled : {true, false}) {
    PtxRun run;
    const uint64_t tensor = run.Upload(std::vector<float>(4 * 32));
    const uint64_t map = garbled ? tensor : UploadMap(run, tensor, 32, 4, 32, 2);
    EXPECT_FALSE(run.Kernel(kParameters, Prologue() + body, {map, tensor}));
    EXPECT_NE(run.sink.ToText().find(garbled ? "no tensor map" : "rank 2"), std::string::npos)
        << run.sink.ToText();
  }
}

/// A store by all of a warp's lanes; its groups are each lane's own.
constexpr char kWarpStore[] = R"(
  st.shared.u32 [%r5], %r1;
  fence.proxy.async.shared::cta;
  bar.warp.sync 0xffffffff;
  STORE;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0;
  ret;
)";

uint64_t StoredBytes(const PtxRun& run) {
  return run.result.counters.bytes[static_cast<size_t>(Traffic::kBulkToGlobal)];
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(BulkStore, LanesThatStoreTheSameStoreItOnce) {
  const std::string same = "cp.async.bulk.global.shared::cta.bulk_group [%rd2], [%r2], 128";
  const std::string shifted =
      "add.u64 %rd5, %rd2, 16;\n @%p1 mov.u64 %rd5, %rd2;\n" + Replaced(same, "%rd2", "%rd5");
  for (const AsyncPolicy& policy : AllPolicies()) {
    Copy copy;
    copy.Run(Replaced(kWarpStore, "STORE", same), policy);
    EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
    EXPECT_EQ(copy.values, Numbers(32, 0));
    EXPECT_EQ(StoredBytes(copy.run), 128u);
  }
  // Other destinations are other stores, and those overlap.
  Copy copy;
  copy.Run(Replaced(kWarpStore, "STORE", shifted), kLate);
  EXPECT_TRUE(HasRule(copy.run.sink, Rule::kRaceCrossProxy)) << copy.run.sink.ToText();
}

TEST(BulkReduce, EveryLaneAdds) {
  Copy copy;
  copy.Run(Replaced(kWarpStore, "STORE",
                    "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd2], [%r2], "
                    "128"),
           kEager);
  EXPECT_TRUE(copy.completed && copy.run.sink.empty()) << copy.run.sink.ToText();
  EXPECT_EQ(copy.values[3], 32u * 3);
}

TEST(TensorCopy, LanesThatStoreTheSameStoreItOnce) {
  const std::string body =
      Replaced(kWarpStore, "STORE",
               "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd1, {0, 0}], [%r2]");
  for (const AsyncPolicy& policy : AllPolicies()) {
    PtxRun run;
    run.options.policy = policy;
    const uint64_t tensor = run.Upload(std::vector<uint32_t>(32));
    const uint64_t map = UploadMap(run, tensor, 32, 1, 32, 1);
    EXPECT_TRUE(run.Kernel(kParameters, Prologue() + body, {map, tensor}));
    EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
    EXPECT_EQ(run.Read<uint32_t>(tensor, 32), Numbers(32, 0));
    EXPECT_EQ(StoredBytes(run), 128u);
  }
}

}  // namespace
}  // namespace attnjit::emulator
