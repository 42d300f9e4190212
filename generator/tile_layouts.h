// How tiles lie in shared memory where TMA writes them and matrix units read them.
#ifndef ATTNJIT_GENERATOR_TILE_LAYOUTS_H_
#define ATTNJIT_GENERATOR_TILE_LAYOUTS_H_

#include <string>

#include "templates/problem.h"
#include "templates/tile_layout.h"

namespace attnjit {

/// The chunk that wastes the fewest columns; among equals the widest (docs/adr/0007). Narrow chunks
/// only where the head dim is narrow: 32-byte TMA boxes move half of what the engine could.
TileLayout LayOutTile(int rows, int columns);

/// "2 stages x [128 x 128] bf16, 128-byte swizzle in 2 chunks".
std::string DescribeTiles(int count, const char* of, const TileLayout& tile, Element element);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_TILE_LAYOUTS_H_
