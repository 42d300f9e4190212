// mma.sync, ldmatrix, stmatrix, movmatrix as PTX programs.
#include <bit>

#include "runtime/emulator/matrix/element.h"
#include "tests/emulator/matrix/layout_oracle.h"
#include "tests/emulator/matrix/run_matrix_ptx.h"

namespace attnjit::emulator {
namespace {

/// Copies in[0 .. 4 x 32) words to shared memory row by row, 16 bytes a thread: %r10 = its base.
constexpr char kLoadShared[] = R"(
  .reg .b32 %r<64>; .reg .b64 %rd<16>; .reg .f32 %f<8>;
  ld.param.u64 %rd0, [in]; ld.param.u64 %rd1, [out];
  mov.u32 %r0, %tid.x;
  mul.wide.u32 %rd2, %r0, 16;
  add.s64 %rd3, %rd0, %rd2; add.s64 %rd4, %rd1, %rd2;
  mov.u32 %r10, tile;
  shl.b32 %r11, %r0, 4;
  add.u32 %r12, %r10, %r11;
  ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd3];
  st.shared.v4.u32 [%r12], {%r1, %r2, %r3, %r4};
  bar.sync 0;
)";
constexpr char kShared[] = ".shared .align 16 .b8 tile[512];\n";
constexpr char kParameters[] = ".param .u64 in, .param .u64 out";

TEST(LdmatrixOps, FourMatricesGoToFourRegistersAndBack) {
  PtxRun run;
  std::vector<uint32_t> words(128);
  for (uint32_t i = 0; i < 128; ++i) words[i] = (2 * i + 1) << 16 | 2 * i;  // Half h holds h.
  const uint64_t in = run.Upload(words), out = run.Allocate(512);
  ASSERT_TRUE(RunMatrixKernel(run, kParameters, std::string(kLoadShared) + R"(
    ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1, %r2, %r3, %r4}, [%r12];
    st.global.v4.u32 [%rd4], {%r1, %r2, %r3, %r4};
    ret;
  )",
                              {in, out}, kShared))
      << run.sink.ToText();
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  const auto halfs = run.Read<uint16_t>(out, 256);
  for (int t = 0; t < 32; ++t) {
    for (int j = 0; j < 4; ++j) {
      for (int h = 0; h < 2; ++h) {
        EXPECT_EQ(64 * j + 8 * (t / 4) + 2 * (t % 4) + h, halfs[8 * t + 2 * j + h]);
      }
    }
  }
}

TEST(LdmatrixOps, TransposedTwiceIsTheSame) {
  PtxRun run;
  std::vector<uint32_t> words(128);
  for (uint32_t i = 0; i < 128; ++i) words[i] = i * 0x01010101u;
  const uint64_t in = run.Upload(words), out = run.Allocate(512);
  ASSERT_TRUE(RunMatrixKernel(run, kParameters, std::string(kLoadShared) + R"(
    ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r1, %r2, %r3, %r4}, [%r12];
    movmatrix.sync.aligned.m8n8.trans.b16 %r1, %r1;
    movmatrix.sync.aligned.m8n8.trans.b16 %r2, %r2;
    movmatrix.sync.aligned.m8n8.trans.b16 %r3, %r3;
    movmatrix.sync.aligned.m8n8.trans.b16 %r4, %r4;
    bar.sync 0;
    stmatrix.sync.aligned.m8n8.x4.shared.b16 [%r12], {%r1, %r2, %r3, %r4};
    bar.sync 0;
    ld.shared.v4.u32 {%r1, %r2, %r3, %r4}, [%r12];
    st.global.v4.u32 [%rd4], {%r1, %r2, %r3, %r4};
    ret;
  )",
                              {in, out}, kShared))
      << run.sink.ToText();
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  EXPECT_EQ(words, run.Read<uint32_t>(out, 128));
}

TEST(LdmatrixOps, AMisalignedRowIsAFault) {
  PtxRun run;
  const uint64_t in = run.Upload(std::vector<uint32_t>(128)), out = run.Allocate(512);
  EXPECT_FALSE(RunMatrixKernel(run, kParameters, std::string(kLoadShared) + R"(
    add.u32 %r12, %r12, 8;
    ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, [%r12];
    ret;
  )",
                               {in, out}, kShared));
  EXPECT_NE(std::string::npos, run.sink.ToText().find("misaligned"));
}

