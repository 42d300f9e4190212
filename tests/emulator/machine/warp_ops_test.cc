// Shuffles, votes and reductions among lanes, against oracles written from the ISA's text.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/emulator/machine/machine_test_util.h"

namespace attnjit::emulator {
namespace {

/// Where lane `lane` reads in a shuffle of segments of `width` lanes; -1: itself, out of range.
int ShuffleSource(const std::string& mode, int lane, int b, int width) {
  const int first = lane / width * width;
  int source = lane;
  if (mode == "up") source = lane - b;
  if (mode == "down") source = lane + b;
  if (mode == "bfly") source = lane ^ b;
  if (mode == "idx") source = first + b % width;
  // Butterflies may reach earlier segments, but not later ones.
  const bool above = source >= first || mode == "bfly";
  return above && source < first + width ? source : -1;
}

TEST(WarpOpsTest, ShufflesOfEveryModeWidthAndDistance) {
  for (const std::string mode : {"up", "down", "bfly", "idx"}) {
    for (const int width : {32, 16, 8}) {
      for (const int b : {0, 1, 5, 8, 31}) {
        // What CUDA's __shfl intrinsics pass for a width.
        const int c = (32 - width) << 8 | (mode == "up" ? 0 : 31);
        PtxRun run;
        const std::vector<uint32_t> values =
            RunBody(run, "add.u32 %r2, %r0, 100;\n  shfl.sync." + mode + ".b32 %r1|%p1, %r2, " +
                             std::to_string(b) + ", " + std::to_string(c) +
                             ", -1;\n  @%p1 add.u32 %r1, %r1, 1000;\n");
        for (int l = 0; l < 32; ++l) {
          const int source = ShuffleSource(mode, l, b, width);
          const int expected = source < 0 ? 100 + l : 1100 + source;
          EXPECT_EQ(values[l], static_cast<uint32_t>(expected)) << mode << width << " " << b;
        }
      }
    }
  }
}

TEST(WarpOpsTest, VotesOfTwoGroups) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    setp.lt.u32 %p1, %r0, 20;
    setp.lt.u32 %p2, %r0, 16;
    selp.b32 %r2, 0x0000ffff, 0xffff0000, %p2;
    vote.sync.all.pred %p3, %p1, %r2;
    vote.sync.any.pred %p4, !%p1, %r2;
    vote.sync.uni.pred %p5, %p1, %r2;
    vote.sync.ballot.b32 %r1, %p1, %r2;
    @%p3 or.b32 %r1, %r1, 0x20000000;
    @%p4 or.b32 %r1, %r1, 0x40000000;
    @%p5 or.b32 %r1, %r1, 0x80000000;
  )");
  for (int l = 0; l < 32; ++l) {
    EXPECT_EQ(values[l], l < 16 ? 0xa000ffffu : 0x400f0000u) << l;
  }
}

TEST(WarpOpsTest, MatchAndElect) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    and.b32 %r2, %r0, 3;
    match.any.sync.b32 %r3, %r2, -1;
    mov.b64 %rd3, 5;
    match.all.sync.b64 %r4|%p1, %rd3, -1;
    match.all.sync.b32 _|%p2, %r2, -1;
    elect.sync %r5|%p3, -1;
    mov.u32 %r1, %r3;
    @!%p1 mov.u32 %r1, 0;
    @%p2 mov.u32 %r1, 0;
    @%p3 not.b32 %r1, %r1;
  )");
  for (int l = 0; l < 32; ++l) {
    const uint32_t same = 0x11111111u << (l % 4);
    EXPECT_EQ(values[l], l == 0 ? ~same : same) << l;
  }
}

TEST(WarpOpsTest, Redux) {
  PtxRun run;
  const std::vector<uint32_t> values = RunBody(run, R"(
    sub.u32 %r2, %r0, 5;
    redux.sync.add.s32 %r3, %r2, -1;
    redux.sync.min.s32 %r4, %r2, -1;
    redux.sync.max.u32 %r5, %r2, -1;
    redux.sync.xor.b32 %r6, %r0, -1;
    add.u32 %r1, %r3, %r4;
    add.u32 %r1, %r1, %r5;
    add.u32 %r1, %r1, %r6;
  )");
  const auto expected = static_cast<uint32_t>((496 - 160) - 5 - 1 + 0);
  for (int l = 0; l < 32; ++l) EXPECT_EQ(values[l], expected) << l;
}

TEST(WarpOpsTest, AShuffleFromALaneThatTakesNoPartIsUndefined) {
  PtxRun run;
  const Report report = RunForReport(run, R"(
    mov.u32 %r1, 0;
    setp.lt.u32 %p1, %r0, 8;
    @%p1 shfl.sync.idx.b32 %r1, %r0, 9, 31, 0xff;
  )",
                                     /*completes=*/true);
  EXPECT_EQ(report.rule, Rule::kUninitRegister);
  EXPECT_EQ(report.actor.place.instruction, "st.global.u32 [%rd0], %r1");
}

TEST(WarpOpsTest, AMaskThatDoesNotNameTheLaneTraps) {
  PtxRun run;
  EXPECT_EQ(RunForReport(run, "shfl.sync.idx.b32 %r1, %r0, 0, 31, 0xffff;").rule,
            Rule::kDivergentSync);
}

}  // namespace
}  // namespace attnjit::emulator
