// The rare end of a tile whose boundary blocks held NaN or infinity in V (see guard.h): adds those
// elements to the o of the rows that see them, whole or partial, where the warpgroup stored it. A
// NaN or an infinity times p > 0, plus anything finite, is itself, so neither order nor p matters.
#pragma once

#include "sm90/store.h"

namespace attnjit::sm90 {

/// Calls add(row of the warpgroup, d, V[column][d]) wherever that is not finite and the row sees
/// it; a thread takes every 128th d.
template <Sm90Plan kP, class Add>
ATTNJIT_DEVICE void PoisonBlock(const ForwardParams& params, const Tile& tile, int first_token,
                                int rows, int block, Add&& add) {
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
        const Interval visible = mask.Visible(first_token + row / kP.pack);
        if (column < visible.begin || column >= visible.end) continue;
        add(row, d, UnpackLo<kProblem.element>(value));
      }
    }
  }
}

template <Sm90Plan kP, class Add>
ATTNJIT_DEVICE void PoisonTile(const ForwardParams& params, const Tile& tile, int first_token,
                               int rows, Add&& add) {
  for (int block = tile.blocks.begin; block < tile.blocks.end; ++block) {
    if (tile.blocks.IsBoundary(block)) {
      PoisonBlock<kP>(params, tile, first_token, rows, block, add);
    }
  }
}

/// The o that the warpgroup stored.
template <Sm90Plan kP>
ATTNJIT_DEVICE void PoisonOutput(const ForwardParams& params, const Tile& tile, int first_token,
                                 int rows) {
  constexpr Element kElement = kP.problem.element_o;
  PoisonTile<kP>(params, tile, first_token, rows, [&](int row, int d, float value) {
    u16* const o = OutputAt<kP>(params, tile, first_token, row) + d;
    *o = static_cast<u16>(Pack<kElement>(UnpackLo<kElement>(*o) + value, 0.0f));
  });
}

}  // namespace attnjit::sm90
