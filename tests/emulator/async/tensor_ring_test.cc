// A ring of two stages: one thread loads tiles with TMA, a warp consumes them.
#include <numeric>

#include "tests/emulator/async/programs.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kTiles = 7;
constexpr uint32_t kRows = 8;
constexpr uint32_t kColumns = 32;

/// What is left out of the program.
enum class Without { kNothing, kFullWait, kEmptyWait, kExpect, kHalfOfExpect };

std::string Ring(Without without) {
  const bool full = without != Without::kFullWait;
  const bool empty = without != Without::kEmptyWait;
  std::string arrive = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r12], 1024;";
  if (without == Without::kExpect) arrive = "mbarrier.arrive.shared::cta.b64 _, [%r12];";
  if (without == Without::kHalfOfExpect) {
    arrive = "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r12], 512;";
  }
  return std::string(kRegisters) + R"(
  .shared .align 1024 .b8 tiles[2048];
  .shared .align 8 .b64 full[2];
  .shared .align 8 .b64 empty[2];
  ld.param.u64 %rd1, [map];
  ld.param.u64 %rd2, [out];
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, tiles;
  mov.u32 %r3, full;
  mov.u32 %r4, empty;
  setp.ne.u32 %p1, %r1, 0;
  @%p1 bra READY;
  mbarrier.init.shared::cta.b64 [%r3], 1;
  mbarrier.init.shared::cta.b64 [%r3+8], 1;
  mbarrier.init.shared::cta.b64 [%r4], 32;
  mbarrier.init.shared::cta.b64 [%r4+8], 32;
  fence.mbarrier_init.release.cluster;
READY:
  bar.sync 0;
  mov.u32 %r10, 0;
  setp.ge.u32 %p2, %r1, 32;
  @%p2 bra CONSUME;
  @%p1 bra END;
PRODUCE:
  and.b32 %r11, %r10, 1;
  shl.b32 %r15, %r11, 3;
  add.u32 %r12, %r3, %r15;
  add.u32 %r13, %r4, %r15;
  shl.b32 %r15, %r11, 10;
  add.u32 %r14, %r2, %r15;
  shr.u32 %r16, %r10, 1;
  and.b32 %r16, %r16, 1;
  xor.b32 %r17, %r16, 1;
)" + (empty ? WaitParity("%r13", "%r17", "EMPTY") : "") +
         arrive + R"(
  shl.b32 %r18, %r10, 3;
  cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
      [%r14], [%rd1, {0, %r18}], [%r12];
  add.u32 %r10, %r10, 1;
  setp.lt.u32 %p3, %r10, 7;
  @%p3 bra PRODUCE;
  bra END;
CONSUME:
  and.b32 %r11, %r10, 1;
  shl.b32 %r15, %r11, 3;
  add.u32 %r12, %r3, %r15;
  add.u32 %r13, %r4, %r15;
  shl.b32 %r15, %r11, 10;
  add.u32 %r14, %r2, %r15;
  shr.u32 %r16, %r10, 1;
  and.b32 %r16, %r16, 1;
)" + (full ? WaitParity("%r12", "%r16", "FULL") : "") +
         R"(
  sub.u32 %r20, %r1, 32;
  shl.b32 %r21, %r20, 2;
  add.u32 %r22, %r14, %r21;
  mul.lo.u32 %r23, %r10, 1024;
  add.u32 %r23, %r23, %r21;
  cvt.u64.u32 %rd3, %r23;
  add.u64 %rd3, %rd2, %rd3;
  mov.u32 %r24, 0;
ROW:
  ld.shared.b32 %r25, [%r22];
  st.global.b32 [%rd3], %r25;
  add.u32 %r22, %r22, 128;
  add.u64 %rd3, %rd3, 128;
  add.u32 %r24, %r24, 1;
  setp.lt.u32 %p4, %r24, 8;
  @%p4 bra ROW;
  mbarrier.arrive.shared::cta.b64 _, [%r13];
  add.u32 %r10, %r10, 1;
  setp.lt.u32 %p3, %r10, 7;
  @%p3 bra CONSUME;
END:
  ret;
)";
}

struct Outcome {
  bool completed = false;
  bool right = false;
  bool reported = false;
  std::string text;
};

Outcome RunRing(Without without, const AsyncPolicy& policy, bool sanitize = true) {
  PtxRun run;
  run.launch.block = {64, 1, 1};
  run.options.policy = policy;
  run.options.sanitize = sanitize;
  std::vector<float> values(kTiles * kRows * kColumns);
  std::iota(values.begin(), values.end(), 1.0f);
  const uint64_t tensor = run.Upload(values);
  const uint64_t map = UploadMap(run, tensor, kColumns, kTiles * kRows, kColumns, kRows);
  const uint64_t out = run.Upload(std::vector<float>(values.size()));
  Outcome outcome;
  outcome.completed = run.Kernel(".param .u64 map, .param .u64 out", Ring(without), {map, out});
  outcome.right = run.Read<float>(out, values.size()) == values;
  outcome.reported = !run.sink.empty();
  outcome.text = run.sink.ToText();
  return outcome;
}

TEST(TensorRing, IsRightAndSilentUnderEveryPolicy) {
  for (const AsyncPolicy& policy : AllPolicies()) {
    for (const bool sanitize : {true, false}) {
      const Outcome outcome = RunRing(Without::kNothing, policy, sanitize);
      EXPECT_TRUE(outcome.completed) << ToString(policy) << outcome.text;
      EXPECT_TRUE(outcome.right) << ToString(policy);
      EXPECT_FALSE(outcome.reported) << ToString(policy) << outcome.text;
    }
  }
}

TEST(TensorRing, MissingWaitForDataGoesWrongAndIsReported) {
  const Outcome late = RunRing(Without::kFullWait, {AsyncPolicy::Kind::kLate, 0});
  EXPECT_FALSE(late.right);
  EXPECT_TRUE(late.reported);
  EXPECT_FALSE(RunRing(Without::kFullWait, {AsyncPolicy::Kind::kLate, 0}, false).right);
}

TEST(TensorRing, MissingWaitForSpaceIsReported) {
  bool wrong = false;
  bool reported = false;
  for (const AsyncPolicy& policy : AllPolicies()) {
    const Outcome outcome = RunRing(Without::kEmptyWait, policy);
    wrong |= !outcome.right || !outcome.completed;
    reported |= outcome.reported;
  }
  EXPECT_TRUE(wrong);
  EXPECT_TRUE(reported);
}

TEST(TensorRing, WrongByteCountsAreReported) {
  for (const Without without : {Without::kExpect, Without::kHalfOfExpect}) {
    bool reported = false;
    for (const AsyncPolicy& policy : AllPolicies()) reported |= RunRing(without, policy).reported;
    EXPECT_TRUE(reported);
  }
}

}  // namespace
}  // namespace attnjit::emulator
