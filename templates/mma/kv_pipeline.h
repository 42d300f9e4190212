// K and V tiles on their way from global to shared memory, block by block from the last to the
// first.
//
// Groups of cp.async, in the order of their commits (j is the block of a step):
//
//   1 buffer:   K(j)  | step j: V(j)   .. S ..  K(j-1) .. P V ..
//   2 buffers:  K(j), V(j) | step j: K(j-1) .. S ..  V(j-1) .. P V ..
//
// A buffer is filled only after a barrier that follows its last reads. With one buffer V's copy
// runs under S and K's under the softmax and P V; with two, each has a whole step.
#pragma once

#include "mma/shape.h"
#include "mma/tile_state.h"
#include "params.h"
#include "ptx/address.h"
#include "ptx/convert.h"
#include "ptx/cp_async.h"

namespace attnjit {

template <MmaPlan kPlan>
class KvPipeline {
  using S = Shape<kPlan>;
  static constexpr bool kTwo = kPlan.stages == 2;

 public:
  /// `smem`: the block's shared memory.
  ATTNJIT_DEVICE KvPipeline(const ForwardParams& params, u8* smem, u32 thread)
      : params_(params), smem_(smem), shared_(SharedAddress(smem)), thread_(thread) {}

  /// Starts the first block's copies, after the caller's own ones (q), which join K's group.
  ATTNJIT_DEVICE void Prime(const TileState<kPlan>& state, i32 block) {
    StartK(state, block, 0);
    CpAsyncCommit();
    if constexpr (kTwo) {
      StartV(state, block, 0);
      CpAsyncCommit();
    }
  }

  /// Waits for this thread's share of the K tile (and of q), or of the V tile, of the step. A
  /// barrier makes it everyone's.
  ATTNJIT_DEVICE void WaitOwn() const { CpAsyncWait<kPlan.stages - 1>(); }

  /// After the barrier that opens a step: `more` says whether block - 1 will be visited.
  ATTNJIT_DEVICE void StartBeforeS(i32 block, bool more) {
    const auto& state = TileState<kPlan>::In(smem_);
    if constexpr (kTwo) {
      if (more) StartK(state, block - 1, 1 - stage_);
    } else {
      StartV(state, block, 0);
    }
    CpAsyncCommit();
  }

  /// After the barrier that follows S.
  ATTNJIT_DEVICE void StartAfterS(i32 block, bool more) {
    const auto& state = TileState<kPlan>::In(smem_);
    if (more) {
      if constexpr (kTwo) {
        StartV(state, block - 1, 1 - stage_);
      } else {
        StartK(state, block - 1, 0);
      }
    }
    CpAsyncCommit();
  }

  /// Ends a step.
  ATTNJIT_DEVICE void Advance() {
    if constexpr (kTwo) stage_ = 1 - stage_;
  }

  /// Shared addresses of the step's tiles.
  ATTNJIT_DEVICE u32 KTile() const { return shared_ + KOffset(stage_); }
  ATTNJIT_DEVICE u32 VTile() const { return shared_ + VOffset(stage_); }

  ATTNJIT_DEVICE bool IsFirstThread() const { return thread_ == 0; }

  /// True where this thread's share of the V tile, which it has waited for, has an Inf or NaN.
  ATTNJIT_DEVICE bool OwnVHasNonFinite() const {
    u32 poison = 0;
    S::VCopy::template ForEachOwnChunk<kPlan.tile_n>(
        smem_ + VOffset(stage_), thread_, [&](uint4& chunk) {
          poison = AddPoison<S::kProblem.element>(chunk.x, poison);
          poison = AddPoison<S::kProblem.element>(chunk.y, poison);
          poison = AddPoison<S::kProblem.element>(chunk.z, poison);
          poison = AddPoison<S::kProblem.element>(chunk.w, poison);
        });
    return poison != 0;
  }

  /// Replaces Inf and NaN by 0 in this thread's share of the V tile.
  ATTNJIT_DEVICE void ZeroOwnVNonFinite() const {
    S::VCopy::template ForEachOwnChunk<kPlan.tile_n>(
        smem_ + VOffset(stage_), thread_, [](uint4& chunk) {
          chunk.x = ZeroNonFinite<S::kProblem.element>(chunk.x);
          chunk.y = ZeroNonFinite<S::kProblem.element>(chunk.y);
          chunk.z = ZeroNonFinite<S::kProblem.element>(chunk.z);
          chunk.w = ZeroNonFinite<S::kProblem.element>(chunk.w);
        });
  }

 private:
  ATTNJIT_DEVICE static u32 KOffset(i32 stage) {
    return kPlan.k_offset + stage * kPlan.k_stage_bytes();
  }
  ATTNJIT_DEVICE static u32 VOffset(i32 stage) {
    return kPlan.v_offset + stage * kPlan.v_stage_bytes();
  }

  ATTNJIT_DEVICE void StartK(const TileState<kPlan>& state, i32 block, i32 stage) const {
    S::KCopy::template Start<kPlan.check_kv_rows>(shared_ + KOffset(stage), state.k,
                                                  2 * params_.k_stride.seq, block * kPlan.tile_n,
                                                  state.mask.seqlen_kv, thread_);
  }
  ATTNJIT_DEVICE void StartV(const TileState<kPlan>& state, i32 block, i32 stage) const {
    S::VCopy::template Start<kPlan.check_kv_rows>(shared_ + VOffset(stage), state.v,
                                                  2 * params_.v_stride.seq, block * kPlan.tile_n,
                                                  state.mask.seqlen_kv, thread_);
  }

  const ForwardParams& params_;
  u8* smem_;
  u32 shared_;
  u32 thread_;
  i32 stage_ = 0;
};

}  // namespace attnjit
