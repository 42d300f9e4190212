// Cleaning a tile of V in shared memory: see docs/adr/0002-non-finite-v.md.
#pragma once

#include "ptx/convert.h"
#include "ptx/shared.h"
#include "tile_layout.h"

namespace attnjit {

/// Calls body(address) for each of this lane's vectors of 16 bytes of a tile: every kWarps-th 512
/// bytes are one warp's. kAtOnce: how many are read before one is needed.
template <TileLayout kLayout, int kWarps, int kAtOnce, class Body>
ATTNJIT_DEVICE void ForEachVector(u32 smem, int warp, Body&& body) {
  constexpr int kVectors = kLayout.bytes() / 16;
#pragma unroll kAtOnce
  for (int i = warp * 32 + threadIdx.x % 32; i < kVectors; i += kWarps * 32) body(smem + 16 * i);
}

/// Sets what is not finite to zero in warp `warp`'s part of a tile, one of kWarps; returns whether
/// there was any, to all lanes, all of which call it. It looks first and rewrites then: hardly any
/// tile has such elements, and its readers wait for the answer.
template <TileLayout kLayout, Element kElement, int kWarps>
ATTNJIT_DEVICE bool CleanTile(u32 smem, int warp) {
  u32 bits = 0;
  ForEachVector<kLayout, kWarps, 8>(smem, warp, [&](u32 address) {
    const uint4 v = LoadShared16(address);
    bits |= NonFiniteBits<kElement>(v.x) | NonFiniteBits<kElement>(v.y) |
            NonFiniteBits<kElement>(v.z) | NonFiniteBits<kElement>(v.w);
  });
  if (!__any_sync(0xffffffff, (bits & 0x80008000u) != 0)) return false;
  ForEachVector<kLayout, kWarps, 1>(smem, warp, [&](u32 address) {
    const uint4 v = LoadShared16(address);
    StoreShared16(address, {ZeroNonFinite<kElement>(v.x), ZeroNonFinite<kElement>(v.y),
                            ZeroNonFinite<kElement>(v.z), ZeroNonFinite<kElement>(v.w)});
  });
  return true;
}

}  // namespace attnjit
