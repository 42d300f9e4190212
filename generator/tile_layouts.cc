#include "generator/tile_layouts.h"

#include "llvm/Support/FormatVariadic.h"

namespace attnjit {

TileLayout LayOutTile(int rows, int columns) {
  if (columns <= 16) return {rows, 16, 1};
  if (columns <= 32) return {rows, 32, 1};
  const int chunk = RoundUp(columns, 32) < RoundUp(columns, 64) ? 32 : 64;
  return {rows, chunk, CeilDiv(columns, chunk)};
}

std::string DescribeTiles(int count, const char* of, const TileLayout& tile, Element element) {
  return llvm::formatv("{0} {1} x [{2} x {3}] {4}, {5}-byte swizzle in {6} chunk{7}", count, of,
                       tile.rows, tile.chunk * tile.chunks,
                       element == Element::kBf16 ? "bf16" : "fp16", tile.swizzle_bytes(),
                       tile.chunks, tile.chunks == 1 ? "" : "s");
}

}  // namespace attnjit
