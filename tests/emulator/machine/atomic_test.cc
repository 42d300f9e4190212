// Atomics among lanes, warps, CTAs and host threads.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <set>

#include "tests/emulator/machine/machine_test_util.h"

namespace attnjit::emulator {
namespace {

/// Runs `body`, which has `%rd1` (the address) and `%r0` (the thread in the grid), on 8 x 64
/// threads.
std::vector<uint32_t> RunGridBody(const std::string& body, std::vector<uint32_t> initial,
                                  int threads = 2) {
  PtxRun run;
  run.options.threads = threads;
  run.launch.grid = {8, 1, 1};
  run.launch.block = {64, 1, 1};
  const uint64_t out = run.Upload(initial);
  EXPECT_TRUE(run.Kernel(kOutParameter, R"(
    .reg .b16 %h<4>; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .f32 %f<8>; .reg .b128 %q<4>;
    ld.param.u64 %rd1, [out];
    mov.u32 %r1, %tid.x;
    mov.u32 %r2, %ctaid.x;
    mad.lo.u32 %r0, %r2, 64, %r1;
  )" + body + "\n  ret;\n",
                         {out}))
      << run.sink.ToText();
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  return run.Read<uint32_t>(out, initial.size());
}

TEST(AtomicTest, AddSumsOverTheGrid) {
  EXPECT_EQ(RunGridBody("red.global.add.u32 [%rd1], %r0;", {5})[0], 5 + 512u * 511 / 2);
}

TEST(AtomicTest, EveryThreadGetsItsOwnTicket) {
  const std::vector<uint32_t> values = RunGridBody(R"(
    atom.global.inc.u32 %r3, [%rd1], 0xffffffff;
    mul.wide.u32 %rd2, %r0, 4;
    add.s64 %rd2, %rd2, %rd1;
    st.global.u32 [%rd2+4], %r3;
  )",
                                                   std::vector<uint32_t>(513, 0));
  EXPECT_EQ(values[0], 512u);
  EXPECT_EQ(std::set<uint32_t>(values.begin() + 1, values.end()).size(), 512u);
}

TEST(AtomicTest, MinMaxAndBits) {
  EXPECT_EQ(RunGridBody("sub.u32 %r3, %r0, 100; red.global.min.s32 [%rd1], %r3;", {7})[0],
            static_cast<uint32_t>(-100));
  EXPECT_EQ(RunGridBody("red.global.max.u32 [%rd1], %r0;", {7})[0], 511u);
  EXPECT_EQ(RunGridBody("red.global.or.b32 [%rd1], %r0;", {1024})[0], 1024u + 511);
  EXPECT_EQ(RunGridBody("red.global.xor.b32 [%rd1], 1;", {8})[0], 8u);
  EXPECT_EQ(RunGridBody("red.global.dec.u32 [%rd1], 9;", {0})[0], 8u);
}

TEST(AtomicTest, CompareAndSwapLocks) {
  const std::vector<uint32_t> values = RunGridBody(R"(
    .reg .pred %p<2>;
  TRY:
    atom.acquire.gpu.global.cas.b32 %r3, [%rd1], 0, 1;
    setp.ne.u32 %p0, %r3, 0;
    @%p0 bra TRY;
    ld.global.u32 %r4, [%rd1+4];
    add.u32 %r4, %r4, 1;
    st.global.u32 [%rd1+4], %r4;
    atom.release.gpu.global.exch.b32 %r3, [%rd1], 0;
  )",
                                                   {0, 0});
  EXPECT_EQ(values[1], 512u);
}

TEST(AtomicTest, FloatAddOnGlobalMemoryFlushesSubnormals) {
  const uint32_t subnormal = 0x00000001;
  EXPECT_EQ(RunGridBody("red.global.add.f32 [%rd1], 0f3F800000;", {subnormal})[0],
            std::bit_cast<uint32_t>(512.0f));
  EXPECT_EQ(RunGridBody("red.global.add.f32 [%rd1], 0f80000001;", {0x80000001})[0], 0x80000000u);
}

TEST(AtomicTest, PackedHalvesAndVectors) {
  // 1.0 in both halves of f16x2 and bf16x2.
  EXPECT_EQ(RunGridBody("red.global.add.noftz.f16x2 [%rd1], 0x3c003c00;", {0})[0], 0x60006000u);
  EXPECT_EQ(RunGridBody("red.global.add.noftz.bf16x2 [%rd1], 0x3f803f80;", {0})[0], 0x43804380u);
  const std::vector<uint32_t> values = RunGridBody(
      "mov.f32 %f0, 0f3F800000; mov.f32 %f1, 0f40000000;"
      "red.global.add.v4.f32 [%rd1], {%f0, %f1, %f0, %f1};",
      {0, 0, 0, 0});
  EXPECT_EQ(values[2], std::bit_cast<uint32_t>(512.0f));
  EXPECT_EQ(values[3], std::bit_cast<uint32_t>(1024.0f));
}

TEST(AtomicTest, SixteenAndOneHundredTwentyEightBits) {
  const std::vector<uint32_t> values = RunGridBody(R"(
    .reg .pred %p<2>;
    setp.ne.u32 %p0, %r0, 17;
    @%p0 ret;
    atom.global.cas.b16 %h0, [%rd1+2], 9, 4660;
    mov.b64 %rd2, 0;
    mov.b64 %rd3, 0x55;
    mov.b128 %q0, {%rd2, %rd2};
    mov.b128 %q1, {%rd2, %rd3};
    atom.global.cas.b128 %q2, [%rd1+16], %q0, %q1;
    atom.global.exch.b128 %q3, [%rd1+32], %q1;
  )",
                                                   {9u << 16 | 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4});
  EXPECT_EQ(values[0], 4660u << 16 | 1);
  EXPECT_EQ(std::vector<uint32_t>(values.begin() + 4, values.end()),
            (std::vector<uint32_t>{0, 0, 0x55, 0, 0, 0, 0x55, 0}));
}

}  // namespace
}  // namespace attnjit::emulator
