// The end of a tile: o through shared memory to global memory, lse from registers.
#pragma once

#include "common/sequence.h"
#include "common/softmax.h"
#include "ptx/convert.h"
#include "ptx/shared.h"
#include "ptx/tma.h"
#include "sm90/storage.h"
#include "sm90/tile_loop.h"

namespace attnjit::sm90 {

/// Bytes from the 1024-byte aligned start of a tile to (row, column), as TMA swizzles it: the
/// 16-byte unit within the row is XORed with the row.
template <TileLayout kLayout>
ATTNJIT_DEVICE u32 SwizzledOffset(int row, int column) {
  const u32 offset = column / kLayout.chunk * kLayout.chunk_bytes() +
                     row * kLayout.swizzle_bytes() + column % kLayout.chunk * 2;
  return offset ^ ((offset >> 3) & (kLayout.swizzle_bytes() - 16));
}

/// Writes this warp's 16 rows of o, in the element type of o, into the warpgroup's tile.
template <Sm90Plan kP>
ATTNJIT_DEVICE void StageO(const float (&o)[kP.head_dim_v_padded / 2], u32 smem, int warp) {
  constexpr int kGroups = kP.head_dim_v_padded / 8;
  constexpr Element kElement = kP.problem.element_o;
  const int lane = threadIdx.x % 32;
  const int row = 16 * warp + lane % 16;
#pragma unroll
  for (int g = 0; g + 1 < kGroups; g += 2) {
    StoreMatrix4(smem + SwizzledOffset<kP.o>(row, 8 * g + lane / 16 * 8),
                 Pack<kElement>(o[4 * g], o[4 * g + 1]), Pack<kElement>(o[4 * g + 2], o[4 * g + 3]),
                 Pack<kElement>(o[4 * g + 4], o[4 * g + 5]),
                 Pack<kElement>(o[4 * g + 6], o[4 * g + 7]));
  }
  if constexpr (kGroups % 2 != 0) {
    constexpr int g = kGroups - 1;
    StoreMatrix2(smem + SwizzledOffset<kP.o>(row, 8 * g), Pack<kElement>(o[4 * g], o[4 * g + 1]),
                 Pack<kElement>(o[4 * g + 2], o[4 * g + 3]));
  }
}

/// Address of o at (row of the sequence, column).
template <Sm90Plan kP>
ATTNJIT_DEVICE u16* OutputAt(const ForwardParams& params, const Tile& tile, int row) {
  return static_cast<u16*>(params.o) + TensorOffset(params.o_stride, tile.sequence.batch,
                                                    tile.sequence.start_q + row, tile.at.head);
}

/// Copies `rows` rows of the staged tile: the rows past a packed sequence's end are its
/// neighbour's, which a TMA box would overwrite.
template <Sm90Plan kP>
ATTNJIT_DEVICE void CopyRows(const ForwardParams& params, const Tile& tile, u32 smem, int first_row,
                             int rows) {
  constexpr int kVectors = kP.problem.head_dim_v / 8;
  for (int i = threadIdx.x % 128; i < rows * kVectors; i += 128) {
    const int row = i / kVectors;
    const int column = i % kVectors * 8;
    *reinterpret_cast<uint4*>(OutputAt<kP>(params, tile, first_row + row) + column) =
        LoadShared16(smem + SwizzledOffset<kP.o>(row, column));
  }
}

/// Rows that see no key at all: o = 0, lse = -inf.
template <Sm90Plan kP>
ATTNJIT_DEVICE void StoreEmptyTile(const ForwardParams& params, const Tile& tile, int first_row,
                                   int rows) {
  constexpr int kVectors = kP.problem.head_dim_v / 8;
  for (int i = threadIdx.x % 128; i < rows * kVectors; i += 128) {
    *reinterpret_cast<uint4*>(OutputAt<kP>(params, tile, first_row + i / kVectors) +
                              i % kVectors * 8) = uint4{0, 0, 0, 0};
  }
}

/// lse of the thread's row, counted in the sequence.
template <Sm90Plan kP>
ATTNJIT_DEVICE void StoreLse(const ForwardParams& params, const Tile& tile, int row, float lse) {
  params.lse[TensorOffset(params.lse_stride, tile.sequence.batch, tile.sequence.start_q + row,
                          tile.at.head)] = lse;
}

}  // namespace attnjit::sm90
