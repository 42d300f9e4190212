// wgmma as PTX programs: numbers under every policy, and what is reported when a rule is broken.
#include <bit>
#include <random>

#include "llvm/ADT/StringRef.h"
#include "tests/emulator/matrix/layout_oracle.h"
#include "tests/emulator/matrix/run_matrix_ptx.h"

namespace attnjit::emulator {
namespace {

// Threads store A (64 x 16 bf16) and B (8 x 16) as 8 x 8 tiles without swizzle, K-major: SBO 256,
// LBO 128. %rd10, %rd11: descriptors.
constexpr char kPrologue[] = R"(
  .reg .b32 %r<64>; .reg .b64 %rd<32>; .reg .f32 %f<16>; .reg .pred %p<8>;
  ld.param.u64 %rd0, [a]; ld.param.u64 %rd1, [b]; ld.param.u64 %rd2, [out];
  mov.u32 %r0, %tid.x;
  shr.u32 %r1, %r0, 1; and.b32 %r2, %r0, 1;
  shr.u32 %r3, %r1, 3; and.b32 %r4, %r1, 7;
  shl.b32 %r5, %r3, 8; shl.b32 %r6, %r4, 4; shl.b32 %r7, %r2, 7;
  add.u32 %r5, %r5, %r6; add.u32 %r5, %r5, %r7;
  mov.u32 %r10, tile;
  add.u32 %r11, %r10, %r5;
  mul.wide.u32 %rd3, %r0, 16;
  add.s64 %rd4, %rd0, %rd3;
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4];
  st.shared.v4.u32 [%r11], {%r20, %r21, %r22, %r23};
  setp.lt.u32 %p0, %r0, 16;
  @!%p0 bra FILLED;
  add.s64 %rd4, %rd1, %rd3;
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4];
  st.shared.v4.u32 [%r11+2048], {%r20, %r21, %r22, %r23};
FILLED:
  fence.proxy.async;  // proxy
  bar.sync 0;
  and.b32 %r12, %r10, 262143; shr.u32 %r12, %r12, 4;
  cvt.u64.u32 %rd10, %r12;
  or.b64 %rd10, %rd10, 68720001024;  // 16 << 32 | 8 << 16
  add.s64 %rd11, %rd10, 128;
  mov.f32 %f0, 0f3F800000; mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f3F800000; mov.f32 %f3, 0f3F800000;
)";
constexpr char kMain[] = R"(
  add.f32 %f0, %f0, 0f00000000;
  wgmma.fence.sync.aligned;  // fence
  wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16
    {%f0, %f1, %f2, %f3}, %rd10, %rd11, 1, 1, 1, 0, 0;
  wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16
    {%f0, %f1, %f2, %f3}, %rd10, %rd11, 1, 1, -1, 0, 0;
  wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16
    {%f0, %f1, %f2, %f3}, %rd10, %rd11, 1, 1, 1, 0, 0;
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;  // wait
)";
constexpr char kEpilogue[] = R"(
  add.s64 %rd4, %rd2, %rd3;
  st.global.v4.f32 [%rd4], {%f0, %f1, %f2, %f3};
  ret;
)";
constexpr char kShared[] = ".shared .align 1024 .b8 tile[4096];\n";
constexpr char kParameters[] = ".param .u64 a, .param .u64 b, .param .u64 out";

class WgmmaOps : public testing::Test {
 protected:
  WgmmaOps() {
    std::mt19937 random(15);
    for (uint16_t& value : a_)
      value = static_cast<uint16_t>(oracle::SmallElement("bf16", random()));
    for (uint16_t& value : b_)
      value = static_cast<uint16_t>(oracle::SmallElement("bf16", random()));
  }

  /// Runs the program with `text` instead of `line` in it. Gives what was stored.
  std::vector<float> Run(PtxRun& run, AsyncPolicy policy, llvm::StringRef line = "",
                         llvm::StringRef text = "") {
    std::string body = std::string(kPrologue) + kMain + kEpilogue;
    if (!line.empty()) {
      const size_t at = body.find(line.str());
      EXPECT_NE(std::string::npos, at);
      body.replace(at, line.size(), text.str());
    }
    run.options.policy = policy;
    run.launch.block = {128, 1, 1};
    const uint64_t out = run.Allocate(2048);
    const std::vector<uint16_t> a(a_, a_ + 1024), b(b_, b_ + 128);
    completed_ =
        RunMatrixKernel(run, kParameters, body, {run.Upload(a), run.Upload(b), out}, kShared);
    return run.Read<float>(out, 512);
  }

  std::vector<float> Expected() const {
    std::vector<float> d(512);
    for (int t = 0; t < 128; ++t) {
      for (int i = 0; i < 4; ++i) {
        const oracle::Coordinates at = oracle::WgmmaD(t, i);
        double sum = 1;
        for (int k = 0; k < 16; ++k) {
          sum += oracle::Value("bf16", a_[16 * at.row + k]) *
                 oracle::Value("bf16", b_[16 * at.column + k]);
        }
        d[4 * t + i] = static_cast<float>(sum);
      }
    }
    return d;
  }

  uint16_t a_[1024], b_[128];
  bool completed_ = false;
};

