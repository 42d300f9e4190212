// Attention forward with mma.sync: one block of threads computes one tile of query rows.
//
//   every warp holds 16 or 32 rows of the tile; all warps share the K and V tiles
//
//   copy:    Q K(e-1) |  V(e-1)  |   K(e-2)      |  V(e-2)  |  K(e-3) ...        (1 buffer each)
//   compute:          | S = Q K^T | softmax, P V | S = Q K^T | softmax, P V ...
//                     ^           ^              ^
//                     barrier     barrier        barrier
//
// K/V blocks go from the last that the tile sees to the first, so that under a causal mask the one
// on the diagonal comes first. Only boundary blocks (common/mask.h) get mask arithmetic.
//
// Inf and NaN where nobody looks must not reach o, and 0 * NaN is NaN: masked scores are replaced
// after the product (their p is 0), rows beyond a sequence's end are zeros in shared memory, and on
// a boundary block V is searched for Inf and NaN, which are taken out of the product and in the end
// added to the rows that see them (mma/non_finite.h).
//
// Shared memory (offsets in mma/plan.h):
//
//   [ Q ][ K, 1 or 2 tiles ][ V, 1 or 2 tiles ][ state ]
//   [ O              ]                                    after the last step
#pragma once

#include "common/softmax.h"
#include "mma/epilogue.h"
#include "mma/kv_pipeline.h"
#include "mma/non_finite.h"
#include "mma/output.h"
#include "mma/scores.h"
#include "mma/shape.h"
#include "mma/tile.h"
#include "mma/tile_state.h"
#include "params.h"
#include "ptx/address.h"

namespace attnjit {

/// Zeros what copies never touch: the chunk that pads rows of Q and K to 16 elements.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void ZeroPadding(u8* smem, u32 thread) {
  using S = Shape<kPlan>;
  constexpr int kChunks = kPlan.problem.head_dim_qk / kChunkElements;
  if constexpr (kChunks < S::QkTile::kPitch) {
    for (u32 row = thread; row < kPlan.tile_m; row += S::kThreads) {
      *reinterpret_cast<uint4*>(smem + kPlan.q_offset + S::QkTile::Offset(row, kChunks)) = {};
    }
    // The stages are contiguous and tile_n a multiple of 8: they are one tall tile.
    for (u32 row = thread; row < kPlan.stages * kPlan.tile_n; row += S::kThreads) {
      *reinterpret_cast<uint4*>(smem + kPlan.k_offset + S::QkTile::Offset(row, kChunks)) = {};
    }
  }
}

/// The tile's Q, between global and shared memory.
template <MmaPlan kPlan>
struct QLoader {
  using Copy = typename Shape<kPlan>::QCopy;

  ATTNJIT_DEVICE static void Start(const ForwardParams& params, const Tile<kPlan>& tile, u8* smem,
                                   u32 thread) {
    const u8* source =
        static_cast<const u8*>(params.q) +
        2 * TensorOffset(params.q_stride, tile.sequence.batch, tile.sequence.start_q, tile.at.head);
    Copy::template Start<kPlan.check_q_rows>(SharedAddress(smem + kPlan.q_offset), source,
                                             2 * params.q_stride.seq, tile.first_row,
                                             tile.sequence.seqlen_q, thread);
  }
};

/// Makes the V tile of a boundary block everyone's, as a barrier does, with Inf and NaN taken out.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void SyncGuarded(const KvPipeline<kPlan>& kv, TileState<kPlan>& state) {
  const bool poisoned = __syncthreads_or(kv.OwnVHasNonFinite());
  // The same in every thread already: the vote lets the compiler know.
  if (__any_sync(0xffffffffu, poisoned)) {
    if (kv.IsFirstThread()) state.poisoned = 1;
    kv.ZeroOwnVNonFinite();
    __syncthreads();
  }
}

