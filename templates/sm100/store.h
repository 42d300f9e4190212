// The storing warp: one thread sends O to global memory, a chunk of columns at a time.
#pragma once

#include "ptx/tma_store.h"
#include "sm100/storage.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

template <Sm100Plan kP>
class Storer {
 public:
  using S = Storage<kP>;

  ATTNJIT_DEVICE Storer(const TensorMap& o_map, S storage, int rank)
      : o_map_(o_map), storage_(storage), rank_(rank) {}

  ATTNJIT_DEVICE void Store(const Tile<kP>& tile) {
#pragma unroll 1
    for (int t = 0; t < kP.q_tiles; ++t) {
      const i32 rows = tile.Rows(t, rank_);
      const bool by_tma = kP.problem.packed && kP.check_q_rows ? rows == 128 : rows > 0;
      if (by_tma && !tile.Part(t).empty()) StorePart(tile, t);
    }
  }

 private:
  ATTNJIT_DEVICE void StorePart(const Tile<kP>& tile, int t) {
#pragma unroll 1
    for (int chunk = 0; chunk < kP.o.chunks; ++chunk) {
      MbarrierWait(storage_.Barrier(S::kOFull + stage_.stage), stage_.parity);
      TmaStore(o_map_, storage_.O(stage_.stage), chunk * kP.o.chunk,
               tile.sequence.start_q + tile.FirstRow(t, rank_), tile.at.head, tile.sequence.batch);
      BulkCommit();
      BulkWaitRead();
      MbarrierArrive(storage_.Barrier(S::kOEmpty + stage_.stage));
      stage_.Advance(kP.o_stages);
    }
  }

  const TensorMap& o_map_;
  S storage_;
  int rank_;
  Ring stage_;
};

}  // namespace attnjit::sm100
