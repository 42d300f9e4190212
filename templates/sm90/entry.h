// Entry point of the sm90 family: attention forward with wgmma and TMA on sm_90a.
//
// One persistent block on each SM (or plan.blocks_per_sm); warpgroup 0 loads, warpgroups 1 ..
// compute 64 query rows each:
//
//   warp 0   K, V:  K(n-1)  K(n-2) V(n-1)  K(n-3) V(n-2) ...      load.h
//   warp 1   Q, for each warpgroup; counts pieces
//   warps 2, 3      look through V of boundary blocks             guard.h
//   warpgroup 1     Q K(n-1) | softmax | Q K(n-2), P V(n-1) | softmax ...      consume.h
//   warpgroup 2              | Q K(n-1) | softmax           | Q K(n-2), P V(n-1) | ...
//
// With few queries (plan.split_blocks) a block's turn is a piece of a tile's K/V, and the block
// that finished a tile's last piece puts them together: combine.h.
//
// Shared memory: q of each warpgroup, `q_stages` tiles; `stages` blocks of k, `stages` of v;
// barriers.
#pragma once

#ifndef ATTNJIT_KERNEL_NAME
#include "sm90/sample_plan.h"
#endif

#include "ptx/address.h"
#include "sm90/consume.h"
#include "sm90/guard.h"
#include "sm90/load.h"

namespace attnjit::sm90 {

/// Warpgroup 0: its warps walk the tiles together in code, each at its own pace.
template <Sm90Plan kP>
ATTNJIT_DEVICE void Produce(const ForwardParams& params, const TensorMap& q_map,
                            const TensorMap& k_map, const TensorMap& v_map, Storage<kP> storage,
                            int warp) {
  ProducerState state;
  PieceCounter<kP> pieces(params, storage);
  ForEachTile<kP>(params, [&](const Tile& tile) {
    if (warp == 0) {
      if (ElectOne()) LoadKv<kP>(tile, k_map, v_map, storage, state);
    } else if (warp == 1) {
      if (ElectOne()) {
        LoadQ<kP>(tile, q_map, storage, state.k_or_q);
        if constexpr (kP.split_blocks != 0) pieces.Begin(tile);
      }
    } else if constexpr (kP.guard_v) {
      GuardV<kP>(tile, storage, warp - 2, state.v);
    }
    __syncwarp();
  });
  if constexpr (kP.split_blocks != 0) {
    if (warp == 1 && ElectOne()) pieces.End();
  }
}

template <Sm90Plan kP>
ATTNJIT_DEVICE void Forward(const ForwardParams& params, const TensorMap& q_map,
                            const TensorMap& k_map, const TensorMap& v_map) {
  extern __shared__ __align__(1024) unsigned char smem[];
  const Storage<kP> storage{SharedAddress(smem)};
  const int warp = WarpUniform(threadIdx.x / 32);
  if (warp == 0 && ElectOne()) {
    PrefetchTensorMap(q_map);
    PrefetchTensorMap(k_map);
    PrefetchTensorMap(v_map);
    storage.InitBarriers();
  }
  __syncthreads();
  if (warp < 4) {
    if constexpr (kP.producer_registers != 0) ReleaseRegisters<kP.producer_registers>();
    Produce<kP>(params, q_map, k_map, v_map, storage, warp);
  } else {
    if constexpr (kP.consumer_registers != 0) AcquireRegisters<kP.consumer_registers>();
    Consumer<kP>(params, storage, warp / 4 - 1).Run();
  }
}

}  // namespace attnjit::sm90

extern "C" __global__ void __launch_bounds__(attnjit::kPlan.threads(), attnjit::kPlan.blocks_per_sm)
    ATTNJIT_KERNEL_NAME(const __grid_constant__ attnjit::ForwardParams params,
                        const __grid_constant__ attnjit::TensorMap q_map,
                        const __grid_constant__ attnjit::TensorMap k_map,
                        const __grid_constant__ attnjit::TensorMap v_map) {
  attnjit::sm90::Forward<attnjit::kPlan>(params, q_map, k_map, v_map);
}