/// A tile's sums over blocks begin .. end - 1 of K and V.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void Accumulate(Accumulators<kPlan>& acc, KvPipeline<kPlan>& kv,
                               QFragments<kPlan>& q, i32 begin, i32 end, float scale_log2,
                               TileState<kPlan>& state, u32 thread) {
  using S = Shape<kPlan>;
  const u32 lane = thread % 32;
#pragma unroll 1
  for (i32 block = end - 1; block >= begin; --block) {
    const bool more = block > begin;
    kv.WaitOwn();
    __syncthreads();
    kv.StartBeforeS(block, more);
    Scores<kPlan> s;
    MultiplyQk<kPlan>(s, q, kv.KTile(), lane);

    kv.WaitOwn();
    const bool boundary = (S::kMaskBegin || S::kMaskEnd) && state.blocks.IsBoundary(block);
    if (S::kMasked && boundary) {
      SyncGuarded<kPlan>(kv, state);
    } else {
      __syncthreads();
    }
    kv.StartAfterS(block, more);
    if (boundary) {
      MaskScores<kPlan>(s, state.mask, state.first_row + ThreadRows<kPlan>::FirstRow(thread),
                        block * kPlan.tile_n + ThreadRows<kPlan>::FirstColumn(thread));
    }
    acc.RaiseMax(s, scale_log2);
    acc.MultiplyPv(s, scale_log2, kv.VTile(), lane);
    kv.Advance();
  }
}

/// Everything of a tile up to its accumulators.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void Attend(Accumulators<kPlan>& acc, const ForwardParams& params, u8* smem,
                           const Tile<kPlan>& tile, u32 thread) {
  const TileState<kPlan> state(params, tile);
  const BlockRange& blocks = state.blocks;
  if (thread == 0) TileState<kPlan>::In(smem) = state;
  if (blocks.empty()) return;

  KvPipeline<kPlan> kv(params, smem, thread);
  QLoader<kPlan>::Start(params, tile, smem, thread);
  kv.Prime(state, blocks.end - 1);
  ZeroPadding<kPlan>(smem, thread);
  kv.WaitOwn();
  __syncthreads();
  QFragments<kPlan> q(SharedAddress(smem + kPlan.q_offset), thread);
  Accumulate<kPlan>(acc, kv, q, blocks.begin, blocks.end, params.softmax_scale_log2,
                    TileState<kPlan>::In(smem), thread);
}

/// The tile's accumulators to o and lse.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void Finish(Accumulators<kPlan>& acc, const ForwardParams& params, u8* smem,
                           const Tile<kPlan>& tile, u32 thread) {
  using S = Shape<kPlan>;
  const u32 lane = thread % 32;
  const i32 first_row = thread / 32 * S::kWarpRows;  // The warp's, in the tile.
  const i32 warp_row = tile.first_row + first_row;
  const auto& state = TileState<kPlan>::In(smem);
  u8* warp_o = smem + kPlan.o_offset + first_row * S::VTile::kRowBytes;
  Normalize<kPlan>(acc, params, tile, warp_row, lane);
  StageO<kPlan>(acc, warp_o, lane);
  __syncwarp();
  if (S::kMasked && state.poisoned) {
    AddNonFinite<kPlan>(params, tile, state, warp_row, warp_o, lane);
    __syncwarp();
  }
  CopyO<kPlan>(params, tile, warp_row, warp_o, lane);
}

/// The kernel's body. `smem`: kPlan.smem_bytes of shared memory.
template <MmaPlan kPlan>
ATTNJIT_DEVICE void Forward(const ForwardParams& params, u8* smem) {
  const u32 thread = threadIdx.x;
  const auto tile = Tile<kPlan>::Current(params);
  if (tile.BeyondSequence()) return;
  Accumulators<kPlan> acc;
  Attend<kPlan>(acc, params, smem, tile, thread);
  __syncthreads();  // O goes over tiles that other warps may still be reading.
  // Decoded again rather than kept: the steps need every register.
  Finish<kPlan>(acc, params, smem, Tile<kPlan>::Current(params), thread);
}

}  // namespace attnjit