TEST(MmaOps, AccumulatesInPlaceFromRegisters) {
  PtxRun run;
  // A: row g has g + 1 in every k; B: column n has n in every k: D = 16 (g + 1) n + 1.
  const uint64_t out = run.Allocate(512);
  ASSERT_TRUE(RunMatrixKernel(run, ".param .u64 out", R"(
    .reg .b32 %r<32>; .reg .b64 %rd<8>; .reg .f32 %f<8>; .reg .b16 %h<4>;
    ld.param.u64 %rd1, [out];
    mov.u32 %r0, %tid.x;
    mul.wide.u32 %rd2, %r0, 16;
    add.s64 %rd4, %rd1, %rd2;
    shr.u32 %r1, %r0, 2;
    cvt.rn.f32.u32 %f0, %r1;
    add.f32 %f1, %f0, 0f3F800000;
    add.f32 %f2, %f0, 0f41100000;
    cvt.rn.bf16.f32 %h0, %f0; mov.b32 %r5, {%h0, %h0};
    cvt.rn.bf16.f32 %h1, %f1; mov.b32 %r6, {%h1, %h1};
    cvt.rn.bf16.f32 %h2, %f2; mov.b32 %r7, {%h2, %h2};
    mov.f32 %f4, 0f3F800000; mov.f32 %f5, %f4; mov.f32 %f6, %f4; mov.f32 %f7, %f4;
    mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
      {%f4, %f5, %f6, %f7}, {%r6, %r7, %r6, %r7}, {%r5, %r5}, {%f4, %f5, %f6, %f7};
    st.global.v4.f32 [%rd4], {%f4, %f5, %f6, %f7};
    ret;
  )",
                              {out}))
      << run.sink.ToText();
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  const auto d = run.Read<float>(out, 128);
  for (int t = 0; t < 32; ++t) {
    for (int i = 0; i < 4; ++i) {
      const oracle::Coordinates at = oracle::MmaC(t, i);
      EXPECT_EQ(16.0f * static_cast<float>((at.row + 1) * at.column) + 1.0f, d[4 * t + i]);
    }
  }
  EXPECT_EQ(2u * 16 * 8 * 16, run.result.counters[MatrixKind::kF16]);
}

TEST(MmaOps, WhatTheIsaDoesNotHaveIsALocatedError) {
  PtxRun run;
  for (const char* form :
       {"m16n8k16.row.col.f32.tf32.tf32.f32", "m16n8k16.col.row.f32.f16.f16.f32",
        "m8n8k4.row.col.f32.f16.f16.f32", "m16n8k16.row.col.f16.bf16.bf16.f16",
        "m16n8k16.row.col.satfinite.f32.f16.f16.f32", "m16n8k16.row.col.f32.f16.f16.f32.odd"}) {
    const std::string text = run.Text(
        "",
        std::string(".reg .b32 %r<16>;\nmma.sync.aligned.") + form +
            " {%r0, %r1, %r2, %r3}, {%r4, %r5, %r6, %r7}, {%r8, %r9}, {%r0, %r1, %r2, %r3};\nret;");
    EXPECT_NE(std::string::npos, DecodeMatrixText(text).find("7")) << form;
  }
}

TEST(MmaOps, AnUninitialisedOperandIsReported) {
  PtxRun run;
  const uint64_t out = run.Allocate(512);
  EXPECT_TRUE(RunMatrixKernel(run, ".param .u64 out", R"(
    .reg .b32 %r<32>;
    mov.u32 %r0, 0; mov.u32 %r1, 0; mov.u32 %r2, 0;
    mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {%r3, %r4}, {%r0, %r1}, {%r9}, {%r2, %r2};
    ret;
  )",
                              {out}));
  EXPECT_NE(std::string::npos, run.sink.ToText().find("uninit-register"));
}

}  // namespace
}  // namespace attnjit::emulator
