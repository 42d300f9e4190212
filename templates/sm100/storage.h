// Shared and tensor memory of an sm100 kernel: what the plan laid out, as addresses.
#pragma once

#include "common/ring.h"
#include "ptx/cluster.h"
#include "ptx/mbarrier.h"
#include "ptx/shared.h"
#include "ptx/warp.h"
#include "sm100/plan.h"

namespace attnjit::sm100 {

/// Score buffers: of the two q tiles, or of every other block of one.
inline constexpr int kBuffers = 2;

// Barriers, eight bytes each, in this order; t is a q tile, b a score buffer, s a stage:
//   q_full[t] q_empty[t]  k_full[s] k_empty[s]  v_full[s] v_empty[s]  guard_full[s]
//   s_full[b]       S is in tensor memory: a commit
//   p_full[b]       the first columns of P are, and O has been rescaled: warps of softmax and
//                   correction
//   p_rest[b]       all of P is
//   o_done[t]       a P V is complete: a commit
//   state_full[b] state_empty[b]   a row's factor, or its sum and maximum
//   max_full[b]     with one q tile: a row's maximum, for the other warpgroup
//   o_full[s] o_empty[s]           a piece of O in shared memory
//   guard_done guard_read          whether V had to be cleaned
// then the address of tensor memory and found[ctas], four bytes each.
//
// "Full" barriers of q, k and v are completed by TMA's bytes, of both CTAs if there are two; "empty"
// ones by commits of the products that read the stage, in both CTAs. The even CTA issues the
// products, so the barriers that it waits for are its own, and the other CTA arrives there:
// Leader().
template <Sm100Plan kP>
struct Storage {
  static constexpr int kTiles = kP.q_tiles;
  static constexpr int kQFull = 0;
  static constexpr int kQEmpty = kQFull + kTiles;
  static constexpr int kKFull = kQEmpty + kTiles;
  static constexpr int kKEmpty = kKFull + kP.k_stages;
  static constexpr int kVFull = kKEmpty + kP.k_stages;
  static constexpr int kVEmpty = kVFull + kP.v_stages;
  static constexpr int kGuardFull = kVEmpty + kP.v_stages;
  static constexpr int kSFull = kGuardFull + kP.v_stages;
  static constexpr int kPFull = kSFull + kBuffers;
  static constexpr int kPRest = kPFull + kBuffers;
  static constexpr int kODone = kPRest + kBuffers;
  static constexpr int kStateFull = kODone + kTiles;
  static constexpr int kStateEmpty = kStateFull + kBuffers;
  static constexpr int kMaxFull = kStateEmpty + kBuffers;
  static constexpr int kOFull = kMaxFull + kBuffers;
  static constexpr int kOEmpty = kOFull + kP.o_stages;
  static constexpr int kGuardDone = kOEmpty + kP.o_stages;
  static constexpr int kGuardRead = kGuardDone + 1;
  static constexpr int kBarriers = kGuardRead + 1;

  /// Two floats of each row and buffer; where warpgroups take turns, a maximum of each, too.
  static constexpr int kStateBytes = kBuffers * 128 * (kP.q_tiles == 2 ? 8 : 12);

  static_assert(kP.q_offset + kTiles * kP.q.bytes() <= kP.k_offset);
  static_assert(kP.k_offset + kP.k_stages * kP.k.bytes() <= kP.v_offset);
  static_assert(kP.v_offset + kP.v_stages * kP.v.bytes() <= kP.o_offset);
  static_assert(kP.o_offset + kP.o_stages * kP.o.chunk_bytes() <= kP.state_offset);
  static_assert(kP.state_offset + kStateBytes <= kP.barrier_offset);
  static_assert(kP.barrier_offset + 8 * kBarriers + 4 * (1 + kP.ctas) <= kP.smem_bytes);
  // What the block has at its launch is all that setmaxnreg can share out (PTX ISA 9.7.19.5).
  static_assert(2 * kP.softmax_registers + kP.correction_registers + kP.other_registers <= 512);

  u32 base;  ///< 1024-byte aligned.

  ATTNJIT_DEVICE u32 Q(int tile) const { return base + kP.q_offset + tile * kP.q.bytes(); }
  ATTNJIT_DEVICE u32 K(int stage) const { return base + kP.k_offset + stage * kP.k.bytes(); }
  ATTNJIT_DEVICE u32 V(int stage) const { return base + kP.v_offset + stage * kP.v.bytes(); }
  ATTNJIT_DEVICE u32 O(int stage) const { return base + kP.o_offset + stage * kP.o.chunk_bytes(); }
  ATTNJIT_DEVICE u32 Barrier(int index) const { return base + kP.barrier_offset + 8 * index; }
  ATTNJIT_DEVICE u32 TensorAddress() const { return Barrier(kBarriers); }
  /// Whether CTA `rank` of the pair cleaned its V.
  ATTNJIT_DEVICE u32 Found(int rank) const { return TensorAddress() + 4 + 4 * rank; }
  /// What softmax tells correction of a row: the factor that O shrinks by, at last the sum; then
  /// the maximum, at last only.
  ATTNJIT_DEVICE u32 State(int buffer, int row) const {
    return base + kP.state_offset + 4 * (buffer * 256 + row);
  }
  static constexpr int kStateMax = 4 * 128;
  /// A row's maximum after a block, for the warpgroup that has the next one.
  ATTNJIT_DEVICE u32 Maximum(int buffer, int row) const {
    return base + kP.state_offset + 4 * (kBuffers * 256 + buffer * 128 + row);
  }

  /// Arrives at a barrier of the CTA that issues the products.
  ATTNJIT_DEVICE void ArriveLeader(int index) const {
    if constexpr (kP.ctas == 1) {
      MbarrierArrive(Barrier(index));
    } else {
      MbarrierArriveCluster(InCta(Barrier(index), 0));
    }
  }
  /// Waits at a barrier of this CTA at which other CTAs arrive.
  ATTNJIT_DEVICE void AwaitAll(int index, u32 parity) const {
    if constexpr (kP.ctas == 1) {
      MbarrierWait(Barrier(index), parity);
    } else {
      MbarrierWaitCluster(Barrier(index), parity);
    }
  }

  /// One thread calls it, before the first synchronisation.
  ATTNJIT_DEVICE void InitBarriers() const {
    constexpr int kGuard = kP.guard_v ? 1 : 0;
    const auto init = [&](int first, int count, int arrivals) {
      for (int i = 0; i < count; ++i) MbarrierInit(Barrier(first + i), arrivals);
    };
    init(kQFull, 2 * kTiles, 1);
    init(kKFull, 2 * kP.k_stages, 1);
    init(kVFull, kP.v_stages, 1);
    init(kVEmpty, kP.v_stages, 1 + kGuard);
    init(kSFull, kBuffers, 1);
    init(kPFull, kBuffers, 8 * kP.ctas);
    init(kPRest, kBuffers, 4 * kP.ctas);
    init(kODone, kTiles, 1);
    init(kStateFull, (kP.q_tiles == 2 ? 2 : 3) * kBuffers, 4);
    init(kOFull, kP.o_stages, 4);
    init(kOEmpty, kP.o_stages, 1);
    if constexpr (kP.guard_v) {
      init(kGuardFull, kP.v_stages, kP.ctas);
      init(kGuardDone, 1, kP.ctas);
      init(kGuardRead, 1, 4 * kP.ctas);
    }
    MbarrierInitFence();
  }
};


}  // namespace attnjit::sm100
