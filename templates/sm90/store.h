// The end of a tile: o and lse from registers to global memory.
//
// A thread holds two neighbouring columns of every eighth of its rows (ptx/wgmma.h). The four lanes
// of a quad, which share their rows, pass those around until each has eight neighbouring columns:
// 16 bytes of one row a store. No shared memory, no barrier and nothing to wait for: the next
// tile's products are issued behind the stores.
#pragma once

#include "common/sequence.h"
#include "common/softmax.h"
#include "ptx/convert.h"
#include "sm90/tile_loop.h"

namespace attnjit::sm90 {

/// Address of o of a warpgroup's row, whose rows begin with token `first_token` of the sequence.
template <Sm90Plan kP>
ATTNJIT_DEVICE u16* OutputAt(const ForwardParams& params, const Tile& tile, int first_token,
                             int row) {
  return static_cast<u16*>(params.o) +
         TensorOffset(params.o_stride, tile.sequence.batch,
                      tile.sequence.start_q + first_token + row / kP.pack,
                      tile.at.head + row % kP.pack);
}

/// Of two lanes `kDistance` apart: the lower one's `high` and the upper one's `low` change places.
template <int kDistance>
ATTNJIT_DEVICE void Exchange(u32& low, u32& high, bool upper) {
  const u32 received = __shfl_xor_sync(0xffffffff, upper ? low : high, kDistance);
  low = upper ? received : low;
  high = upper ? high : received;
}

/// A 4 x 4 transpose over the lanes of a quad: lane q had word q of vectors 0 .. 3, and gets words
/// 0 .. 3 of vector q.
ATTNJIT_DEVICE void TransposeQuad(u32 (&words)[4]) {
  const bool odd = threadIdx.x % 2 != 0;
  const bool upper = threadIdx.x % 4 >= 2;
  Exchange<1>(words[0], words[1], odd);
  Exchange<1>(words[2], words[3], odd);
  Exchange<2>(words[0], words[2], upper);
  Exchange<2>(words[1], words[3], upper);
}

/// One of a thread's two rows (kRow 0 or 1) times `scale`, where `stored`; all lanes call it.
template <Sm90Plan kP, int kRow>
ATTNJIT_DEVICE void StoreRow(const float (&o)[kP.head_dim_v_padded / 2], float scale, u16* out,
                             bool stored) {
  constexpr int kVectors = kP.problem.head_dim_v / 8;
  const int lane = threadIdx.x % 4;
#pragma unroll
  for (int first = 0; first < kVectors; first += 4) {
    u32 words[4] = {0, 0, 0, 0};
#pragma unroll
    for (int i = 0; i < 4 && first + i < kVectors; ++i) {
      const int at = 4 * (first + i) + 2 * kRow;
      words[i] = Pack<kP.problem.element_o>(o[at] * scale, o[at + 1] * scale);
    }
    TransposeQuad(words);
    if (stored && (first + 4 <= kVectors || first + lane < kVectors)) {
      *reinterpret_cast<uint4*>(out + 8 * (first + lane)) = {words[0], words[1], words[2],
                                                             words[3]};
    }
  }
}

/// Rows that see no key at all: o = 0, lse = -inf.
template <Sm90Plan kP>
ATTNJIT_DEVICE void StoreEmptyTile(const ForwardParams& params, const Tile& tile, int first_token,
                                   int rows) {
  constexpr int kVectors = kP.problem.head_dim_v / 8;
  for (int i = threadIdx.x % 128; i < rows * kVectors; i += 128) {
    *reinterpret_cast<uint4*>(OutputAt<kP>(params, tile, first_token, i / kVectors) +
                              i % kVectors * 8) = uint4{0, 0, 0, 0};
  }
}

/// lse of a warpgroup's row.
template <Sm90Plan kP>
ATTNJIT_DEVICE void StoreLse(const ForwardParams& params, const Tile& tile, int first_token,
                             int row, float lse) {
  params.lse[TensorOffset(params.lse_stride, tile.sequence.batch,
                          tile.sequence.start_q + first_token + row / kP.pack,
                          tile.at.head + row % kP.pack)] = lse;
}

}  // namespace attnjit::sm90
