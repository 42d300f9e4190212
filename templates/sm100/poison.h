// The rare end of a tile whose boundary blocks held NaN or infinity in V (see guard.h): adds those
// elements to the o of the rows that see them. A NaN or an infinity times p > 0, plus anything
// finite, is itself, so neither order nor p matters.
#pragma once

#include "common/mask.h"
#include "ptx/convert.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

/// Adds to eight columns what is not finite of a vector of V.
template <Element kElement>
ATTNJIT_DEVICE void AddNonFinite(float* o, uint4 v) {
  const u32 words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    const u32 bad = words[i] & ~ZeroNonFinite<kElement>(words[i]);
    o[2 * i] += UnpackLo<kElement>(bad);
    o[2 * i + 1] += UnpackHi<kElement>(bad);
  }
}

/// Columns `column` .. + 15 of `row` of the sequence.
template <Sm100Plan kP>
ATTNJIT_DEVICE void PoisonColumns(float (&o)[16], const ForwardParams& params, const Tile<kP>& tile,
                                  i32 row, int column) {
  constexpr Problem kProblem = kP.problem;
  const Mask<kProblem> mask(params, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
  const Interval visible = mask.Visible(row);
  const i32 full_begin = tile.blocks.full_begin * kP.tile_n;
  const i32 full_end = tile.blocks.full_end * kP.tile_n;
#pragma unroll 1
  for (i32 key = visible.begin; key < visible.end; ++key) {
    if (key >= full_begin && key < full_end) {
      key = full_end - 1;
      continue;
    }
    const u16* const v = static_cast<const u16*>(params.v) +
                         TensorOffset(params.v_stride, tile.sequence.batch,
                                      tile.sequence.start_kv + key, tile.at.head / kProblem.group);
#pragma unroll
    for (int i = 0; i < 16; i += 8) {
      if (column + i < kProblem.head_dim_v) {
        AddNonFinite<kProblem.element>(o + i, *reinterpret_cast<const uint4*>(v + column + i));
      }
    }
  }
}

}  // namespace attnjit::sm100
