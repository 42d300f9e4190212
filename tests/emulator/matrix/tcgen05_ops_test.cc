// tcgen05 as PTX programs: one CTA and a pair, A in shared and in tensor memory, under every
// policy, and rules that are broken.
#include <random>

#include "llvm/ADT/StringRef.h"
#include "tests/emulator/matrix/layout_oracle.h"
#include "tests/emulator/matrix/run_matrix_ptx.h"
#include "tests/emulator/matrix/tcgen05_oracle.h"

namespace attnjit::emulator {
namespace {

// Each CTA has 128 rows of A and `B_ROWS` of B (16 bf16 each), stored K-major without swizzle: SBO
// 256, LBO 128. D starts as 1, D += A B twice. @G: the CTA group. @IDESC: M and N.
constexpr char kBody[] = R"(
  .reg .b32 %r<64>; .reg .b64 %rd<32>; .reg .pred %p<8>;
  ld.param.u64 %rd0, [a]; ld.param.u64 %rd1, [b]; ld.param.u64 %rd2, [out];
  mov.u32 %r0, %tid.x;
  mov.u32 %r1, %cluster_ctarank;
  mov.u32 %r10, tile;
  // A: row tid of this CTA.
  mad.lo.u32 %r2, %r1, 128, %r0;
  mul.wide.u32 %rd3, %r2, 32;
  add.s64 %rd4, %rd0, %rd3;
  shr.u32 %r3, %r0, 3; and.b32 %r4, %r0, 7;
  shl.b32 %r5, %r3, 8; shl.b32 %r6, %r4, 4;
  add.u32 %r11, %r10, %r5; add.u32 %r11, %r11, %r6;
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4];
  st.shared.v4.u32 [%r11], {%r20, %r21, %r22, %r23};
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4+16];
  st.shared.v4.u32 [%r11+128], {%r20, %r21, %r22, %r23};
  // B: its rows of this CTA.
  setp.ge.u32 %p0, %r0, @BROWS;
  @%p0 bra FILLED;
  mad.lo.u32 %r2, %r1, @BROWS, %r0;
  mul.wide.u32 %rd5, %r2, 32;
  add.s64 %rd4, %rd1, %rd5;
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4];
  st.shared.v4.u32 [%r11+4096], {%r20, %r21, %r22, %r23};
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4+16];
  st.shared.v4.u32 [%r11+4224], {%r20, %r21, %r22, %r23};
FILLED:
  mov.u32 %r12, slots;
  setp.ne.u32 %p1, %r0, 0;
  @!%p1 mbarrier.init.shared::cta.b64 [%r12], 1;
  @!%p1 fence.mbarrier_init.release.cluster;
  setp.ge.u32 %p2, %r0, 32;
  @%p2 bra ALLOCATED;
  tcgen05.alloc.cta_group::@G.sync.aligned.shared::cta.b32 [%r12+8], 32;
  tcgen05.relinquish_alloc_permit.cta_group::@G.sync.aligned;
ALLOCATED:
  fence.proxy.async;
  bar.sync 0;
  ld.shared.u32 %r13, [%r12+8];
  // D = 1 in this warp's lanes.
  shr.u32 %r14, %r0, 5; shl.b32 %r14, %r14, 21; add.u32 %r14, %r14, %r13;
  mov.u32 %r15, 1065353216;
  tcgen05.st.sync.aligned.32x32b.x16.b32 [%r14], {%r15, %r15, %r15, %r15, %r15, %r15, %r15, %r15,
    %r15, %r15, %r15, %r15, %r15, %r15, %r15, %r15};
  tcgen05.wait::st.sync.aligned;  // wait st
  tcgen05.fence::before_thread_sync;  // before
  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
  tcgen05.fence::after_thread_sync;  // after
  setp.ne.u32 %p3, %r1, 0;
  or.pred %p3, %p3, %p1;
  @%p3 bra ISSUED;
  and.b32 %r16, %r10, 262143; shr.u32 %r16, %r16, 4;
  cvt.u64.u32 %rd10, %r16;
  or.b64 %rd10, %rd10, 70437464178688;  // 1 << 46 | 16 << 32 | 8 << 16
  add.s64 %rd11, %rd10, 256;
  mov.u32 %r17, @IDESC;
  setp.eq.u32 %p4, %r0, %r0;
  tcgen05.mma.cta_group::@G.kind::f16 [%r13], @A, %rd11, %r17, %p4;
  tcgen05.mma.cta_group::@G.kind::f16 [%r13], @A, %rd11, %r17, 1;
  @COMMIT
