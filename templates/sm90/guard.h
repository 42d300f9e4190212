// The guard warps: no NaN or infinity of V reaches a row that does not see it.
//
// A masked column has p = 0, but 0 * NaN is NaN inside the matrix product. Two warps that would
// otherwise idle read the V of each boundary block when it has arrived, set non-finite elements to
// zero, and raise the block's flag. Consumers wait for them on boundary blocks only. Where the flag
// is up, the epilogue adds the non-finite elements to the rows that do see them (poison.h).
#pragma once

#include "ptx/convert.h"
#include "ptx/shared.h"
#include "ptx/tma.h"
#include "sm90/storage.h"
#include "sm90/tile_loop.h"

namespace attnjit::sm90 {

/// Calls body(address) for each of this lane's vectors of 16 bytes of a V tile: every
/// kGuardWarps-th 512 bytes are one warp's.
template <Sm90Plan kP, int kAtOnce, class Body>
ATTNJIT_DEVICE void ForEachVector(u32 smem, int warp, Body&& body) {
  constexpr int kVectors = kP.v.bytes() / 16;
#pragma unroll kAtOnce
  for (int i = warp * 32 + threadIdx.x % 32; i < kVectors; i += kGuardWarps * 32) {
    body(smem + 16 * i);
  }
}

/// Whether this lane's part of a V tile holds Inf or NaN. Hardly any does, and consumers wait.
template <Sm90Plan kP>
ATTNJIT_DEVICE bool FindNonFinite(u32 smem, int warp) {
  constexpr Element kElement = kP.problem.element;
  u32 bits = 0;
  ForEachVector<kP, 8>(smem, warp, [&](u32 address) {
    const uint4 v = LoadShared16(address);
    bits |= NonFiniteBits<kElement>(v.x) | NonFiniteBits<kElement>(v.y) |
            NonFiniteBits<kElement>(v.z) | NonFiniteBits<kElement>(v.w);
  });
  return (bits & 0x80008000u) != 0;
}

/// Sets them to zero.
template <Sm90Plan kP>
ATTNJIT_DEVICE void CleanTile(u32 smem, int warp) {
  constexpr Element kElement = kP.problem.element;
  ForEachVector<kP, 1>(smem, warp, [&](u32 address) {
    const uint4 v = LoadShared16(address);
    StoreShared16(address, {ZeroNonFinite<kElement>(v.x), ZeroNonFinite<kElement>(v.y),
                            ZeroNonFinite<kElement>(v.z), ZeroNonFinite<kElement>(v.w)});
  });
}

/// One guard warp, 0 .. kGuardWarps - 1. It waits for every block, and V stages are released by the
/// guard warps too: a barrier's parity tells two neighbouring phases apart and no more, so nobody
/// may run ahead of the ring or fall behind it.
template <Sm90Plan kP>
ATTNJIT_DEVICE void GuardV(const Tile& tile, const Storage<kP>& storage, int warp, Ring& v) {
  using S = Storage<kP>;
#pragma unroll 1
  for (int block = tile.blocks.end - 1; block >= tile.blocks.begin; --block) {
    MbarrierWait(storage.Barrier(S::kVFull + v.stage), v.parity);
    if (tile.blocks.IsBoundary(block)) {
      const u32 smem = storage.V(v.stage);
      const bool any = __any_sync(0xffffffff, FindNonFinite<kP>(smem, warp));
      if (any) {
        CleanTile<kP>(smem, warp);
        FenceProxyAsync();
      }
      if (ElectOne()) StoreShared4(storage.GuardFlag(v.stage, warp), any);
    }
    __syncwarp();
    if (ElectOne()) {
      MbarrierArrive(storage.Barrier(S::kGuardFull + v.stage));
      MbarrierArrive(storage.Barrier(S::kVEmpty + v.stage));
    }
    v.Advance(S::kStages);
  }
}

}  // namespace attnjit::sm90
