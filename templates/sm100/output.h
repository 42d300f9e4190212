// O of one row: from tensor memory, scaled, to shared memory for TMA or to global memory at once.
#pragma once

#include "common/sequence.h"
#include "common/softmax.h"
#include "ptx/convert.h"
#include "ptx/tcgen05_access.h"
#include "sm100/storage.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

/// Address of o of `row` of the sequence.
template <Sm100Plan kP>
ATTNJIT_DEVICE u16* OutputAt(const ForwardParams& params, const Tile<kP>& tile, i32 row) {
  return static_cast<u16*>(params.o) + TensorOffset(params.o_stride, tile.sequence.batch,
                                                    tile.sequence.start_q + row, tile.at.head);
}

template <Sm100Plan kP>
ATTNJIT_DEVICE void StoreLse(const ForwardParams& params, const Tile<kP>& tile, i32 row,
                             float lse) {
  params.lse[TensorOffset(params.lse_stride, tile.sequence.batch, tile.sequence.start_q + row,
                          tile.at.head)] = lse;
}

/// A row that sees no key at all: o = 0, lse = -inf.
template <Sm100Plan kP>
ATTNJIT_DEVICE void StoreEmptyRow(const ForwardParams& params, const Tile<kP>& tile, i32 row) {
  u16* const o = OutputAt<kP>(params, tile, row);
  for (int d = 0; d < kP.problem.head_dim_v; d += 8) {
    *reinterpret_cast<uint4*>(o + d) = uint4{0, 0, 0, 0};
  }
  if constexpr (kP.problem.lse) StoreLse<kP>(params, tile, row, kNegInf);
}

/// Eight elements from `first` of 16.
template <Element kElement>
ATTNJIT_DEVICE uint4 PackVector(const float (&o)[16], int first) {
  return {Pack<kElement>(o[first], o[first + 1]), Pack<kElement>(o[first + 2], o[first + 3]),
          Pack<kElement>(o[first + 4], o[first + 5]), Pack<kElement>(o[first + 6], o[first + 7])};
}

/// 16 columns from `column` of a row, into a chunk of a swizzled tile: 16-byte vector c of a row of
/// W bytes lies at c ^ (row * W / 128 % (W / 16)).
template <Sm100Plan kP>
ATTNJIT_DEVICE void StageColumns(const float (&o)[16], u32 chunk, int row, int column) {
  constexpr int kWidth = kP.o.swizzle_bytes();
  constexpr int kVectors = kWidth / 16;
  const u32 place = chunk + row * kWidth;
  const int turn = row * kWidth / 128 % kVectors;
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const int vector = column / 8 % kVectors + i;
    StoreShared16(place + (vector ^ turn) * 16, PackVector<kP.problem.element_o>(o, 8 * i));
  }
}

/// The same to global memory.
template <Sm100Plan kP>
ATTNJIT_DEVICE void StoreColumns(const float (&o)[16], u16* out, int column) {
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    if (column + 8 * i < kP.problem.head_dim_v) {
      *reinterpret_cast<uint4*>(out + column + 8 * i) =
          PackVector<kP.problem.element_o>(o, 8 * i);
    }
  }
}

}  // namespace attnjit::sm100
