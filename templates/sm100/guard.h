// The guard warp: no NaN or infinity of V reaches a row that does not see it (docs/adr/0002).
//
// A masked column has p = 0, but 0 * NaN is NaN inside the matrix product. The warp reads the V of
// each boundary block when it has arrived and sets what is not finite to zero. At a tile's end it
// tells the correction warps, of both CTAs, whether there was any: they add it to the rows that do
// see it (poison.h).
#pragma once

#include "common/clean_tile.h"
#include "ptx/tma.h"
#include "sm100/storage.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

/// It waits for every block, and releases V's stages too: a barrier's parity tells two neighbouring
/// phases apart and no more, so nobody may run ahead of the ring or fall behind it.
template <Sm100Plan kP>
class Guard {
 public:
  using S = Storage<kP>;

  ATTNJIT_DEVICE Guard(S storage, int rank) : storage_(storage), rank_(rank) {}

  ATTNJIT_DEVICE void Watch(const Tile<kP>& tile) {
    if (tile.blocks.empty()) return;
    bool found = false;
#pragma unroll 1
    for (int block = tile.blocks.end - 1; block >= tile.blocks.begin; --block) {
      MbarrierWait(storage_.Barrier(S::kVFull + v_.stage), v_.parity);
      if (tile.blocks.IsBoundary(block)) {
        found |= CleanTile<kP.v, kP.problem.element, 1>(storage_.V(v_.stage), 0);
        FenceProxyAsync();
      }
      __syncwarp();
      if (ElectOne()) {
        storage_.ArriveLeader(S::kGuardFull + v_.stage);
        MbarrierArrive(storage_.Barrier(S::kVEmpty + v_.stage));
      }
      v_.Advance(kP.v_stages);
    }
    Tell(__any_sync(0xffffffff, found));
  }

 private:
  ATTNJIT_DEVICE void Tell(bool found) {
    storage_.AwaitAll(S::kGuardRead, parity_ ^ 1);
    parity_ ^= 1;
    if (ElectOne()) {
      StoreShared4(storage_.Found(rank_), found);
      MbarrierArrive(storage_.Barrier(S::kGuardDone));
      if constexpr (kP.ctas == 2) {
        StoreCluster4(InCta(storage_.Found(rank_), rank_ ^ 1), found);
        MbarrierArriveCluster(InCta(storage_.Barrier(S::kGuardDone), rank_ ^ 1));
      }
    }
    __syncwarp();
  }

  S storage_;
  int rank_;
  Ring v_;
  u32 parity_ = 0;
};

}  // namespace attnjit::sm100
