// The rare end of a tile whose boundary blocks had Inf or NaN in V.
#pragma once

#include "mma/shape.h"
#include "mma/tile.h"
#include "mma/tile_state.h"
#include "params.h"
#include "ptx/convert.h"

namespace attnjit {

/// The non-finite halves of a pair of elements, the others 0.
template <Element kElement>
ATTNJIT_DEVICE u32 NonFinitePart(u32 pair) {
  return pair ^ ZeroNonFinite<kElement>(pair);
}

/// Adds the non-finite elements of the boundary blocks' V to the warp's staged rows of o that see
/// them: with any p > 0, p * x + anything finite is x, so neither p nor the order matters. Each
/// lane owns pairs of columns. The other blocks' V took part in the products as it is.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void AddNonFinite(const ForwardParams& params, const Tile<kPlan>& tile,
                                 const TileState<kPlan>& state, i32 warp_row, u8* warp_o,
                                 u32 lane) {
  using S = Shape<kPlan>;
  constexpr Element kIn = S::kProblem.element;
  constexpr Element kOut = S::kProblem.element_o;
  const i32 end = Min(state.blocks.end * kPlan.tile_n, tile.sequence.seqlen_kv);
#pragma unroll 1
  for (i32 key = state.blocks.begin * kPlan.tile_n; key < end; ++key) {
    if (!state.blocks.IsBoundary(key / kPlan.tile_n)) continue;
    const u32* v = reinterpret_cast<const u32*>(tile.KvRow(params.v, params.v_stride, key));
#pragma unroll 1
    for (u32 pair = lane; pair < S::kProblem.head_dim_v / 2; pair += 32) {
      const u32 bad = NonFinitePart<kIn>(v[pair]);
      if (bad == 0) continue;
#pragma unroll 1
      for (i32 row = 0; row < S::kWarpRows; ++row) {
        const Interval visible = state.mask.Visible(warp_row + row);
        if (key < visible.begin || key >= visible.end) continue;
        u32& o = *reinterpret_cast<u32*>(warp_o + S::VTile::Offset(row, pair / 4) + pair % 4 * 4);
        o = Pack<kOut>(UnpackLo<kOut>(o) + UnpackLo<kIn>(bad),
                       UnpackHi<kOut>(o) + UnpackHi<kIn>(bad));
      }
    }
  }
}

}  // namespace attnjit
