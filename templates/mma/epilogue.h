// o and lse of the warp's rows, from accumulators to global memory.
#pragma once

#include "common/softmax.h"
#include "mma/output.h"
#include "mma/shape.h"
#include "mma/tile.h"
#include "params.h"
#include "ptx/convert.h"

namespace attnjit {

/// `warp_row`, here and below: the warp's first row in the sequence. Writes the rows' lse and turns
/// o into its final value.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void Normalize(Accumulators<kPlan>& acc, const ForwardParams& params,
                              const Tile<kPlan>& tile, i32 warp_row, u32 lane) {
  using S = Shape<kPlan>;
#pragma unroll
  for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const float sum = QuadSum(acc.sum[m][half]);
      const float scale = OutputScale(sum);
#pragma unroll
      for (int n = 0; n < S::kOTiles; ++n) {
        acc.o[m][n][2 * half] *= scale;
        acc.o[m][n][2 * half + 1] *= scale;
      }
      if constexpr (S::kProblem.lse) {
        const i32 row = warp_row + 16 * m + 8 * half + lane / 4;
        if (lane % 4 == 0 && (!kPlan.check_q_rows || row < tile.sequence.seqlen_q)) {
          params.lse[TensorOffset(params.lse_stride, tile.sequence.batch,
                                  tile.sequence.start_q + row, tile.at.head)] =
              Lse(acc.max[m][half], sum);
        }
      }
    }
  }
}

/// Rounds o to the warp's rows of the O tile in shared memory, the first of which is `warp_o`.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void StageO(const Accumulators<kPlan>& acc, u8* warp_o, u32 lane) {
  using S = Shape<kPlan>;
#pragma unroll
  for (int m = 0; m < S::kRowTiles; ++m) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const u32 row = 16 * m + 8 * half + lane / 4;
#pragma unroll
      for (int n = 0; n < S::kOTiles; ++n) {
        *reinterpret_cast<u32*>(warp_o + S::VTile::Offset(row, n) + lane % 4 * 4) =
            Pack<S::kProblem.element_o>(acc.o[m][n][2 * half], acc.o[m][n][2 * half + 1]);
      }
    }
  }
}

/// Copies the staged rows to global memory, neighbouring lanes writing neighbouring chunks.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void CopyO(const ForwardParams& params, const Tile<kPlan>& tile, i32 warp_row,
                          const u8* warp_o, u32 lane) {
  using S = Shape<kPlan>;
  constexpr int kPerRow = ThreadsPerRow(S::kOTiles);
  u8* o =
      static_cast<u8*>(params.o) + 2 * TensorOffset(params.o_stride, tile.sequence.batch,
                                                    tile.sequence.start_q + warp_row, tile.at.head);
#pragma unroll 4
  for (i32 row = lane / kPerRow; row < S::kWarpRows; row += 32 / kPerRow) {
    if (kPlan.check_q_rows && warp_row + row >= tile.sequence.seqlen_q) break;
#pragma unroll
    for (i32 chunk = lane % kPerRow; chunk < S::kOTiles; chunk += kPerRow) {
      *reinterpret_cast<uint4*>(o + row * (2 * params.o_stride.seq) + chunk * kChunkBytes) =
          *reinterpret_cast<const uint4*>(warp_o + S::VTile::Offset(row, chunk));
    }
  }
}

}  // namespace attnjit
