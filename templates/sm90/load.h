// The loading warps: one thread of warp 0 feeds K and V, one thread of warp 1 feeds Q (and counts
// pieces: combine.h).
//
// K and V of one tile, last block first, in the order in which the consumers multiply them:
//   K(n-1)  K(n-2) V(n-1)  K(n-3) V(n-2)  ...  K(0) V(1)  V(0)
#pragma once

#include "common/load_boxes.h"
#include "ptx/tma.h"
#include "sm90/storage.h"
#include "sm90/tile_loop.h"

namespace attnjit::sm90 {

/// Where a producing warp is in its rings. A warp has one role, so that few registers do for all:
/// K and V, Q, or V for the guards.
struct ProducerState {
  Ring k_or_q;
  Ring v;
};

/// Loads one warpgroup's Q from token `row`. With heads packed a box is [tokens][heads][columns],
/// so that its rows are in the tile's order.
template <Sm90Plan kP>
ATTNJIT_DEVICE void LoadQBoxes(u32 smem, const TensorMap& map, u32 full, const Tile& tile,
                               int row) {
  if constexpr (kP.pack == 1) {
    LoadBoxes<kP.q>(smem, map, full, row, tile.at.head, tile.sequence.batch);
  } else {
    MbarrierArriveExpect(full, kP.q.chunks * kP.warpgroup_rows() * kP.q.swizzle_bytes());
#pragma unroll
    for (int chunk = 0; chunk < kP.q.chunks; ++chunk) {
      TmaLoad(smem + chunk * kP.q.chunk_bytes(), map, full, chunk * kP.q.chunk, tile.at.head, row,
              tile.sequence.batch);
    }
  }
}

/// Q of every warpgroup, when it has multiplied the one that was there.
template <Sm90Plan kP>
ATTNJIT_DEVICE void LoadQ(const Tile& tile, const TensorMap& q_map, const Storage<kP>& storage,
                          Ring& q) {
  using S = Storage<kP>;
  if (tile.blocks.empty()) return;
#pragma unroll 1
  for (int w = 0; w < S::kWarpgroups; ++w) {
    const int slot = w * S::kQStages + q.stage;
    MbarrierWait(storage.Barrier(S::kQEmpty + slot), q.parity ^ 1);
    LoadQBoxes<kP>(storage.Q(w, q.stage), q_map, storage.Barrier(S::kQFull + slot), tile,
                   tile.sequence.start_q + tile.row_begin + kP.warpgroup_tokens() * w);
  }
  q.Advance(S::kQStages);
}

/// K and V of a tile through their rings.
template <Sm90Plan kP>
ATTNJIT_DEVICE void LoadKv(const Tile& tile, const TensorMap& k_map, const TensorMap& v_map,
                           const Storage<kP>& storage, ProducerState& state) {
  using S = Storage<kP>;
  const BlockRange& blocks = tile.blocks;
  Ring& k = state.k_or_q;
  Ring& v = state.v;
  const int head = tile.at.head / kP.problem.group;
  const int start = tile.sequence.start_kv;
  const int batch = tile.sequence.batch;
  if (blocks.empty()) return;
#pragma unroll 1
  for (int block = blocks.end - 1; block >= blocks.begin - 1; --block) {
    if (block >= blocks.begin) {
      const u32 full = storage.Barrier(S::kKFull + k.stage);
      MbarrierWait(storage.Barrier(S::kKEmpty + k.stage), k.parity ^ 1);
      LoadBoxes<kP.k>(storage.K(k.stage), k_map, full, start + block * kP.tile_n, head, batch);
      k.Advance(S::kStages);
    }
    if (block + 1 < blocks.end) {
      const u32 full = storage.Barrier(S::kVFull + v.stage);
      MbarrierWait(storage.Barrier(S::kVEmpty + v.stage), v.parity ^ 1);
      LoadBoxes<kP.v>(storage.V(v.stage), v_map, full, start + (block + 1) * kP.tile_n, head,
                      batch);
      v.Advance(S::kStages);
    }
  }
}

}  // namespace attnjit::sm90
