#include "runtime/schedule.h"

#include <algorithm>

#include "templates/common/tile_scheduler.h"

namespace attnjit {
namespace {

// Longer sections leave no fewer turns empty.
constexpr int64_t kMostRounds = 16;
// Of a section's turns. Above it a section that overflows the L2 costs less.
constexpr double kMostEmpty = 0.06;
// Heads after the last whole section: those of two sections more, for a tail of light tiles.
constexpr int64_t kTailSections = 2;

/// Heads of one section, counted through the batch in tiles, and the rounds that they take.
struct Section {
  int64_t heads;
  int64_t rounds;
};

int64_t KvBytesOfTileHead(const KernelPlan& plan, const ForwardParams& params) {
  const Problem& p = plan.spec.problem;
  const int64_t bytes = int64_t{params.seqlen_kv} * 2 * (p.head_dim_qk + p.head_dim_v);
  return std::max<int64_t>(1, bytes * plan.tile_heads / p.group);
}

/// Sections for persistent blocks, which take one tile of each round: whole rounds, so that every
/// block's tiles are a heavy and a light one in turn. Those that leave the fewest turns empty, and
/// of these the shortest, whose K and V fit in half of the L2. No rounds: all heads are one.
Section SectionOfRounds(int64_t all_heads, int64_t tiles_q, int64_t blocks, int64_t heads_in_l2) {
  Section best = {all_heads, 0};
  if (all_heads <= heads_in_l2 || all_heads * tiles_q <= blocks || heads_in_l2 == 0) return best;
  double least = 2;
  for (int64_t rounds = 1; rounds <= kMostRounds; ++rounds) {
    const int64_t heads = rounds * blocks / tiles_q;
    if (heads >= all_heads || (heads > heads_in_l2 && least <= kMostEmpty)) break;
    if (heads == 0) continue;
    const double empty =
        1.0 - static_cast<double>(heads * tiles_q) / static_cast<double>(rounds * blocks);
    if (empty < least - 1e-3) {
      least = empty;
      best = {heads, rounds};
    }
  }
  return best;
}

}  // namespace

int64_t GridClusters(const KernelPlan& plan, const ScheduleLimits& limits,
                     const ForwardParams& params) {
  return plan.persistent ? std::min<int64_t>(params.num_tiles, limits.clusters) : params.num_tiles;
}

void SetSchedule(const KernelPlan& plan, const ScheduleLimits& limits, ForwardParams& params) {
  const int64_t tiles_q = params.tiles_q;
  const int64_t all_heads = int64_t{params.heads_q} / plan.tile_heads * params.batch;
  params.num_slots = params.num_tiles;
  params.sections = 0;
  params.section_heads = static_cast<i32>(all_heads);
  params.section_slots = params.num_tiles;
  if (plan.split_blocks != 0 || !LaterTilesAreHeavier(plan.spec.problem)) return;

  const int64_t in_l2 = limits.l2_bytes / 2 / KvBytesOfTileHead(plan, params);
  const int64_t blocks = GridClusters(plan, limits, params);
  // Blocks that the hardware hands out as others finish leave no turn empty.
  const Section section = plan.persistent ? SectionOfRounds(all_heads, tiles_q, blocks, in_l2)
                                          : Section{std::clamp<int64_t>(in_l2, 1, all_heads), 0};
  const int64_t heads = section.heads;
  const int64_t slots = plan.persistent ? section.rounds * blocks : heads * tiles_q;
  int64_t sections = std::max<int64_t>(0, all_heads / heads - kTailSections);
  // Blocks that take a heavy tile first take a light one next: whole pairs.
  if (section.rounds % 2 != 0) sections -= sections % 2;
  if (sections == 0) return;
  params.sections = static_cast<i32>(sections);
  params.section_heads = static_cast<i32>(heads);
  params.section_slots = static_cast<i32>(slots);
  params.num_slots = static_cast<i32>(sections * slots + (all_heads - sections * heads) * tiles_q);
}

}  // namespace attnjit
