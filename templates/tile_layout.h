// A tile of 16-bit elements in shared memory, shared by host and device (docs/adr/0007).
#pragma once

#include "types.h"

namespace attnjit {

/// A tile as TMA writes it and matrix units read it: column chunks of `chunk` 16-bit elements, each
/// [rows x chunk], row-major and swizzled over its own width; chunk after chunk.
struct TileLayout {
  int rows;
  int chunk;   ///< 16, 32 or 64 elements: swizzled over 32, 64 or 128 bytes.
  int chunks;  ///< ceil(padded head dim / chunk).

  ATTNJIT_HOST_DEVICE constexpr int swizzle_bytes() const { return chunk * 2; }
  ATTNJIT_HOST_DEVICE constexpr int chunk_bytes() const { return rows * chunk * 2; }
  ATTNJIT_HOST_DEVICE constexpr int bytes() const { return chunks * chunk_bytes(); }
  bool operator==(const TileLayout&) const = default;
};

/// Bytes from the start of a tile to column 16 * `step` of its rows.
template <TileLayout kLayout>
ATTNJIT_HOST_DEVICE constexpr u32 ColumnStep(int step) {
  const int column = 16 * step;
  return column / kLayout.chunk * kLayout.chunk_bytes() + column % kLayout.chunk * 2;
}

}  // namespace attnjit
