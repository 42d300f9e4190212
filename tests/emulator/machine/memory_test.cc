// Memory: spaces, widths, faults, registers that were never written.
#include <gtest/gtest.h>

#include "tests/emulator/machine/machine_test_util.h"

namespace attnjit::emulator {
namespace {

TEST(MemoryTest, LocalMemoryIsEachThreadsOwn) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    .local .align 8 .b8 frame[64];
    mov.u64 %rd3, frame;
    cvta.local.u64 %rd4, %rd3;
    and.b32 %r2, %r0, 7;
    mul.wide.u32 %rd5, %r2, 8;
    add.s64 %rd6, %rd3, %rd5;
    st.local.u32 [%rd6], %r0;
    add.s64 %rd7, %rd4, %rd5;
    ld.u32 %r1, [%rd7];
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], l) << l;
}

TEST(MemoryTest, GenericAddressesReachEverySpace) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    .shared .align 4 .b32 words[32];
    mov.u64 %rd3, words;
    cvta.shared.u64 %rd4, %rd3;
    mul.wide.u32 %rd5, %r0, 4;
    add.s64 %rd6, %rd4, %rd5;
    setp.lt.u32 %p1, %r0, 16;
    selp.b64 %rd7, %rd6, %rd0, %p1;
    add.u32 %r2, %r0, 100;
    st.u32 [%rd7], %r2;
    ld.u32 %r1, [%rd7];
    isspacep.shared %p2, %rd7;
    @%p2 add.u32 %r1, %r1, 1000;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], l + 100 + (l < 16 ? 1000 : 0)) << l;
}

TEST(MemoryTest, NarrowLoadsExtendToTheRegister) {
  PtxRun run;
  const uint64_t in = run.Upload(std::vector<uint8_t>{0x80, 0xff, 0x7f, 0x01, 0xfe, 0xff, 0, 0x80});
  const uint64_t out = run.Allocate(48);
  ASSERT_TRUE(run.Kernel(".param .u64 in, .param .u64 out", R"(
    .reg .b16 %h<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>;
    ld.param.u64 %rd0, [in];
    ld.param.u64 %rd1, [out];
    ld.global.s8 %r0, [%rd0];
    ld.global.u8 %r1, [%rd0+1];
    ld.global.s8 %h0, [%rd0];
    cvt.u32.u16 %r2, %h0;
    ld.global.s16 %r3, [%rd0+4];
    ld.global.u16 %r4, [%rd0+4];
    ld.global.s16 %rd2, [%rd0+6];
    ld.global.s32 %rd3, [%rd0+4];
    st.global.v4.b32 [%rd1], {%r0, %r1, %r2, %r3};
    st.global.b32 [%rd1+16], %r4;
    st.global.v2.b64 [%rd1+32], {%rd2, %rd3};
    ret;
  )",
                         {in, out}))
      << run.sink.ToText();
  EXPECT_EQ(run.Read<uint32_t>(out, 5),
            (std::vector<uint32_t>{0xffffff80, 0xff, 0xff80, 0xfffffffe, 0xfffe}));
  EXPECT_EQ(run.Read<uint64_t>(out + 32, 2),
            (std::vector<uint64_t>{0xffffffffffff8000, 0xffffffff8000fffe}));
}

TEST(MemoryTest, VectorsTakeSinksAndConstants) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    .shared .align 16 .b8 bytes[512];
    mov.u32 %r2, bytes;
    mad.lo.u32 %r2, %r0, 16, %r2;
    st.shared.v4.u32 [%r2], {%r0, 7, %r0, 9};
    ld.shared.v4.u32 {_, %r3, %r4, _}, [%r2];
    mad.lo.u32 %r1, %r3, 100, %r4;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], 700 + l) << l;
}

TEST(MemoryTest, MovPacksAndUnpacks) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    mov.b32 {%h0, %h1}, %r0;
    mov.b32 %r2, {%h0, 0x12};
    mov.b64 %rd3, {%r2, %r0};
    mov.b64 {%r3, _}, %rd3;
    mov.b64 {%h2, %h3, %h4, %h5}, %rd3;
    mov.b32 %r4, {%h4, %h3};
    add.u32 %r1, %r3, %r4;
  )");
  for (uint32_t l = 0; l < 32; ++l) EXPECT_EQ(values[l], 0x240000 + 2 * l) << l;
}