ISSUED:
WAIT:
  mbarrier.try_wait.parity.shared::cta.b64 %p5, [%r12], 0;  // wait mma
  @!%p5 bra WAIT;
  tcgen05.fence::after_thread_sync;  // after mma
  tcgen05.ld.sync.aligned.32x32b.x16.b32 {%r20, %r21, %r22, %r23, %r24, %r25, %r26, %r27, %r28, %r29,
    %r30, %r31, %r32, %r33, %r34, %r35}, [%r14];
  tcgen05.wait::ld.sync.aligned;
  mad.lo.u32 %r2, %r1, 128, %r0;
  mul.wide.u32 %rd3, %r2, 64;
  add.s64 %rd4, %rd2, %rd3;
  st.global.v4.u32 [%rd4], {%r20, %r21, %r22, %r23};
  st.global.v4.u32 [%rd4+16], {%r24, %r25, %r26, %r27};
  st.global.v4.u32 [%rd4+32], {%r28, %r29, %r30, %r31};
  st.global.v4.u32 [%rd4+48], {%r32, %r33, %r34, %r35};
  tcgen05.fence::before_thread_sync;
  barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;
  tcgen05.fence::after_thread_sync;
  @%p2 bra END;
  tcgen05.dealloc.cta_group::@G.sync.aligned.b32 %r13, 32;  // free
END:
  ret;
)";
constexpr char kShared[] = ".shared .align 1024 .b8 tile[8192];\n.shared .align 8 .b8 slots[16];\n";
constexpr char kParameters[] = ".param .u64 a, .param .u64 b, .param .u64 out";
constexpr int kN = 16;

void Replace(std::string& text, llvm::StringRef from, llvm::StringRef to) {
  size_t at = text.find(from.str());
  EXPECT_NE(std::string::npos, at) << from.str();
  for (; at != std::string::npos; at = text.find(from.str(), at + to.size())) {
    text.replace(at, from.size(), to.str());
  }
}

/// Where the products take A from.
enum class Source {
  kShared,
  kCopied,  ///< tcgen05.cp from shared memory, columns 16 to 23.
  kStored,  ///< tcgen05.st, the same columns.
};

struct Form {
  Form(int group) : group(group), m(128 * group) {}
  Form(int group, int m, Source a) : group(group), m(m), a(a) {}
  int group;  ///< 2: a pair of CTAs.
  int m;
  Source a = Source::kShared;
};

/// This thread's row of A, whose lane is the thread's, into tensor memory.
constexpr char kStoreA[] = R"(
  mad.lo.u32 %r2, %r1, 128, %r0;
  mul.wide.u32 %rd3, %r2, 32;
  add.s64 %rd4, %rd0, %rd3;
  ld.global.v4.u32 {%r20, %r21, %r22, %r23}, [%rd4];
  ld.global.v4.u32 {%r24, %r25, %r26, %r27}, [%rd4+16];
  add.u32 %r40, %r14, 16;
  tcgen05.st.sync.aligned.32x32b.x8.b32 [%r40], {%r20, %r21, %r22, %r23, %r24, %r25, %r26, %r27};
  tcgen05.wait::st.sync.aligned;)";
constexpr char kCopyA[] = "tcgen05.cp.cta_group::@G.128x256b [%r40], %rd10;";

