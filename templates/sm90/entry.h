// Entry point of the sm90 family: attention forward with wgmma and TMA on sm_90a.
//
// One persistent block on each SM; warpgroup 0 loads, warpgroups 1 .. compute 64 query rows each:
//
//   warp 0   K, V:  K(n-1)  K(n-2) V(n-1)  K(n-3) V(n-2) ...      load.h
//   warp 1   Q, for each warpgroup
//   warps 2, 3      look through V of boundary blocks             guard.h
//   warpgroup 1     Q K(n-1) | softmax | Q K(n-2), P V(n-1) | softmax ...      consume.h
//   warpgroup 2              | Q K(n-1) | softmax           | Q K(n-2), P V(n-1) | ...
//
// Shared memory: q (then o) of each warpgroup, `stages` blocks of k, `stages` of v, barriers.
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
  ProducerState<kP> state;
  ForEachTile<kP>(params, [&](const Tile& tile) {
    if (warp == 0) {
      if (ElectOne()) LoadKv<kP>(tile, k_map, v_map, storage, state);
    } else if (warp == 1) {
      if (ElectOne()) LoadQ<kP>(tile, q_map, storage, state);
    } else if constexpr (kP.guard_v) {
      GuardV<kP>(tile, storage, warp - 2, state.v);
    }
    __syncwarp();
  });
}

template <Sm90Plan kP>
ATTNJIT_DEVICE void Forward(const ForwardParams& params, const TensorMap& q_map,
                            const TensorMap& k_map, const TensorMap& v_map,
                            const TensorMap& o_map) {
  extern __shared__ __align__(1024) unsigned char smem[];
  const Storage<kP> storage{SharedAddress(smem)};
  const int warp = WarpUniform(threadIdx.x / 32);
  if (warp == 0 && ElectOne()) {
    PrefetchTensorMap(q_map);
    PrefetchTensorMap(k_map);
    PrefetchTensorMap(v_map);
    PrefetchTensorMap(o_map);
    storage.InitBarriers();
  }
  __syncthreads();
  if (warp < 4) {
    ReleaseRegisters<kP.producer_registers>();
    Produce<kP>(params, q_map, k_map, v_map, storage, warp);
  } else {
    AcquireRegisters<kP.consumer_registers>();
    Consumer<kP>(params, o_map, storage, warp / 4 - 1).Run();
  }
}

}  // namespace attnjit::sm90

extern "C" __global__ void __launch_bounds__(attnjit::kPlan.threads(), 1)
    ATTNJIT_KERNEL_NAME(const __grid_constant__ attnjit::ForwardParams params,
                        const __grid_constant__ attnjit::TensorMap q_map,
                        const __grid_constant__ attnjit::TensorMap k_map,
                        const __grid_constant__ attnjit::TensorMap v_map,
                        const __grid_constant__ attnjit::TensorMap o_map) {
  attnjit::sm90::Forward<attnjit::kPlan>(params, q_map, k_map, v_map, o_map);
}
