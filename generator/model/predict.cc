#include "generator/model/predict.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <queue>

#include "templates/common/mask.h"
#include "templates/common/split.h"
#include "templates/common/tile_scheduler.h"

namespace attnjit {
namespace {

/// From an idle GPU to the first instruction and back; measured launches of nothing take 2 to 3 us.
constexpr double kLaunchSeconds = 2e-6;
/// Of the datasheet's bandwidth, what a copy reaches (docs/performance.md: 4268 of 4800 GB/s).
constexpr double kMemoryShare = 0.89;

/// Columns of a tile of rows, as blocks of one column (templates/common/mask.h).
using ColumnsFunction = BlockRange (*)(const ForwardParams&, i32 row_begin, i32 row_end);

template <Bound kLeft, Bound kRight, Diagonal kDiagonal>
BlockRange Columns(const ForwardParams& params, i32 row_begin, i32 row_end) {
  constexpr Problem kProblem = {.element = Element::kBf16,
                                .element_o = Element::kBf16,
                                .head_dim_qk = 8,
                                .head_dim_v = 8,
                                .group = 1,
                                .left = kLeft,
                                .right = kRight,
                                .diagonal = kDiagonal,
                                .packed = false,
                                .lse = false};
  return Mask<kProblem>(params, params.seqlen_q, params.seqlen_kv)
      .template Blocks<1>(row_begin, row_end);
}

template <Bound kLeft, Bound kRight>
ColumnsFunction OfDiagonal(const Problem& p) {
  return p.diagonal == Diagonal::kTopLeft ? Columns<kLeft, kRight, Diagonal::kTopLeft>
                                          : Columns<kLeft, kRight, Diagonal::kBottomRight>;
}

template <Bound kLeft>
ColumnsFunction OfRight(const Problem& p) {
  if (p.right == Bound::kNone) return OfDiagonal<kLeft, Bound::kNone>(p);
  return p.right == Bound::kZero ? OfDiagonal<kLeft, Bound::kZero>(p)
                                 : OfDiagonal<kLeft, Bound::kRuntime>(p);
}

ColumnsFunction ColumnsOf(const Problem& p) {
  return p.left == Bound::kNone ? OfRight<Bound::kNone>(p) : OfRight<Bound::kRuntime>(p);
}

/// The plan's problem: a family may have found that nothing of the request's mask is left.
const Problem& ProblemOf(const KernelPlan& plan) {
  return std::visit([](const auto& p) -> const Problem& { return p.problem; }, plan.plan);
}

ForwardParams ParamsOf(const ProblemShape& shape) {
  const auto i32_of = [](int64_t x) {
    return static_cast<i32>(std::clamp<int64_t>(x, 0, int64_t{1} << 30));
  };
  ForwardParams params = {};
  params.seqlen_q = i32_of(shape.seqlen_q);
  params.seqlen_kv = i32_of(shape.seqlen_kv);
  params.window_left = i32_of(shape.window_left);
  params.window_right = i32_of(shape.window_right);
  return params;
}

BlockRange BlocksOf(const BlockRange& columns, i32 tile_n) {
  BlockRange blocks;
  blocks.begin = columns.begin / tile_n;
  blocks.end = columns.empty() ? blocks.begin : CeilDiv(columns.end, tile_n);
  blocks.full_begin = Min(CeilDiv(columns.full_begin, tile_n), blocks.end);
  blocks.full_end = Max(Min(columns.full_end / tile_n, blocks.end), blocks.full_begin);
  return blocks;
}

TileSteps StepsOf(const BlockRange& blocks, int64_t rows, bool piece) {
  const int64_t all = blocks.end - blocks.begin;
  return {all, all - (blocks.full_end - blocks.full_begin), rows, piece};
}

/// Mask arithmetic is left out: it fits between waits, as far as measured times show.
double TurnCycles(const TileSteps& steps, const Balance& b) {
  const OverlapFit& fit = kOverlapFit;
  return static_cast<double>(steps.blocks) * b.step_cycles + fit.tile_cycles +
         static_cast<double>(steps.boundary_blocks) * fit.guard_byte_cycles * b.work.guard_bytes;
}

/// Cycles of each thread block: persistent ones take turns in rounds that run forwards and
/// backwards (templates/sm90/tile_loop.h), others as they become free.
std::vector<double> LoadsOf(const std::vector<double>& turns, int64_t slots, bool persistent) {
  if (!persistent) {
    std::priority_queue<double, std::vector<double>, std::greater<>> ends;
    for (int64_t i = 0; i < slots; ++i) ends.push(0);
    for (const double cycles : turns) {
      const double end = ends.top() + cycles;
      ends.pop();
      ends.push(end);
    }
    std::vector<double> loads;
    for (; !ends.empty(); ends.pop()) loads.push_back(ends.top());
    return loads;
  }
  std::vector<double> loads(slots, 0);
  for (size_t i = 0; i < turns.size(); ++i) {
    const int64_t in_round = static_cast<int64_t>(i) % slots;
    const bool backwards = static_cast<int64_t>(i) / slots % 2 == 1;
    loads[backwards ? slots - 1 - in_round : in_round] += turns[i];
  }
  return loads;
}

/// Tiles that share one range of rows: heads of all sequences, packed ones together.
int64_t HeadTiles(const KernelPlan& plan, const ProblemShape& shape) {
  return shape.batch * (shape.heads_q / plan.tile_heads);
}

double MemoryBytes(const KernelPlan& plan, const ProblemShape& shape, double partial_rows,
                   const TileWork& work) {
  const Problem& p = ProblemOf(plan);
  const double rows_q = static_cast<double>(shape.batch) * shape.seqlen_q * shape.heads_q;
  const double rows_kv = static_cast<double>(shape.batch) * shape.seqlen_kv * shape.heads_kv;
  return 2.0 * (p.head_dim_qk + p.head_dim_v) * (rows_q + rows_kv) + (p.lse ? 4 * rows_q : 0) +
         partial_rows * work.partial[Resource::kMemory];
}

}  // namespace

std::vector<TileSteps> StepsOfHead(const KernelPlan& plan, const ProblemShape& shape) {
  const Problem& problem = ProblemOf(plan);
  const ColumnsFunction columns = ColumnsOf(problem);
  const ForwardParams params = ParamsOf(shape);
  std::vector<TileSteps> steps;
  for (i32 row = 0; row < params.seqlen_q; row += plan.tile_m) {
    const i32 end = Min(row + plan.tile_m, params.seqlen_q);
    const BlockRange blocks = BlocksOf(columns(params, row, end), plan.tile_n);
    const int64_t rows = int64_t{end - row} * plan.tile_heads;
    if (plan.split_blocks == 0) {
      steps.push_back(StepsOf(blocks, rows, false));
      continue;
    }
    const Cut cut = CutBlocks(blocks.end - blocks.begin, plan.split_blocks);
    for (i32 i = 0; i < cut.pieces; ++i) {
      steps.push_back(StepsOf(Piece(blocks, cut, i), rows, cut.pieces > 1));
    }
  }
  if (LaterTilesAreHeavier(problem) && plan.split_blocks == 0) {
    std::reverse(steps.begin(), steps.end());
  }
  return steps;
}

Amounts TotalWork(const KernelPlan& plan, const ProblemShape& shape) {
  const TileWork work = TileWorkOf(plan);
  Amounts head;
  for (const TileSteps& steps : StepsOfHead(plan, shape)) {
    head += work.block * static_cast<double>(steps.blocks);
    head += work.boundary * static_cast<double>(steps.boundary_blocks);
    head += work.tile;
    head += (steps.piece ? work.partial : work.row) * static_cast<double>(steps.rows);
  }
  return head * static_cast<double>(HeadTiles(plan, shape));
}

double VisiblePairs(const KernelPlan& plan, const ProblemShape& shape) {
  const ColumnsFunction columns = ColumnsOf(ProblemOf(plan));
  const ForwardParams params = ParamsOf(shape);
  double pairs = 0;
  for (i32 row = 0; row < params.seqlen_q; ++row) {
    const BlockRange seen = columns(params, row, row + 1);
    pairs += Max(0, seen.end - seen.begin);
  }
  return pairs * static_cast<double>(shape.batch) * static_cast<double>(shape.heads_q);
}

Prediction Predict(const KernelPlan& plan, const ProblemShape& shape, const GpuInfo& gpu) {
  const Balance b = BalanceOf(plan, gpu);
  const Problem& problem = ProblemOf(plan);
  const int64_t heads = HeadTiles(plan, shape);
  const int64_t slots = static_cast<int64_t>(gpu.sm_count) * plan.blocks_per_sm;
  const SmRates& sm = *FindSmRates(gpu.arch);
  // A block that does not go on to another tile has its loads before it, and nothing beside them.
  const double start_cycles = plan.persistent ? 0 : sm.l2_latency;
  Prediction result;
  std::vector<double> turns;
  double partial_rows = 0;
  // Tiles of equal weight of all heads stand together where later ones are heavier.
  for (const TileSteps& steps : StepsOfHead(plan, shape)) {
    turns.insert(turns.end(), heads, TurnCycles(steps, b) + start_cycles);
    result.blocks += heads * steps.blocks;
    result.boundary_blocks += heads * steps.boundary_blocks;
    if (steps.piece) partial_rows += static_cast<double>(heads * steps.rows);
  }
  result.turns = static_cast<int64_t>(turns.size());
  result.rounds = (result.turns + slots - 1) / slots;
  const std::vector<double> loads = LoadsOf(turns, slots, plan.persistent);
  const double most = *std::max_element(loads.begin(), loads.end());
  const double sum = std::accumulate(loads.begin(), loads.end(), 0.0);
  result.balance = most > 0 ? sum / (most * static_cast<double>(slots)) : 1;
  result.compute_seconds = (most + sm.memory_latency) / gpu.matrix_clock_hz();
  result.memory_seconds =
      MemoryBytes(plan, shape, partial_rows, b.work) / (kMemoryShare * gpu.gbytes * 1e9);
  const double p = kOverlapFit.memory_power;
  result.seconds =
      kLaunchSeconds +
      std::pow(std::pow(result.compute_seconds, p) + std::pow(result.memory_seconds, p), 1 / p);
  const double pairs = VisiblePairs(plan, shape);
  const double computed =
      static_cast<double>(result.blocks) * plan.tile_n * plan.tile_m * plan.tile_heads;
  result.visible_share = computed > 0 ? pairs / computed : 1;
  result.tflops = 2.0 * (problem.head_dim_qk + problem.head_dim_v) * pairs / result.seconds / 1e12;
  result.bottleneck =
      result.memory_seconds > result.compute_seconds ? Resource::kMemory : b.bottleneck;
  return result;
}

}  // namespace attnjit
