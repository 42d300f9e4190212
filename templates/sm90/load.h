// The loading warps: one thread of warp 0 feeds K and V, one thread of warp 1 feeds Q.
//
// K and V of one tile, last block first, in the order in which the consumers multiply them:
//   K(n-1)  K(n-2) V(n-1)  K(n-3) V(n-2)  ...  K(0) V(1)  V(0)
#pragma once

#include "ptx/tma.h"
#include "sm90/storage.h"
#include "sm90/tile_loop.h"

namespace attnjit::sm90 {

/// Loads one tile, a TMA box for each chunk of columns, rows from `row` of (head, batch).
template <TileLayout kLayout>
ATTNJIT_DEVICE void LoadBoxes(u32 smem, const TensorMap& map, u32 full, int row, int head,
                              int batch) {
  MbarrierArriveExpect(full, kLayout.bytes());
#pragma unroll
  for (int chunk = 0; chunk < kLayout.chunks; ++chunk) {
    TmaLoad(smem + chunk * kLayout.chunk_bytes(), map, full, chunk * kLayout.chunk, row, head,
            batch);
  }
}

/// Where a producing warp is in its rings. Each warp has one role: the warp of Q needs only
/// q_parity, that of K and V both rings, the guards v. One struct keeps all roles within their few
/// registers.
template <Sm90Plan kP>
struct ProducerState {
  Ring<kP.stages> k;
  Ring<kP.stages> v;

  /// Q has one buffer for each warpgroup: the parity of its lap.
  ATTNJIT_DEVICE u32& q_parity() { return k.parity; }
};

/// Q of every warpgroup, when its last o has left the place.
template <Sm90Plan kP>
ATTNJIT_DEVICE void LoadQ(const Tile& tile, const TensorMap& q_map, const Storage<kP>& storage,
                          ProducerState<kP>& state) {
  using S = Storage<kP>;
  if (tile.blocks.empty()) return;
#pragma unroll 1
  for (int w = 0; w < S::kWarpgroups; ++w) {
    MbarrierWait(storage.Barrier(S::kQEmpty + w), state.q_parity() ^ 1);
    LoadBoxes<kP.q>(storage.Q(w), q_map, storage.Barrier(S::kQFull + w),
                    tile.sequence.start_q + tile.row_begin + 64 * w, tile.at.head,
                    tile.sequence.batch);
  }
  state.q_parity() ^= 1;
}

/// K and V of a tile through their rings.
template <Sm90Plan kP>
ATTNJIT_DEVICE void LoadKv(const Tile& tile, const TensorMap& k_map, const TensorMap& v_map,
                           const Storage<kP>& storage, ProducerState<kP>& state) {
  using S = Storage<kP>;
  const BlockRange& blocks = tile.blocks;
  const int head = tile.at.head / kP.problem.group;
  const int start = tile.sequence.start_kv;
  const int batch = tile.sequence.batch;
  if (blocks.empty()) return;
#pragma unroll 1
  for (int block = blocks.end - 1; block >= blocks.begin - 1; --block) {
    if (block >= blocks.begin) {
      const u32 full = storage.Barrier(S::kKFull + state.k.stage);
      MbarrierWait(storage.Barrier(S::kKEmpty + state.k.stage), state.k.parity ^ 1);
      LoadBoxes<kP.k>(storage.K(state.k.stage), k_map, full, start + block * kP.tile_n, head,
                      batch);
      state.k.Advance();
    }
    if (block + 1 < blocks.end) {
      const u32 full = storage.Barrier(S::kVFull + state.v.stage);
      MbarrierWait(storage.Barrier(S::kVEmpty + state.v.stage), state.v.parity ^ 1);
      LoadBoxes<kP.v>(storage.V(state.v.stage), v_map, full, start + (block + 1) * kP.tile_n, head,
                      batch);
      state.v.Advance();
    }
  }
}

}  // namespace attnjit::sm90
