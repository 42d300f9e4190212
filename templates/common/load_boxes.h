// A tile from global to shared memory.
#pragma once

#include "ptx/mbarrier.h"
#include "ptx/tma.h"
#include "tile_layout.h"

namespace attnjit {

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

}  // namespace attnjit