TEST_F(WgmmaOps, GivesTheProductUnderEveryPolicyWithoutAReport) {
  for (AsyncPolicy policy : SomePolicies()) {
    PtxRun run;
    EXPECT_EQ(Expected(), Run(run, policy)) << ToString(policy);
    EXPECT_TRUE(completed_);
    EXPECT_EQ("", run.sink.ToText());
    EXPECT_EQ(3u * 2 * 64 * 8 * 16, run.result.counters[MatrixKind::kF16]);
  }
}

TEST_F(WgmmaOps, WorksWithoutTheSanitizer) {
  for (AsyncPolicy policy : SomePolicies()) {
    PtxRun run;
    run.options.sanitize = false;
    EXPECT_EQ(Expected(), Run(run, policy)) << ToString(policy);
  }
}

TEST_F(WgmmaOps, AMissingWaitIsReportedAndWrongWhenLate) {
  const char* wait = "wgmma.wait_group.sync.aligned 0;";
  PtxRun eager, late;
  Run(eager, {AsyncPolicy::Kind::kEager, 0}, wait);
  EXPECT_NE(std::string::npos, eager.sink.ToText().find("wgmma-register-in-flight"));
  EXPECT_NE(Expected(), Run(late, {AsyncPolicy::Kind::kLate, 0}, wait));
  EXPECT_NE(std::string::npos, late.sink.ToText().find("wgmma-register-in-flight"));
}

TEST_F(WgmmaOps, AMissingFenceIsReported) {
  PtxRun run;
  Run(run, {}, "wgmma.fence.sync.aligned;");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("wgmma-missing-fence"));
  PtxRun written;
  Run(written, {}, "wgmma.fence.sync.aligned;",
      "wgmma.fence.sync.aligned; add.f32 %f2, %f2, 0f00000000;");
  EXPECT_NE(std::string::npos, written.sink.ToText().find("wgmma-missing-fence"));
}

TEST_F(WgmmaOps, AMissingProxyFenceIsReported) {
  PtxRun run;
  Run(run, {}, "fence.proxy.async;");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("missing-proxy-fence"));
}

TEST_F(WgmmaOps, DescriptorsThatAreWrongAreFaults) {
  for (const char* wrong :
       {"or.b64 %rd10, %rd10, 140737488355328;", "add.s64 %rd10, %rd10, 12000;"}) {
    PtxRun run;
    Run(run, {}, "add.s64 %rd11, %rd10, 128;", std::string("add.s64 %rd11, %rd10, 128; ") + wrong);
    EXPECT_FALSE(completed_) << wrong;
    EXPECT_NE("", run.sink.ToText());
  }
}

TEST_F(WgmmaOps, WarpsThatDisagreeAreReported) {
  PtxRun run;
  Run(run, {}, "mov.f32 %f0, 0f3F800000;",
      "mov.f32 %f0, 0f3F800000; setp.ge.u32 %p1, %r0, 96; @%p1 add.s64 %rd11, %rd11, 1;");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("wgmma-divergent-operands"));
}

TEST_F(WgmmaOps, AWarpThatDoesNotComeIsADeadlockThatSaysSo) {
  PtxRun run;
  Run(run, {}, "wgmma.commit_group.sync.aligned;",
      "setp.ge.u32 %p1, %r0, 96; @%p1 bra SKIP;\n"
      "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%f0, %f1, %f2, %f3}, %rd10, %rd11, 1, "
      "1, "
      "1, 0, 0;\nSKIP:\nwgmma.commit_group.sync.aligned;");
  EXPECT_FALSE(completed_);
  EXPECT_NE(std::string::npos, run.sink.ToText().find("other warps have yet to issue theirs"));
}

TEST(WgmmaDecode, WhatTheIsaDoesNotHaveIsALocatedError) {
  PtxRun run;
  const std::string d = "{%f0, %f1, %f2, %f3}";
  for (const std::string& form :
       {"mma_async.sync.aligned.m64n8k16.f32.bf16.f16 " + d + ", %rd0, %rd1, 1, 1, 1, 0, 0;",
        "mma_async.sync.aligned.m64n8k8.f32.bf16.bf16 " + d + ", %rd0, %rd1, 1, 1, 1, 0, 0;",
        "mma_async.sync.aligned.m64n12k16.f32.bf16.bf16 " + d + ", %rd0, %rd1, 1, 1, 1, 0, 0;",
        "mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 " + d + ", %rd0, %rd1, 1, 1, 1, 0, 0;",
        "mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 " + d + ", %rd0, %rd1, 1, 2, 1, 0, 0;",
        "mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 " + d + ", %rd0, %rd1, 1, 1, 1, 0, 2;",
        "mma_async.sync.aligned.m64n8k32.f32.e4m3.e4m3 " + d + ", %rd0, %rd1, 1, 1, 1, 0, 0;",
        "mma_async.sync.aligned.m64n8k16.f32.bf16.bf16.new " + d + ", %rd0, %rd1, 1, 1, 1, 0, 0;",
        std::string("wait_group.sync.aligned %r0;"), std::string("fence.sync;")}) {
    const std::string text = run.Text(
        "", ".reg .f32 %f<8>; .reg .b64 %rd<2>; .reg .b32 %r<2>;\nwgmma." + form + "\nret;");
    EXPECT_NE("", DecodeMatrixText(text)) << form;
  }
}

}  // namespace
}  // namespace attnjit::emulator
