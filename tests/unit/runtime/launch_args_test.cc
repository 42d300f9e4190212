// MakeForwardParams: what a launch may be given, and what it says otherwise.
#include <cmath>
#include <functional>
#include <limits>

#include "gtest/gtest.h"
#include "launch_problem.h"

namespace attnjit {
namespace {

constexpr double kLog2E = 1.4426950408889634;

struct Wrong {
  std::string argument;
  std::string value;
  std::string allowed;
};

/// The LaunchError that `args` give; an empty argument if they give none.
Wrong WhatIsWrong(const char* spec, const ForwardArgs& args) {
  const KernelPlan plan = MustPlan(spec, Arch::kSm90a);
  llvm::Expected<ForwardParams> params =
      MakeForwardParams(plan, LaunchDefaultsOf(MustParse(spec)), args);
  Wrong wrong;
  if (params) return wrong;
  llvm::handleAllErrors(params.takeError(), [&](const LaunchError& e) {
    wrong = {e.argument(), e.value(), e.allowed()};
  });
  return wrong;
}

ForwardParams MustMake(const char* spec, const ForwardArgs& args, Arch arch = Arch::kSm90a) {
  return llvm::cantFail(
      MakeForwardParams(MustPlan(spec, arch), LaunchDefaultsOf(MustParse(spec)), args));
}

TEST(LaunchArgs, FillsEveryParameter) {
  const ForwardArgs args = DenseArgs();
  const ForwardParams p = MustMake(kDenseSpec, args);
  const int tile_m = MustPlan(kDenseSpec, Arch::kSm90a).tile_m;
  EXPECT_EQ(p.q, args.q.data);
  EXPECT_EQ(p.k, args.k.data);
  EXPECT_EQ(p.v, args.v.data);
  EXPECT_EQ(p.o, args.o.data);
  EXPECT_EQ(p.lse, args.lse.data);
  EXPECT_EQ(p.q_stride.batch, 1000 * 8 * 128);
  EXPECT_EQ(p.k_stride.seq, 2 * 128);
  EXPECT_EQ(p.v_stride.head, 128);
  EXPECT_EQ(p.o_stride.seq, 8 * 128);
  EXPECT_EQ(p.lse_stride.head, 1000);
  EXPECT_EQ(p.batch, 2);
  EXPECT_EQ(p.heads_q, 8);
  EXPECT_EQ(p.heads_kv, 2);
  EXPECT_EQ(p.seqlen_q, 1000);
  EXPECT_EQ(p.seqlen_kv, 3000);
  EXPECT_EQ(p.tiles_q, (1000 + tile_m - 1) / tile_m);
  EXPECT_EQ(p.num_tiles, p.tiles_q * 8 * 2);
}

TEST(LaunchArgs, RoundsTheScaleOnce) {
  ForwardArgs args = DenseArgs();
  EXPECT_EQ(MustMake(kDenseSpec, args).softmax_scale, static_cast<float>(1 / std::sqrt(128.0)));
  args.softmax_scale = 0.1;
  const ForwardParams p = MustMake(kDenseSpec, args);
  EXPECT_EQ(p.softmax_scale, 0.1f);
  EXPECT_EQ(p.softmax_scale_log2, static_cast<float>(0.1 * kLog2E));
}

TEST(LaunchArgs, TakesWindowsFromTheRequestUnlessTheLaunchHasOthers) {
  ForwardArgs args = DenseArgs(1, 1, 64);
  args.lse = {};
  ForwardParams p = MustMake(kWindowSpec, args);
  EXPECT_EQ(p.window_left, 256);
  EXPECT_EQ(p.window_right, 64);
  args.window_left = 0;
  p = MustMake(kWindowSpec, args);
  EXPECT_EQ(p.window_left, 0);
  EXPECT_EQ(p.window_right, 64);
}

TEST(LaunchArgs, TakesStridesBeyond32Bits) {
  ForwardArgs args = DenseArgs();
  args.k.stride.batch = int64_t{1} << 35;
  EXPECT_EQ(MustMake(kDenseSpec, args).k_stride.batch, int64_t{1} << 35);
}

TEST(LaunchArgs, TakesBroadcastKeysAndValues) {
  ForwardArgs args = DenseArgs();
  args.k.stride.batch = args.v.stride.batch = 0;
  EXPECT_EQ(WhatIsWrong(kDenseSpec, args).argument, "");
}

TEST(LaunchArgs, DoesNotLookAtStridesOfDimensionsOfSizeOne) {
  ForwardArgs args = DenseArgs();
  args.batch = 1;
  args.heads_kv = 1;
  args.heads_q = 4;
  args.seqlen_q = 1;
  args.q.stride = {-3, 5, 128};
  args.o.stride = {0, 0, 128};
  args.lse.stride = {0, 17, 1};
  args.k.stride = {7, 256, 9};
  EXPECT_EQ(WhatIsWrong(kDenseSpec, args).argument, "");
}

TEST(LaunchArgs, HasNoTilesWhereThereAreNoRowsAndAsksForNoTensors) {
  for (const auto empty : {&ForwardArgs::batch, &ForwardArgs::seqlen_q}) {
    ForwardArgs args = DenseArgs();
    args.*empty = 0;
    args.q = args.k = args.v = args.o = args.lse = {};
    EXPECT_EQ(MustMake(kDenseSpec, args).num_tiles, 0);
  }
  ForwardArgs packed = PackedArgs();
  packed.total_q = 0;
  packed.q = packed.o = {};
  EXPECT_EQ(MustMake(kPackedSpec, packed).num_tiles, 0);
}

TEST(LaunchArgs, HasTilesButNeedsNoKeysWhereThereAreNoKeys) {
  ForwardArgs args = DenseArgs();
  args.seqlen_kv = 0;
  args.k = args.v = {};
  EXPECT_GT(MustMake(kDenseSpec, args).num_tiles, 0) << "o = 0 and lse = -inf are to be written.";
}

TEST(LaunchArgs, TakesPackedSequences) {
  const ForwardParams p = MustMake(kPackedSpec, PackedArgs());
  EXPECT_EQ(p.cu_seqlens_q, PackedArgs().cu_seqlens_q);
  EXPECT_EQ(p.cu_seqlens_kv, PackedArgs().cu_seqlens_kv);
  EXPECT_EQ(p.seqlen_q, 400);
  EXPECT_EQ(p.num_tiles, p.tiles_q * 4 * 3);
}

TEST(LaunchArgs, CoversEveryRowWithTilesOfEveryFamily) {
  for (const Arch arch : {Arch::kSm80, Arch::kSm90a, Arch::kSm120}) {
    const int tile_m = MustPlan(kDenseSpec, arch).tile_m;
    const ForwardParams p = MustMake(kDenseSpec, DenseArgs(), arch);
    EXPECT_GE(p.tiles_q * tile_m, 1000);
    EXPECT_LT((p.tiles_q - 1) * tile_m, 1000);
  }
}

struct WrongCase {
  const char* name;
  const char* spec;
  ForwardArgs base;
  std::function<void(ForwardArgs&)> change;
  const char* argument;
};

void* Misaligned() { return static_cast<char*>(FakeAddress(0)) + 8; }

const WrongCase kWrongCases[] = {
    {"NegativeBatch", kDenseSpec, DenseArgs(), [](auto& a) { a.batch = -1; }, "batch"},
    {"BatchBeyond32Bits", kDenseSpec, DenseArgs(), [](auto& a) { a.batch = int64_t{1} << 31; },
     "batch"},
    {"NegativeHeads", kDenseSpec, DenseArgs(),
     [](auto& a) {
       a.heads_q = -8;
       a.heads_kv = -2;
     },
     "heads_q"},
    {"NegativeLength", kDenseSpec, DenseArgs(), [](auto& a) { a.seqlen_kv = -5; }, "seqlen_kv"},
    {"TooManyTiles", kDenseSpec, DenseArgs(), [](auto& a) { a.batch = 2000000000; }, "batch"},
    {"WrongHeadRatio", kDenseSpec, DenseArgs(), [](auto& a) { a.heads_kv = 8; }, "heads_q"},
    {"NullQ", kDenseSpec, DenseArgs(), [](auto& a) { a.q.data = nullptr; }, "q.data"},
    {"NullK", kDenseSpec, DenseArgs(), [](auto& a) { a.k.data = nullptr; }, "k.data"},
    {"NullV", kDenseSpec, DenseArgs(), [](auto& a) { a.v.data = nullptr; }, "v.data"},
    {"NullO", kDenseSpec, DenseArgs(), [](auto& a) { a.o.data = nullptr; }, "o.data"},
    {"NullLse", kDenseSpec, DenseArgs(), [](auto& a) { a.lse.data = nullptr; }, "lse.data"},
    {"LseThatIsNotWritten", kWindowSpec, DenseArgs(1, 1, 64), [](auto&) {}, "lse.data"},
    {"MisalignedQ", kDenseSpec, DenseArgs(), [](auto& a) { a.q.data = Misaligned(); }, "q.data"},
    {"MisalignedO", kDenseSpec, DenseArgs(), [](auto& a) { a.o.data = Misaligned(); }, "o.data"},
    {"MisalignedLse", kDenseSpec, DenseArgs(),
     [](auto& a) { a.lse.data = static_cast<char*>(FakeAddress(4)) + 2; }, "lse.data"},
    {"StrideNotOf16Bytes", kDenseSpec, DenseArgs(), [](auto& a) { a.k.stride.seq = 260; },
     "k.stride.seq"},
    {"HeadStrideNotOf16Bytes", kDenseSpec, DenseArgs(), [](auto& a) { a.q.stride.head = 129; },
     "q.stride.head"},
    {"NegativeStride", kDenseSpec, DenseArgs(), [](auto& a) { a.v.stride.seq = -256; },
     "v.stride.seq"},
    {"StrideBeyondTma", kDenseSpec, DenseArgs(),
     [](auto& a) { a.v.stride.batch = int64_t{1} << 39; }, "v.stride.batch"},
    {"OverlappingOutputRows", kDenseSpec, DenseArgs(), [](auto& a) { a.o.stride.seq = 0; },
     "o.stride.seq"},
    {"OverlappingOutputHeads", kDenseSpec, DenseArgs(), [](auto& a) { a.o.stride.head = 0; },
     "o.stride.head"},
    {"LseRowsApart", kDenseSpec, DenseArgs(), [](auto& a) { a.lse.stride.seq = 2; },
     "lse.stride.seq"},
    {"OverlappingLseHeads", kDenseSpec, DenseArgs(), [](auto& a) { a.lse.stride.head = 0; },
     "lse.stride.head"},
    {"ScaleNan", kDenseSpec, DenseArgs(),
     [](auto& a) { a.softmax_scale = std::numeric_limits<double>::quiet_NaN(); }, "softmax_scale"},
    {"ScaleInfinite", kDenseSpec, DenseArgs(), [](auto& a) { a.softmax_scale = 1e300; },
     "softmax_scale"},
    {"ScaleZero", kDenseSpec, DenseArgs(), [](auto& a) { a.softmax_scale = 0; }, "softmax_scale"},
    {"ScaleNegative", kDenseSpec, DenseArgs(), [](auto& a) { a.softmax_scale = -1; },
     "softmax_scale"},
    {"WindowWithoutOne", kDenseSpec, DenseArgs(), [](auto& a) { a.window_left = 5; },
     "window_left"},
    {"NegativeWindow", kWindowSpec, DenseArgs(1, 1, 64),
     [](auto& a) {
       a.lse = {};
       a.window_right = -1;
     },
     "window_right"},
    {"UnequalLengthsWithoutAlign", R"({"head_dim": 128, "dtype": "bf16", "mask": "causal"})",
     DenseArgs(1, 1), [](auto& a) { a.lse = {}; }, "seqlen_kv"},
    {"CuSeqlensOfADenseLayout", kDenseSpec, DenseArgs(),
     [](auto& a) { a.cu_seqlens_q = static_cast<const int32_t*>(FakeAddress(5)); }, "cu_seqlens_q"},
    {"TotalOfADenseLayout", kDenseSpec, DenseArgs(), [](auto& a) { a.total_kv = 5; }, "total_kv"},
    {"PackedWithoutCuSeqlens", kPackedSpec, PackedArgs(),
     [](auto& a) { a.cu_seqlens_kv = nullptr; }, "cu_seqlens_kv"},
    {"PackedTotalBeyond32Bits", kPackedSpec, PackedArgs(),
     [](auto& a) { a.total_q = int64_t{1} << 31; }, "total_q"},
    {"PackedStrideNotOf16Bytes", kPackedSpec, PackedArgs(), [](auto& a) { a.q.stride.seq = 257; },
     "q.stride.seq"},
    {"BrokenHint", R"({"head_dim": 128, "dtype": "bf16", "hints": {"seqlen_q_multiple_of": 128}})",
     DenseArgs(1, 1), [](auto& a) { a.lse = {}; }, "seqlen_q"},
    {"MoreQueriesThanPromised", kDecodeSpec, DecodeArgs(), [](auto& a) { a.seqlen_q = 5; },
     "seqlen_q"},
    {"NoWorkspace", kDecodeSpec, DecodeArgs(), [](auto&) {}, "workspace"},
    {"WorkspaceTooSmall", kDecodeSpec, DecodeArgs(),
     [](auto& a) {
       a.workspace = FakeAddress(7);
       a.workspace_bytes = 1000;
     },
     "workspace_bytes"},
    {"WorkspaceNotAligned", kDecodeSpec, DecodeArgs(),
     [](auto& a) {
       a.workspace = static_cast<char*>(FakeAddress(7)) + 8;
       a.workspace_bytes = int64_t{1} << 40;
     },
     "workspace"},
    {"MoreTilesThanCounters", kDecodeSpec, DecodeArgs(), [](auto& a) { a.batch = 100'000; },
     "batch"},
};

class LaunchArgsWrong : public testing::TestWithParam<WrongCase> {};

TEST_P(LaunchArgsWrong, IsReportedWithTheArgumentItsValueAndWhatIsAllowed) {
  const WrongCase& c = GetParam();
  ForwardArgs args = c.base;
  c.change(args);
  const Wrong wrong = WhatIsWrong(c.spec, args);
  EXPECT_EQ(wrong.argument, c.argument) << wrong.value << ": " << wrong.allowed;
  EXPECT_NE(wrong.value, "");
  EXPECT_NE(wrong.allowed, "");
}

INSTANTIATE_TEST_SUITE_P(Cases, LaunchArgsWrong, testing::ValuesIn(kWrongCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(LaunchArgs, TheWorkspaceHoldsEveryPieceOfEveryTile) {
  const KernelPlan plan = MustPlan(kDecodeSpec, Arch::kSm90a);
  const LaunchDefaults defaults = LaunchDefaultsOf(MustParse(kDecodeSpec));
  ForwardArgs args = DecodeArgs();
  const int64_t bytes = llvm::cantFail(ForwardWorkspaceBytes(plan, defaults, args));
  args.workspace = FakeAddress(7);
  args.workspace_bytes = bytes;
  const ForwardParams params = llvm::cantFail(MakeForwardParams(plan, defaults, args));
  const int64_t keys = int64_t{plan.split_blocks} * plan.tile_n;
  EXPECT_EQ(params.splits, (3000 + keys - 1) / keys);
  EXPECT_EQ(params.num_tiles, 2 * 2 * params.splits);
  EXPECT_EQ(params.partial_rows, 16);
  EXPECT_EQ(static_cast<void*>(params.split_counters), FakeAddress(7));
  const auto* end = reinterpret_cast<const char*>(params.partial_state) +
                    int64_t{params.num_tiles} * params.partial_rows * 8;
  EXPECT_EQ(end - static_cast<const char*>(args.workspace), bytes);
}

TEST(LaunchArgs, ShortKeysAndNarrowWindowsNeedNoWorkspace) {
  const KernelPlan plan = MustPlan(kDecodeSpec, Arch::kSm90a);
  const LaunchDefaults defaults = LaunchDefaultsOf(MustParse(kDecodeSpec));
  ForwardArgs args = DecodeArgs();
  args.seqlen_kv = plan.tile_n;
  EXPECT_EQ(llvm::cantFail(ForwardWorkspaceBytes(plan, defaults, args)), 0);
  const char* window = R"({"head_dim": 128, "dtype": "bf16", "mask": {"window": [127, 0]},
                           "align": "bottom_right", "hints": {"seqlen_q_at_most": 1}})";
  args = DecodeArgs();
  args.heads_q = args.heads_kv;
  args.seqlen_q = 1;
  EXPECT_EQ(llvm::cantFail(ForwardWorkspaceBytes(MustPlan(window, Arch::kSm90a),
                                                 LaunchDefaultsOf(MustParse(window)), args)),
            0);
  EXPECT_EQ(
      llvm::cantFail(ForwardWorkspaceBytes(MustPlan(kDenseSpec, Arch::kSm90a),
                                           LaunchDefaultsOf(MustParse(kDenseSpec)), DenseArgs())),
      0);
}

TEST(LaunchArgs, MoreQueriesThanThisRequestPromisedAreRefused) {
  // Promises of one class share a kernel; each launch is held to its own.
  const char* spec = R"({"head_dim": 128, "dtype": "bf16", "heads": {"q": 8, "kv": 2},
                         "hints": {"seqlen_q_at_most": 500}})";
  ForwardArgs args = DenseArgs();
  args.lse = {};
  args.seqlen_q = 500;
  EXPECT_EQ(WhatIsWrong(spec, args).argument, "");
  args.seqlen_q = 501;
  EXPECT_EQ(WhatIsWrong(spec, args).argument, "seqlen_q");
}

TEST(LaunchArgs, TheBasesOfTheWrongCasesAreRight) {
  EXPECT_EQ(WhatIsWrong(kDenseSpec, DenseArgs()).argument, "");
  EXPECT_EQ(WhatIsWrong(kPackedSpec, PackedArgs()).argument, "");
  ForwardArgs window = DenseArgs(1, 1, 64);
  window.lse = {};
  EXPECT_EQ(WhatIsWrong(kWindowSpec, window).argument, "");
}

}  // namespace
}  // namespace attnjit
