// The guard warps: no NaN or infinity of V reaches a row that does not see it.
//
// A masked column has p = 0, but 0 * NaN is NaN inside the matrix product. Two warps that would
// otherwise idle read the V of each boundary block when it has arrived, set non-finite elements to
// zero, and raise the block's flag. Consumers wait for them on boundary blocks only. Where the flag
// is up, the epilogue adds the non-finite elements to the rows that do see them (poison.h).
#pragma once

#include "common/clean_tile.h"
#include "ptx/shared.h"
#include "ptx/tma.h"
#include "sm90/storage.h"
#include "sm90/tile_loop.h"

namespace attnjit::sm90 {

/// One guard warp, 0 .. kGuardWarps - 1. It waits for every block, and V stages are released by the
/// guard warps too: a barrier's parity tells two neighbouring phases apart and no more, so nobody
/// may run ahead of the ring or fall behind it.
template <Sm90Plan kP>
ATTNJIT_DEVICE void GuardV(const Tile& tile, const Storage<kP>& storage, int warp, Ring& v) {
  using S = Storage<kP>;
#pragma unroll 1
  for (int block = tile.blocks.end - 1; block >= tile.blocks.begin; --block) {
    MbarrierWait(storage.Barrier(S::kVFull + v.stage), v.parity);
    if (tile.blocks.IsBoundary(block)) {
      const bool any = CleanTile<kP.v, kP.problem.element, kGuardWarps>(storage.V(v.stage), warp);
      if (any) FenceProxyAsync();
      if (ElectOne()) StoreShared4(storage.GuardFlag(v.stage, warp), any);
    }
    __syncwarp();
    if (ElectOne()) {
      MbarrierArrive(storage.Barrier(S::kGuardFull + v.stage));
      MbarrierArrive(storage.Barrier(S::kVEmpty + v.stage));
    }
    v.Advance(S::kStages);
  }
}

}  // namespace attnjit::sm90