// --- Faults.

TEST(MemoryTest, SharedAccessPastTheWindowNamesTheLane) {
  PtxRun run;
  run.launch.dynamic_shared_bytes = 64;
  const uint64_t out = run.Allocate(128);
  EXPECT_FALSE(run.Kernel(kOutParameter, std::string(kPrologue) + R"(
    mov.u32 %r2, buffer;
    mad.lo.u32 %r2, %r0, 4, %r2;
    st.shared.u32 [%r2], %r0;
    ret;)",
                          {out}, ".extern .shared .align 16 .b8 buffer[];\n"));
  ASSERT_EQ(run.sink.reports().size(), 1u);
  const Report report = run.sink.reports().front();
  EXPECT_EQ(report.rule, Rule::kOutOfBounds);
  EXPECT_EQ(report.actor.lane, 16);
  EXPECT_EQ(report.address, kSharedReserved + 64);
  EXPECT_EQ(report.actor.place.instruction, "st.shared.u32 [%r2], %r0");
}

TEST(MemoryTest, TheReservedStartOfSharedMemoryIsOutOfBounds) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    mov.u32 %r2, 0;
    ld.shared.u32 %r1, [%r2];
  )");
  EXPECT_EQ(report.rule, Rule::kOutOfBounds);
}

TEST(MemoryTest, GlobalAccessPastTheAllocation) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    setp.eq.u32 %p1, %r0, 5;
    @%p1 ld.global.u32 %r1, [%rd1+128];
  )");
  EXPECT_EQ(report.rule, Rule::kOutOfBounds);
  EXPECT_EQ(report.actor.lane, 5);
  EXPECT_NE(report.message.find("0 bytes past the allocation of 128 bytes"), std::string::npos)
      << report.message;
}

TEST(MemoryTest, MisalignedAccess) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    add.s64 %rd3, %rd1, 2;
    ld.global.u32 %r1, [%rd3];
  )");
  EXPECT_EQ(report.rule, Rule::kMisaligned);
}

TEST(MemoryTest, LocalAccessPastTheFrame) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    .local .align 4 .b8 frame[16];
    ld.local.u32 %r1, [frame+16];
  )");
  EXPECT_EQ(report.rule, Rule::kOutOfBounds);
}

// --- Registers that were never written.

TEST(MemoryTest, UseOfAnUnwrittenRegisterIsReportedOnce) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    mov.u32 %r3, 0;
  LOOP:
    add.u32 %r1, %r7, 1;
    add.u32 %r3, %r3, 1;
    setp.lt.u32 %p1, %r3, 4;
    @%p1 bra LOOP;
  )",
                                     /*completes=*/true);
  EXPECT_EQ(report.rule, Rule::kUninitRegister);
  EXPECT_EQ(report.actor.lane, 0);
  EXPECT_EQ(report.actor.place.instruction, "add.u32 %r1, %r7, 1");
}

TEST(MemoryTest, CopiesOfUnwrittenRegistersAreNoUse) {
  PtxRun run;
  RunBody(run, R"(
    setp.eq.u32 %p1, %r0, 99;
    mov.b32 %r2, %r7;
    mov.b64 %rd3, {%r2, %r8};
    mov.b64 {%r3, %r4}, %rd3;
    selp.b32 %r5, %r3, %r0, %p1;
    mov.u32 %r1, %r5;
  )");
}

TEST(MemoryTest, ACopyHandsOnThatItIsUnwritten) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    setp.lt.u32 %p1, %r0, 30;
    selp.b32 %r2, %r0, %r7, %p1;
    mov.b32 %r1, %r2;
  )",
                                     /*completes=*/true);
  EXPECT_EQ(report.rule, Rule::kUninitRegister);
  EXPECT_EQ(report.actor.lane, 30);
  EXPECT_EQ(report.actor.place.instruction, "st.global.u32 [%rd0], %r1");
}

TEST(MemoryTest, WithoutTheSanitizerOnlyFaultsAreReported) {
  PtxRun run;
  run.options.sanitize = false;
  RunBody(run, "add.u32 %r1, %r7, 1;");
}

}  // namespace
}  // namespace attnjit::emulator