void TakeAFrom(std::string& body, Source source) {
  Replace(body, "@A", source == Source::kShared ? "%rd10" : "[%r40]");
  if (source == Source::kShared) return;
  const std::string before = "setp.eq.u32 %p4, %r0, %r0;";
  const std::string copy = source == Source::kCopied ? kCopyA : "";
  Replace(body, before, before + "\n  add.u32 %r40, %r13, 16;\n" + copy);
  if (source == Source::kStored) Replace(body, "tcgen05.wait::st.sync.aligned;", kStoreA);
}

class TensorOps : public testing::Test {
 protected:
  TensorOps() : a_(256 * 16), b_(kN * 16) {
    std::mt19937 random(16);
    for (uint16_t& value : a_)
      value = static_cast<uint16_t>(oracle::SmallElement("bf16", random()));
    for (uint16_t& value : b_)
      value = static_cast<uint16_t>(oracle::SmallElement("bf16", random()));
  }

  /// All lanes of D, by CTA.
  std::vector<float> Run(PtxRun& run, const Form& form, AsyncPolicy policy,
                         llvm::StringRef line = "", llvm::StringRef text = "") {
    std::string body = kBody;
    const int group = form.group;
    TakeAFrom(body, form.a);
    Replace(body, "@IDESC",
            std::to_string(1 << 4 | 1 << 7 | 1 << 10 | kN / 8 << 17 | form.m / 16 << 24));
    Replace(body, "@BROWS", std::to_string(kN / group));
    Replace(body, "@COMMIT",
            group == 1
                ? "tcgen05.commit.cta_group::1.mbarrier::arrive::one.shared::cluster.b64 [%r12];"
                : "mov.u16 %h0, 3;\n  tcgen05.commit.cta_group::2.mbarrier::arrive::one."
                  "shared::cluster.multicast::cluster.b64 [%r12], %h0;");
    Replace(body, "@G", std::to_string(group));
    if (group == 2) Replace(body, ".reg .pred %p<8>;", ".reg .pred %p<8>; .reg .b16 %h<2>;");
    if (!line.empty()) Replace(body, line, text);
    run.options.policy = policy;
    run.launch.block = {128, 1, 1};
    run.launch.grid = {static_cast<uint32_t>(group), 1, 1};
    run.launch.cluster = {static_cast<uint32_t>(group), 1, 1};
    const uint64_t out = run.Allocate(256 * kN * 4);
    completed_ =
        RunMatrixKernel(run, kParameters, body, {run.Upload(a_), run.Upload(b_), out}, kShared);
    return run.Read<float>(out, static_cast<size_t>(128 * group * kN));
  }

  /// Where a_ has what is row m of A to output column n.
  static int RowOfA(const Form& form, int m, int n) {
    if (form.a != Source::kStored) {
      const int of_cta = form.m / form.group;
      return 128 * (m / of_cta) + m % of_cta;
    }
    const oracle::Place at = oracle::APlace(form.group, form.m, kN, m, n);
    return 128 * at.cta + at.lane;
  }

  std::vector<float> Expected(const Form& form) const {
    std::vector<float> d(static_cast<size_t>(128 * form.group * kN), 1);
    for (int m = 0; m < form.m; ++m) {
      for (int n = 0; n < kN; ++n) {
        const int row = RowOfA(form, m, n);
        double sum = 0;
        for (int k = 0; k < 16; ++k) {
          sum += oracle::Value("bf16", a_[16 * row + k]) * oracle::Value("bf16", b_[16 * n + k]);
        }
        const oracle::Place at = oracle::DPlace(form.group, form.m, kN, m, n);
        d[static_cast<size_t>((128 * at.cta + at.lane) * kN + at.column)] =
            static_cast<float>(1 + 2 * sum);
      }
    }
    return d;
  }

  std::vector<uint16_t> a_, b_;
  bool completed_ = false;
};

