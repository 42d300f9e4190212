// Device memory that a launch needs beside its tensors: what thread blocks that share a tile pass
// to each other (templates/common/split.h).
//
//   counters       [kSplitCounters] uint32, one for each warpgroup of each tile that is cut
//   partial_o      [tiles][splits][partial_rows][head_dim.v] float
//   partial_state  [tiles][splits][partial_rows][2] float
//
// The counters stand at the same place for every kernel and every size, are zero before a launch
// and zero again when it has run. So one workspace, zeroed once, serves all launches that follow
// each other in a stream.
#ifndef ATTNJIT_RUNTIME_WORKSPACE_H_
#define ATTNJIT_RUNTIME_WORKSPACE_H_

#include <cstdint>

#include "generator/planner.h"
#include "runtime/forward_args.h"

namespace attnjit {

inline constexpr int64_t kSplitCounters = 131072;
inline constexpr int64_t kSplitCounterBytes = kSplitCounters * 4;  ///< What must be zero at first.
inline constexpr int64_t kWorkspaceAlignment = 16;

/// The most pieces that any tile of this launch is cut into; 1 where tiles are not cut. `params`
/// has its window.
int64_t MostSplits(const KernelPlan& plan, const ForwardArgs& args, const ForwardParams& params);

/// Bytes for a launch of `params`, whose tiles, splits and partial_rows are set; 0 where no tile is
/// cut.
int64_t WorkspaceBytesOf(const KernelPlan& plan, const ForwardParams& params);

/// Sets the pointers of `params` into a workspace of that size.
void PlaceWorkspace(const KernelPlan& plan, void* workspace, ForwardParams& params);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_WORKSPACE_H_
