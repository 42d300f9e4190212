// The loading warp: one thread feeds Q, K and V.
//
// In the order in which they are multiplied, with `lead` blocks of scores ahead of P V:
//   Q K(n-1)  K(n-2) V(n-1)  K(n-3) V(n-2)  ...  K(0) V(1)  V(0)
// Each CTA of a pair loads its own rows of Q, half of K's rows and half of V's columns.
#pragma once

#include "ptx/tma_pair.h"
#include "sm100/storage.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

template <Sm100Plan kP>
class Loader {
 public:
  using S = Storage<kP>;

  ATTNJIT_DEVICE Loader(const TensorMap& q_map, const TensorMap& k_map, const TensorMap& v_map,
                        S storage, int rank)
      : q_map_(q_map), k_map_(k_map), v_map_(v_map), storage_(storage), rank_(rank) {}

  /// All of a tile.
  ATTNJIT_DEVICE void Load(const Tile<kP>& tile) {
    const BlockRange& blocks = tile.blocks;
    if (blocks.empty()) return;
    LoadQ(tile, 0);
#pragma unroll 1
    for (int block = blocks.end - 1; block >= blocks.begin - kP.lead(); --block) {
      if (block >= blocks.begin) LoadK(tile, block);
      if (kP.q_tiles == 2 && block == blocks.end - 1) LoadQ(tile, 1);
      if (block + kP.lead() < blocks.end) LoadV(tile, block + kP.lead());
    }
  }

  /// Waits until all that was loaded has been multiplied, and commits have told so: their barriers
  /// must outlive that.
  ATTNJIT_DEVICE void Drain() {
    for (int i = 0; i < kP.k_stages; ++i) {
      storage_.AwaitAll(S::kKEmpty + k_.stage, k_.parity ^ 1);
      k_.Advance(kP.k_stages);
    }
    for (int i = 0; i < kP.v_stages; ++i) {
      storage_.AwaitAll(S::kVEmpty + v_.stage, v_.parity ^ 1);
      v_.Advance(kP.v_stages);
    }
    for (int t = 0; t < S::kTiles; ++t) storage_.AwaitAll(S::kQEmpty + t, q_.Of(t) ^ 1);
  }

 private:
  /// A tile, a box for each chunk of columns from `column`. The barrier is told the bytes of both
  /// CTAs, unless it is `own`.
  template <TileLayout kLayout>
  ATTNJIT_DEVICE void Boxes(u32 smem, const TensorMap& map, int full, bool own, int column, int row,
                            int head, int batch) const {
    const bool pair = kP.ctas == 2 && !own;
    const u32 barrier = pair ? InCta(storage_.Barrier(full), 0) : storage_.Barrier(full);
    if (!pair || rank_ == 0) {
      MbarrierArriveExpect(storage_.Barrier(full), kLayout.bytes() * (pair ? 2 : 1));
    }
#pragma unroll
    for (int chunk = 0; chunk < kLayout.chunks; ++chunk) {
      const u32 to = smem + chunk * kLayout.chunk_bytes();
      const int from = column + chunk * kLayout.chunk;
      if (pair) {
        TmaLoadPair(to, map, barrier, from, row, head, batch);
      } else {
        TmaLoad(to, map, barrier, from, row, head, batch);
      }
    }
  }

  ATTNJIT_DEVICE void LoadQ(const Tile<kP>& tile, int t) {
    if (tile.Part(t).empty()) return;
    storage_.AwaitAll(S::kQEmpty + t, q_.Of(t) ^ 1);
    Boxes<kP.q>(storage_.Q(t), q_map_, S::kQFull + t, false, 0,
                tile.sequence.start_q + tile.FirstRow(t, rank_), tile.at.head,
                tile.sequence.batch);
    q_.Flip(t);
  }

  ATTNJIT_DEVICE void LoadK(const Tile<kP>& tile, int block) {
    storage_.AwaitAll(S::kKEmpty + k_.stage, k_.parity ^ 1);
    Boxes<kP.k>(storage_.K(k_.stage), k_map_, S::kKFull + k_.stage, false, 0,
                tile.sequence.start_kv + block * kP.tile_n + rank_ * kP.k.rows,
                tile.at.head / kP.problem.group, tile.sequence.batch);
    k_.Advance(kP.k_stages);
  }

  /// Guards look at their own CTA's V: then its barrier is told.
  ATTNJIT_DEVICE void LoadV(const Tile<kP>& tile, int block) {
    storage_.AwaitAll(S::kVEmpty + v_.stage, v_.parity ^ 1);
    Boxes<kP.v>(storage_.V(v_.stage), v_map_, S::kVFull + v_.stage, kP.guard_v != 0,
                rank_ * (kP.head_dim_v_padded / kP.ctas),
                tile.sequence.start_kv + block * kP.tile_n, tile.at.head / kP.problem.group,
                tile.sequence.batch);
    v_.Advance(kP.v_stages);
  }

  const TensorMap& q_map_;
  const TensorMap& k_map_;
  const TensorMap& v_map_;
  S storage_;
  int rank_;
  Parities q_;  ///< Of each part's barriers.
  Ring k_, v_;
};

}  // namespace attnjit::sm100
