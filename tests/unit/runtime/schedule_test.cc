// What a launch's order of tiles promises: every tile has a turn, no block has much more to do than
// another, and the heads in flight share an L2.
#include "runtime/schedule.h"

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "generator/planner.h"
#include "gtest/gtest.h"
#include "launch_problem.h"
#include "templates/common/tile_scheduler.h"

namespace attnjit {
namespace {

constexpr ScheduleLimits kH100 = {.clusters = 132, .l2_bytes = 50 << 20};
constexpr int64_t kTokens = 16384;

KernelPlan CausalPlan(int head_dim, Arch arch) {
  const std::string spec =
      R"({"dtype": "bf16", "mask": "causal", "align": "top_left", "head_dim": )" +
      std::to_string(head_dim) + "}";
  return MustPlan(spec.c_str(), arch);
}

ForwardParams Scheduled(const KernelPlan& plan, int64_t batch, int64_t heads, int64_t seqlen,
                        const ScheduleLimits& limits) {
  ForwardParams params = {};
  params.batch = static_cast<i32>(batch);
  params.heads_q = params.heads_kv = static_cast<i32>(heads);
  params.seqlen_q = params.seqlen_kv = static_cast<i32>(seqlen);
  params.tiles_q = static_cast<i32>((seqlen + plan.tile_m - 1) / plan.tile_m);
  params.num_tiles = params.tiles_q * params.heads_q * params.batch;
  SetSchedule(plan, limits, params);
  return params;
}

/// What the block of each turn has to do, in K/V blocks and one more for a tile's ends, as
/// templates/sm90/tile_loop.h hands turns out. Expects every tile once.
std::vector<int64_t> LoadOfBlocks(const KernelPlan& plan, const ForwardParams& params,
                                  int64_t blocks) {
  std::vector<int64_t> load(static_cast<size_t>(blocks));
  std::set<std::tuple<i32, i32, i32>> seen;
  for (i32 slot = 0; slot < params.num_slots; ++slot) {
    const TileCoord tile = DecodeTile<true>(params, slot);
    if (tile.m_block < 0) continue;
    EXPECT_TRUE(seen.insert({tile.m_block, tile.head, tile.batch}).second);
    const int64_t round = slot / blocks;
    const int64_t turn = slot % blocks;
    const int64_t columns =
        std::min<int64_t>(params.seqlen_kv, int64_t{tile.m_block + 1} * plan.tile_m);
    load[static_cast<size_t>(round % 2 == 0 ? turn : blocks - 1 - turn)] +=
        1 + (columns + plan.tile_n - 1) / plan.tile_n;
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(params.num_tiles));
  return load;
}

TEST(Schedule, PersistentBlocksHaveAboutTheSameToDoAtEveryLength) {
  for (const int head_dim : {64, 128, 256}) {
    const KernelPlan plan = CausalPlan(head_dim, Arch::kSm90a);
    for (const int64_t seqlen : {512, 729, 1024, 1500, 2048, 4096, 8192, 16384}) {
      const ForwardParams params =
          Scheduled(plan, kTokens / seqlen, 2048 / head_dim, seqlen, kH100);
      const std::vector<int64_t> load = LoadOfBlocks(plan, params, kH100.clusters);
      int64_t sum = 0;
      for (const int64_t of_block : load) sum += of_block;
      const double balance = static_cast<double>(sum) / static_cast<double>(load.size()) /
                             static_cast<double>(*std::max_element(load.begin(), load.end()));
      EXPECT_GE(balance, 0.9) << "head_dim " << head_dim << ", seqlen " << seqlen;
    }
  }
}

TEST(Schedule, SectionsAreWholeRoundsAndFitHalfOfTheL2) {
  const KernelPlan plan = CausalPlan(128, Arch::kSm90a);
  const ForwardParams params = Scheduled(plan, 32, 16, 512, kH100);
  EXPECT_GT(params.sections, 0);
  EXPECT_EQ(params.section_slots % kH100.clusters, 0);
  EXPECT_LE(params.section_heads * 512 * 2 * (128 + 128), kH100.l2_bytes / 2);
}

TEST(Schedule, HeadsThatFitTheL2MakeOneSection) {
  const KernelPlan plan = CausalPlan(128, Arch::kSm90a);
  const ForwardParams params = Scheduled(plan, 1, 16, 2048, kH100);
  EXPECT_EQ(params.sections, 0);
  EXPECT_EQ(params.num_slots, params.num_tiles);
}

TEST(Schedule, TilesOfOneWeightNeedNoSections) {
  const KernelPlan plan = MustPlan(R"({"dtype": "bf16", "head_dim": 128})", Arch::kSm90a);
  const ForwardParams params = Scheduled(plan, 32, 16, 512, kH100);
  EXPECT_EQ(params.sections, 0);
  EXPECT_EQ(params.num_slots, params.num_tiles);
}

TEST(Schedule, BlocksThatTheHardwareHandsOutLeaveNoTurnEmpty) {
  const KernelPlan plan = CausalPlan(128, Arch::kSm80);
  const ForwardParams params =
      Scheduled(plan, 32, 16, 512, {.clusters = 108, .l2_bytes = 40 << 20});
  EXPECT_GT(params.sections, 0);
  EXPECT_EQ(params.num_slots, params.num_tiles);
  EXPECT_EQ(GridClusters(plan, {.clusters = 108}, params), params.num_tiles);
  LoadOfBlocks(plan, params, 1);
}

TEST(Schedule, AnyGpuAndLengthGivesEveryTileATurn) {
  const KernelPlan plan = CausalPlan(64, Arch::kSm90a);
  for (const int64_t blocks : {1, 7, 78, 132, 264}) {
    for (const int64_t l2 : {int64_t{0}, int64_t{1} << 20, int64_t{50} << 20}) {
      for (const int64_t seqlen : {1, 200, 1000, 5000}) {
        LoadOfBlocks(plan, Scheduled(plan, 5, 13, seqlen, {blocks, l2}), blocks);
      }
    }
  }
}

}  // namespace
}  // namespace attnjit
