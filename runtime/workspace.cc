#include "runtime/workspace.h"

#include <algorithm>

#include "templates/common/split.h"

namespace attnjit {
namespace {

/// Columns that one tile may see: a window shows fewer than all keys.
int64_t MostColumns(const KernelPlan& plan, const ForwardArgs& args, const ForwardParams& params) {
  const Problem& problem = plan.spec.problem;
  if (problem.left == Bound::kNone || problem.right == Bound::kNone) return args.seqlen_kv;
  return std::min<int64_t>(args.seqlen_kv, int64_t{params.window_left} + params.window_right +
                                               std::min<int64_t>(args.seqlen_q, plan.tile_m));
}

/// Rows of all pieces of all tiles.
int64_t PartialRows(const ForwardParams& params) {
  return int64_t{params.num_tiles} * params.partial_rows;
}

}  // namespace

int64_t MostSplits(const KernelPlan& plan, const ForwardArgs& args, const ForwardParams& params) {
  if (plan.split_blocks == 0) return 1;
  const int64_t columns = MostColumns(plan, args, params);
  const int64_t all = (args.seqlen_kv + plan.tile_n - 1) / plan.tile_n;
  // Columns that do not begin with a block reach into one more.
  const int64_t blocks = std::min(all, (columns + plan.tile_n - 1) / plan.tile_n + 1);
  return std::clamp<int64_t>((blocks + plan.split_blocks - 1) / plan.split_blocks, 1, kMaxPieces);
}

int64_t WorkspaceBytesOf(const KernelPlan& plan, const ForwardParams& params) {
  if (params.splits <= 1 || params.num_tiles == 0) return 0;
  const int64_t floats = plan.spec.problem.head_dim_v + 2;
  return kSplitCounterBytes + PartialRows(params) * floats * static_cast<int64_t>(sizeof(float));
}

void PlaceWorkspace(const KernelPlan& plan, void* workspace, ForwardParams& params) {
  auto* const bytes = static_cast<char*>(workspace);
  params.split_counters = reinterpret_cast<u32*>(bytes);
  params.partial_o = reinterpret_cast<float*>(bytes + kSplitCounterBytes);
  params.partial_state = params.partial_o + PartialRows(params) * plan.spec.problem.head_dim_v;
}

}  // namespace attnjit
