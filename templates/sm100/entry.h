// Entry point of the sm100 family: attention forward with tcgen05, tensor memory and TMA.
//
// One persistent CTA on each SM, or pair of CTAs on two (plan.ctas), of 16 warps:
//
//   warps 0-3    softmax of q tile 0, a row for each thread                    softmax_warps.h
//   warps 4-7    softmax of q tile 1 (with one q tile: of its other blocks)
//   warps 8-11   rescale O; O / sum, lse                                       correction.h
//   warp 12      issues the products                                           multiply.h
//   warp 13      loads Q, K, V                                                 load.h
//   warp 14      stores O                                                      store.h
//   warp 15      looks through V of boundary blocks                            guard.h
//
//   products      S0 S1 | O0 S0 | O1 S1 | O0 S0 | ...
//   softmax 0        | S0 -> P0 |       | S0 -> P0 |
//   softmax 1           | S1 -> P1 |        | S1 -> P1 |
//
// Tensor memory: S of both buffers, P over its S, O of each q tile; columns as the plan says.
// Shared memory: Q of each q tile, stages of K, of V and of pieces of O, what softmax and
// correction tell each other, barriers.
#pragma once

#ifndef ATTNJIT_KERNEL_NAME
#include "sm100/sample_plan.h"
#endif

#include "ptx/address.h"
#include "ptx/tcgen05_alloc.h"
#include "sm100/correction.h"
#include "sm100/guard.h"
#include "sm100/load.h"
#include "sm100/multiply.h"
#include "sm100/softmax_warps.h"
#include "sm100/store.h"

namespace attnjit::sm100 {

struct Maps {
  const TensorMap& q;
  const TensorMap& k;
  const TensorMap& v;
  const TensorMap& o;
};

/// Warps 12 to 15.
template <Sm100Plan kP>
ATTNJIT_DEVICE void Serve(const ForwardParams& params, const Maps& maps, Storage<kP> storage,
                          u32 tensor, int rank, int warp) {
  if (warp == 12) {
    if (rank == 0 && ElectOne()) {
      Multiplier<kP> multiplier(storage, tensor);
      ForEachTile<kP>(params, [&](const Tile<kP>& tile) { multiplier.Multiply(tile); });
    }
  } else if (warp == 13) {
    if (ElectOne()) {
      Loader<kP> loader(maps.q, maps.k, maps.v, storage, rank);
      ForEachTile<kP>(params, [&](const Tile<kP>& tile) { loader.Load(tile); });
      loader.Drain();
    }
  } else if (warp == 14) {
    if (ElectOne()) {
      Storer<kP> storer(maps.o, storage, rank);
      ForEachTile<kP>(params, [&](const Tile<kP>& tile) { storer.Store(tile); });
    }
  } else if constexpr (kP.guard_v) {
    Guard<kP> guard(storage, rank);
    ForEachTile<kP>(params, [&](const Tile<kP>& tile) { guard.Watch(tile); });
  }
  __syncwarp();
}

template <Sm100Plan kP>
ATTNJIT_DEVICE void Compute(const ForwardParams& params, Storage<kP> storage, u32 tensor, int rank,
                            int warp) {
  const u32 lanes = tensor + (static_cast<u32>(warp % 4 * 32) << 16);
  if (warp < 8) {
    AcquireRegisters<kP.softmax_registers>();
    Softmax<kP> softmax(params, storage, lanes, rank, warp / 4);
    ForEachTile<kP>(params, [&](const Tile<kP>& tile) { softmax.Compute(tile); });
  } else {
    ReleaseRegisters<kP.correction_registers>();
    Correction<kP> correction(params, storage, lanes, rank);
    ForEachTile<kP>(params, [&](const Tile<kP>& tile) { correction.Correct(tile); });
  }
}

template <Sm100Plan kP>
ATTNJIT_DEVICE void SyncAll() {
  if constexpr (kP.ctas == 1) {
    __syncthreads();
  } else {
    ClusterSync();
  }
}

template <Sm100Plan kP>
ATTNJIT_DEVICE void Forward(const ForwardParams& params, const Maps& maps) {
  extern __shared__ __align__(1024) unsigned char smem[];
  const Storage<kP> storage{SharedAddress(smem)};
  const int warp = WarpUniform(threadIdx.x / 32);
  const int rank = kP.ctas == 1 ? 0 : ClusterRank();
  if (warp == 13 && ElectOne()) {
    PrefetchTensorMap(maps.q);
    PrefetchTensorMap(maps.k);
    PrefetchTensorMap(maps.v);
    PrefetchTensorMap(maps.o);
    storage.InitBarriers();
  }
  if (warp == 12) {
    TensorAllocate<kP.ctas, kP.tensor_columns>(storage.TensorAddress());
    TensorRelinquish<kP.ctas>();
  }
  TensorFenceBefore();
  SyncAll<kP>();
  TensorFenceAfter();
  const u32 tensor = LoadShared4(storage.TensorAddress());
  if (warp < 12) {
    Compute<kP>(params, storage, tensor, rank, warp);
  } else {
    ReleaseRegisters<kP.other_registers>();
    Serve<kP>(params, maps, storage, tensor, rank, warp);
  }
  TensorFenceBefore();
  SyncAll<kP>();
  TensorFenceAfter();
  if (warp == 12) TensorFree<kP.ctas, kP.tensor_columns>(tensor);
}

}  // namespace attnjit::sm100

extern "C" __global__ void __cluster_dims__(attnjit::kPlan.ctas, 1, 1)
    __launch_bounds__(attnjit::kPlan.threads(), 1)
        ATTNJIT_KERNEL_NAME(const __grid_constant__ attnjit::ForwardParams params,
                            const __grid_constant__ attnjit::TensorMap q_map,
                            const __grid_constant__ attnjit::TensorMap k_map,
                            const __grid_constant__ attnjit::TensorMap v_map,
                            const __grid_constant__ attnjit::TensorMap o_map) {
  attnjit::sm100::Forward<attnjit::kPlan>(params, {q_map, k_map, v_map, o_map});
}
