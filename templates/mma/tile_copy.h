// A block's copy of a tile of rows from global to swizzled shared memory.
//
// Up to 8 neighbouring threads share a row, one 16-byte chunk each (128 contiguous bytes), and take
// its further chunks 8 at a time; the block's other threads take the next rows. A thread's rows are
// a multiple of 8 apart, so its twist (mma/smem_tile.h) is one value for all its chunks.
#pragma once

#include "mma/smem_tile.h"
#include "ptx/address.h"
#include "ptx/cp_async.h"
#include "ptx/opaque.h"
#include "types.h"

namespace attnjit {

/// The least power of two >= n, at most 8.
ATTNJIT_HOST_DEVICE constexpr int ThreadsPerRow(int chunks) {
  return chunks > 4 ? 8 : chunks > 2 ? 4 : chunks > 1 ? 2 : 1;
}

/// kRows rows of kChunks chunks into a Tile, by kThreads threads. Chunks of the tile's pitch beyond
/// kChunks are not touched.
template <class Tile, int kRows, int kChunks, int kThreads>
class TileCopy {
 public:
  /// Starts copying rows first_row .. first_row + kRows - 1 of a tensor, `row_bytes` apart from
  /// `source` on, to the tile at shared address `tile`. With kCheckRows, rows at row_limit and
  /// beyond are not read and become zeros.
  template <bool kCheckRows>
  ATTNJIT_DEVICE static void Start(u32 tile, const u8* source, i64 row_bytes, i32 first_row,
                                   i32 row_limit, u32 thread) {
    const Place place(Recomputed(thread));
    const i64 step = Recomputed(row_bytes);
    const u8* from = Advance(source, place.chunk, kChunkBytes) + (first_row + place.row) * step;
    ForEach<kRows>(
        place,
        [&](i32 row, u32 offset, int chunks_on) {
          const u32 bytes = !kCheckRows || first_row + row < row_limit ? kChunkBytes : 0;
          CpAsync16(tile + offset, from + chunks_on * kChunkBytes, bytes);
        },
        [&] { from += kRowsAtOnce * step; });
  }

  /// Calls f(chunk) for each chunk that this thread copies, in the tile at `tile`. kUnroll: rows of
  /// the loop's body.
  template <int kUnroll, class F>
  ATTNJIT_DEVICE static void ForEachOwnChunk(u8* tile, u32 thread, F f) {
    ForEach<kUnroll>(
        Place(Recomputed(thread)),
        [&](i32, u32 offset, int) { f(*reinterpret_cast<uint4*>(tile + offset)); }, [] {});
  }

 private:
  static constexpr int kPerRow = ThreadsPerRow(kChunks);
  static constexpr int kRowsAtOnce = kThreads / kPerRow;
  static_assert(kRowsAtOnce % 8 == 0, "the twist must not change from one row to the next");
  static_assert(Tile::kTwists <= kPerRow || kChunks == 1, "a twist stays among a row's threads");

  /// A thread's first row and chunk, and the bytes to them in the tile.
  struct Place {
    i32 row;
    i32 chunk;
    u32 target;

    ATTNJIT_DEVICE explicit Place(u32 thread)
        : row(thread / kPerRow), chunk(thread % kPerRow), target(Tile::Offset(row, chunk)) {}
  };

  /// visit(row, offset in the tile, chunks after the thread's first) for each own chunk, and
  /// next_rows() after each of the thread's rows.
  template <int kUnroll, class Visit, class NextRows>
  ATTNJIT_DEVICE static void ForEach(const Place& place, Visit visit, NextRows next_rows) {
#pragma unroll kUnroll
    for (int first = 0; first < kRows; first += kRowsAtOnce) {
      const i32 row = first + place.row;
      if (kRows % kRowsAtOnce == 0 || row < kRows) {
#pragma unroll
        for (int on = 0; on < kChunks; on += kPerRow) {
          if (on + kPerRow <= kChunks || on + place.chunk < kChunks) {
            visit(row, place.target + first * Tile::kRowBytes + on * kChunkBytes, on);
          }
        }
      }
      next_rows();
    }
  }
};

}  // namespace attnjit