TEST_F(TensorOps, OneCtaGivesTheProductUnderEveryPolicyWithoutAReport) {
  for (AsyncPolicy policy : SomePolicies()) {
    PtxRun run("sm_100a");
    EXPECT_EQ(Expected(1), Run(run, 1, policy)) << ToString(policy);
    EXPECT_TRUE(completed_);
    EXPECT_EQ("", run.sink.ToText());
  }
}

TEST_F(TensorOps, APairOfCtasGivesTheProductUnderEveryPolicyWithoutAReport) {
  for (AsyncPolicy policy : SomePolicies()) {
    PtxRun run("sm_100a");
    EXPECT_EQ(Expected(2), Run(run, 2, policy)) << ToString(policy);
    EXPECT_TRUE(completed_);
    EXPECT_EQ("", run.sink.ToText());
  }
}

TEST_F(TensorOps, EveryFormOfAAndMGivesTheProduct) {
  const Form kForms[] = {{1, 64, Source::kShared},  {1, 64, Source::kStored},
                         {1, 128, Source::kStored}, {1, 128, Source::kCopied},
                         {2, 128, Source::kShared}, {2, 128, Source::kStored},
                         {2, 256, Source::kStored}, {2, 256, Source::kCopied}};
  for (const Form& form : kForms) {
    for (AsyncPolicy policy : SomePolicies()) {
      PtxRun run("sm_100a");
      EXPECT_EQ(Expected(form), Run(run, form, policy))
          << form.group << " CTAs, M " << form.m << ", A " << static_cast<int>(form.a) << ", "
          << ToString(policy);
      EXPECT_TRUE(completed_);
      EXPECT_EQ("", run.sink.ToText());
    }
  }
}

TEST_F(TensorOps, AnAThatIsNotOrderedBeforeTheMmaIsReported) {
  const Form stored(1, 128, Source::kStored);
  PtxRun run("sm_100a");
  Run(run, stored, {}, "tcgen05.wait::st.sync.aligned;", "");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("tcgen05-order"));
  // The copy's source needs a fence, as that of the product does.
  PtxRun copy("sm_100a");
  Run(copy, {1, 128, Source::kCopied}, {}, "fence.proxy.async;", "");
  EXPECT_NE(std::string::npos, copy.sink.ToText().find("asynchronous read by tcgen05.cp"));
}

TEST_F(TensorOps, NotWaitingForTheMmaIsReportedAndWrongWhenLate) {
  PtxRun run("sm_100a");
  EXPECT_NE(Expected(1), Run(run, 1, {AsyncPolicy::Kind::kLate, 0},
                             "mbarrier.try_wait.parity.shared::cta.b64 %p5, [%r12], 0;",
                             "setp.eq.u32 %p5, %r0, %r0;"));
  EXPECT_NE(std::string::npos, run.sink.ToText().find("tcgen05-order"));
}

TEST_F(TensorOps, NotWaitingForTheStoreIsReported) {
  PtxRun run("sm_100a");
  Run(run, 1, {}, "tcgen05.wait::st.sync.aligned;", "");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("tcgen05-order"));
}

TEST_F(TensorOps, MissingFencesAreReported) {
  for (const char* line : {"tcgen05.fence::before_thread_sync;  // before",
                           "tcgen05.fence::after_thread_sync;  // after\n",
                           "tcgen05.fence::after_thread_sync;  // after mma"}) {
    PtxRun run("sm_100a");
    Run(run, 1, {}, line, "\n");
    EXPECT_NE(std::string::npos, run.sink.ToText().find("tcgen05-order")) << line;
  }
}

TEST_F(TensorOps, FencesMayBeTakenAsGiven) {
  for (const char* line : {"tcgen05.fence::before_thread_sync;  // before",
                           "tcgen05.fence::after_thread_sync;  // after\n",
                           "tcgen05.fence::after_thread_sync;  // after mma"}) {
    PtxRun run("sm_100a");
    run.options.tcgen05_fences = false;
    EXPECT_EQ(Expected(1), Run(run, 1, {}, line, "\n")) << line;
    EXPECT_EQ("", run.sink.ToText()) << line;
  }
}

