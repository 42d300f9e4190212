// How a tile of rows lies in shared memory, and where ldmatrix finds its fragments in it.
//
// A row is kPitch chunks of 16 bytes; shared memory serves 8 chunks at once if they lie in 8
// different columns of 16 bytes (address / 16 % 8). ldmatrix reads one chunk from each of 8
// consecutive rows, which start in columns r * kPitch % 8: with kPitch = odd * 2^s those are only
// 8 / 2^s different ones, each met by 2^s rows that are 8 / 2^s apart (s at most 3). Twisting, that
// is XORing the chunk's index with the row's place among those 2^s, sends them to different columns
// and stays inside the aligned group of 2^s chunks. So no pitch needs padding:
//
//   kPitch 16 (head dim 128)  twist = row % 8      kPitch 10 (80)  twist = row / 4 % 2
//   kPitch 12 (96)            twist = row / 2 % 4  kPitch  9 (72)  none
#pragma once

#include "types.h"

namespace attnjit {

inline constexpr int kChunkBytes = 16;
inline constexpr int kChunkElements = 8;

/// The largest power of two, at most 8, that divides n > 0.
ATTNJIT_HOST_DEVICE constexpr int PowerOfTwoFactor(int n) {
  return n % 8 == 0 ? 8 : n % 4 == 0 ? 4 : n % 2 == 0 ? 2 : 1;
}

template <int kPitchChunks>
struct SmemTile {
  static constexpr int kPitch = kPitchChunks;
  static constexpr int kRowBytes = kPitch * kChunkBytes;
  static constexpr int kTwists = PowerOfTwoFactor(kPitch);

  /// Depends on row % 8 only.
  ATTNJIT_HOST_DEVICE static constexpr u32 Twist(u32 row) { return row / (8 / kTwists) % kTwists; }

  /// Bytes from the tile's start to `chunk` of `row`.
  ATTNJIT_HOST_DEVICE static constexpr u32 Offset(u32 row, u32 chunk) {
    return row * kRowBytes + (chunk ^ Twist(row)) * kChunkBytes;
  }
};

/// What one lane adds to a tile's address for ldmatrix: the row and chunk that it names in the
/// fragment at the tile's origin. Fragments are then reached by constant rows and chunks.
template <class Tile>
struct LaneAddress {
  u32 row_bytes;  ///< To the lane's row.
  u32 twisted;    ///< The lane's chunk (0 or 1) after the twist, in bytes; below 128.

  ATTNJIT_HOST_DEVICE static LaneAddress Of(u32 row, u32 chunk) {
    return {row * Tile::kRowBytes, (chunk ^ Tile::Twist(row)) * kChunkBytes};
  }

  /// Bytes to the lane's chunk of the fragment at (row, chunk): a multiple of 8, and an even one.
  ATTNJIT_HOST_DEVICE u32 Offset(u32 row, u32 chunk) const {
    // Only the chunk's low three bits meet the twist: the rest stays an immediate offset.
    return row_bytes + ((chunk % 8 * kChunkBytes) ^ twisted) +
           (row * Tile::kRowBytes + chunk / 8 * 8 * kChunkBytes);
  }
};

/// The rows and chunks that lane l names to ldmatrix.x4 for one operand of m16n8k16:
/// q is a (rows = queries), k is two b tiles (rows = keys = n), v is two b tiles read transposed
/// (rows = keys = k). Matrix order is that of the fragment's registers (ptx/mma.h).
template <class Tile>
ATTNJIT_HOST_DEVICE LaneAddress<Tile> QLane(u32 lane) {
  return LaneAddress<Tile>::Of(lane % 16, lane / 16);
}
template <class Tile>
ATTNJIT_HOST_DEVICE LaneAddress<Tile> KLane(u32 lane) {
  return LaneAddress<Tile>::Of(lane % 8 + lane / 16 * 8, lane / 8 % 2);
}
template <class Tile>
ATTNJIT_HOST_DEVICE LaneAddress<Tile> VLane(u32 lane) {
  return LaneAddress<Tile>::Of(lane % 16, lane / 16);
}

}  // namespace attnjit
