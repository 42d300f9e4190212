// The rare end of a tile whose boundary blocks held NaN or infinity in V (see guard.h): adds those
// elements to the staged o of the rows that see them. A NaN or an infinity times p > 0, plus
// anything finite, is itself, so neither order nor p matters.
#pragma once

#include "sm90/store.h"

namespace attnjit::sm90 {

/// Adds V[column] to the staged row wherever it is not finite; a thread takes every 128th element.
template <Sm90Plan kP>
ATTNJIT_DEVICE void PoisonBlock(const ForwardParams& params, const Tile& tile, u32 smem,
                                int first_row, int rows, int block) {
  constexpr Problem kProblem = kP.problem;
  const Mask<kProblem> mask(params, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
  const int columns_end = Min((block + 1) * kP.tile_n, tile.sequence.seqlen_kv);
  const int head = tile.at.head / kProblem.group;
  for (int column = block * kP.tile_n; column < columns_end; ++column) {
    const u16* v =
        static_cast<const u16*>(params.v) +
        TensorOffset(params.v_stride, tile.sequence.batch, tile.sequence.start_kv + column, head);
    for (int d = threadIdx.x % 128; d < kProblem.head_dim_v; d += 128) {
      const u32 value = v[d];
      if (ZeroNonFinite<kProblem.element>(value) == value) continue;
      for (int row = 0; row < rows; ++row) {
        const Interval visible = mask.Visible(first_row + row);
        if (column < visible.begin || column >= visible.end) continue;
        const u32 address = smem + SwizzledOffset<kP.o>(row, d);
        const float sum =
            UnpackLo<kProblem.element_o>(LoadShared2(address)) + UnpackLo<kProblem.element>(value);
        StoreShared2(address, Pack<kProblem.element_o>(sum, 0.0f));
      }
    }
  }
}

template <Sm90Plan kP>
ATTNJIT_DEVICE void PoisonTile(const ForwardParams& params, const Tile& tile, u32 smem,
                               int first_row, int rows) {
  for (int block = tile.blocks.begin; block < tile.blocks.end; ++block) {
    if (tile.blocks.IsBoundary(block)) {
      PoisonBlock<kP>(params, tile, smem, first_row, rows, block);
    }
  }
}

}  // namespace attnjit::sm90