TEST_F(TensorOps, WaitsForLoadsAndStoresMayBeTakenAsGiven) {
  for (const char* line : {"tcgen05.wait::st.sync.aligned;", "tcgen05.wait::ld.sync.aligned;"}) {
    for (AsyncPolicy policy : SomePolicies()) {
      PtxRun run("sm_100a");
      run.options.tcgen05_waits = false;
      EXPECT_EQ(Expected(1), Run(run, 1, policy, line, "")) << line << ToString(policy);
      EXPECT_EQ("", run.sink.ToText()) << line << ToString(policy);
    }
  }
}

TEST_F(TensorOps, AMissingProxyFenceIsReported) {
  PtxRun run("sm_100a");
  Run(run, 1, {}, "fence.proxy.async;", "");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("missing-proxy-fence"));
}

TEST_F(TensorOps, ALeakIsReported) {
  PtxRun run("sm_100a");
  Run(run, 1, {}, "tcgen05.dealloc.cta_group::1.sync.aligned.b32 %r13, 32;", "");
  EXPECT_NE(std::string::npos, run.sink.ToText().find("tmem-leak"));
}

TEST_F(TensorOps, MisusesOfTensorMemoryAreFaults) {
  struct {
    const char* line;
    const char* text;
  } const kMisuses[] = {
      {"[%r12+8], 32;", "[%r12+8], 48;"},                        // No power of two.
      {"shl.b32 %r14, %r14, 21;", "mov.u32 %r14, 0;"},           // Another warp's lanes.
      {"b32 %r13, 32;", "b32 %r13, 64;"},                        // Freed larger than allocated.
      {"add.u32 %r14, %r14, %r13;", "add.u32 %r14, %r14, 20;"},  // Past the allocation.
  };
  for (const auto& misuse : kMisuses) {
    PtxRun run("sm_100a");
    Run(run, 1, {}, misuse.line, misuse.text);
    EXPECT_FALSE(completed_) << misuse.text;
    EXPECT_NE(std::string::npos, run.sink.ToText().find("tmem-misuse")) << misuse.text;
  }
}

TEST(TensorDecode, WhatIsNotSupportedIsALocatedError) {
  PtxRun run("sm_100a"), hopper;
  for (const char* form :
       {"mma.cta_group::1.kind::i8 [%r0], %rd0, %rd1, %r1, 1;",
        "mma.ws.cta_group::1.kind::f16 [%r0], %rd0, %rd1, %r1, 1;",
        "mma.cta_group::1.kind::f16 [%r0], %rd0, %rd1, %r1, {%r0, %r0}, 1;",
        "mma.cta_group::1.kind::f8f6f4 [%r0], %rd0, %rd1, %r1, 1, 3;",
        "mma.cta_group::1.kind::f16 [%r0], %rd0, %rd1, %r1, 1, 16;",
        "cp.cta_group::1.64x128b [%r0], %rd0;",
        "cp.cta_group::1.128x256b.b8x16.b4x16_p64 [%r0], %rd0;", "shift.cta_group::1.down [%r0];",
        "ld.sync.aligned.16x256b.x64.b32 {%r0}, [%r1];",
        "ld.sync.aligned.32x32b.x2.b32 {%r0}, [%r1];", "commit.cta_group::1.b64 [%rd0];"}) {
    const std::string text =
        std::string(".reg .b64 %rd<2>; .reg .b32 %r<2>;\ntcgen05.") + form + "\nret;";
    EXPECT_NE("", DecodeMatrixText(run.Text("", text))) << form;
  }
  EXPECT_NE("", DecodeMatrixText(hopper.Text("", "tcgen05.fence::before_thread_sync;\nret;")));
}

}  // namespace
}  // namespace attnjit::emulator
