// The multiplying warp: one thread (of the even CTA of a pair) issues all products.
//
// For block j from the last to the first, for each part in turn:
//   O += P V(j + lead)   when P is there and O has been rescaled
//   S = Q K(j)           over the S and P whose P V was issued before
// With two parts the softmax of one runs under the products of the other; with one, S of the block
// after next is made under the softmax of the next.
//
// tcgen05.mma of one thread run in the order of their issue: so S needs to wait for nothing but Q and
// K, as it follows the P V that waited for the P over it, and the commit after S tells that this P V
// is complete, too.
#pragma once

#include "ptx/tcgen05_sync.h"
#include "sm100/products.h"
#include "sm100/storage.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

template <Sm100Plan kP>
class Multiplier {
 public:
  using S = Storage<kP>;

  ATTNJIT_DEVICE Multiplier(S storage, u32 tensor) : storage_(storage), tensor_(tensor) {}

  ATTNJIT_DEVICE void Multiply(const Tile<kP>& tile) {
    const BlockRange& blocks = tile.blocks;
    if (blocks.empty()) return;
#pragma unroll 1
    for (int block = blocks.end - 1; block >= blocks.begin - kP.lead(); --block) {
      const bool has_s = block >= blocks.begin;
      const int pv_block = block + kP.lead();
      const bool has_pv = pv_block < blocks.end;
      if (has_pv) AwaitV(tile, pv_block);
#pragma unroll 1
      for (int t = 0; t < kP.q_tiles; ++t) {
        if (has_pv && tile.Visits(t, pv_block)) MultiplyPv(tile, t, pv_block);
        if (has_s && t == 0) storage_.AwaitAll(S::kKFull + k_.stage, k_.parity);
        if (has_s && tile.Visits(t, block)) MultiplyQk(tile, t, block);
      }
      if (has_s) {
        TensorCommit<kP.ctas>(storage_.Barrier(S::kKEmpty + k_.stage));
        k_.Advance(kP.k_stages);
      }
      if (has_pv) {
        TensorCommit<kP.ctas>(storage_.Barrier(S::kVEmpty + v_.stage));
        v_.Advance(kP.v_stages);
      }
    }
  }

 private:
  ATTNJIT_DEVICE void AwaitV(const Tile<kP>& tile, int block) {
    // Of a pair, the guards tell when both CTAs' V are there.
    constexpr bool kGuardsTell = kP.guard_v && kP.ctas == 2;
    if constexpr (!kGuardsTell) MbarrierWait(storage_.Barrier(S::kVFull + v_.stage), v_.parity);
    if constexpr (kP.guard_v) {
      if (kGuardsTell || tile.blocks.IsBoundary(block)) {
        storage_.AwaitAll(S::kGuardFull + v_.stage, v_.parity);
      }
    }
  }

  ATTNJIT_DEVICE void MultiplyQk(const Tile<kP>& tile, int t, int block) {
    const int buffer = tile.Buffer(t, block);
    if (block == tile.Part(t).end - 1) {
      storage_.AwaitAll(S::kQFull + t, q_.Of(t));
      q_.Flip(t);
    }
    IssueQk<kP>(tensor_ + kP.s_column + buffer * kP.s_stride, storage_.Q(t), storage_.K(k_.stage));
    TensorCommit<kP.ctas>(storage_.Barrier(S::kSFull + buffer));
    if (block == tile.Part(t).begin) TensorCommit<kP.ctas>(storage_.Barrier(S::kQEmpty + t));
  }

  ATTNJIT_DEVICE void MultiplyPv(const Tile<kP>& tile, int t, int block) {
    const int buffer = tile.Buffer(t, block);
    const bool first = block == tile.Part(t).end - 1;
    const u32 o = tensor_ + kP.o_column + t * kP.o_stride;
    const u32 p = tensor_ + kP.p_column + buffer * kP.s_stride;
    const u32 v = storage_.V(v_.stage);
    storage_.AwaitAll(S::kPFull + buffer, p_.Of(buffer));
    TensorFenceAfter();
    IssuePv<kP, 0, kP.p_first>(o, p, v, first);
    storage_.AwaitAll(S::kPRest + buffer, p_.Of(buffer));
    p_.Flip(buffer);
    TensorFenceAfter();
    IssuePv<kP, kP.p_first, kP.tile_n>(o, p, v, first);
    TensorCommit<kP.ctas>(storage_.Barrier(S::kODone + t));
  }

  S storage_;
  u32 tensor_;
  Parities q_;  ///< Of each part's q_full.
  Parities p_;  ///< Of each buffer's p_full and p_rest.
  Ring k_, v_;
};

}  // namespace attnjit::sm100
