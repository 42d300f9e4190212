// Shared memory of an sm90 kernel: what the plan laid out, as addresses.
#pragma once

#include "common/ring.h"
#include "ptx/mbarrier.h"
#include "ptx/shared.h"
#include "ptx/warp.h"
#include "sm90/plan.h"

namespace attnjit::sm90 {

inline constexpr int kGuardWarps = 2;

// Barriers, eight bytes each, in this order:
//   q_full[w][q stage] q_empty[w][q stage]  k_full[s] k_empty[s]  v_full[s] v_empty[s]
//   guard_full[s]  piece_full[w][2]  counted
// then guard_flag[s][guard warp] and owed[w], four bytes each. "Full" barriers of q, k and v are
// completed by TMA's bytes, "empty" ones by one arrival of each warp that has read the buffer,
// guard_full by the guard warps; piece_full and counted belong to combine.h.
template <Sm90Plan kP>
struct Storage {
  static constexpr int kWarpgroups = kP.consumer_warpgroups;
  static constexpr int kStages = kP.stages;
  static constexpr int kQStages = kP.q_stages;
  static constexpr int kQFull = 0;
  static constexpr int kQEmpty = kQFull + kWarpgroups * kQStages;
  static constexpr int kKFull = kQEmpty + kWarpgroups * kQStages;
  static constexpr int kKEmpty = kKFull + kStages;
  static constexpr int kVFull = kKEmpty + kStages;
  static constexpr int kVEmpty = kVFull + kStages;
  static constexpr int kGuardFull = kVEmpty + kStages;
  static constexpr int kPieceFull = kGuardFull + kStages;
  static constexpr int kCounted = kPieceFull + (kP.split_blocks != 0 ? 2 * kWarpgroups : 0);
  static constexpr int kBarriers = kCounted + (kP.split_blocks != 0 ? 1 : 0);

  static_assert(kP.barrier_offset + 8 * kBarriers + 4 * (kStages * kGuardWarps + kWarpgroups) <=
                kP.smem_bytes);
  // What the block has at its launch is all that setmaxnreg can share out (PTX ISA 9.7.19.5).
  static_assert(kWarpgroups * kP.consumer_registers + kP.producer_registers <=
                65536 / (kP.threads() * kP.blocks_per_sm) / 8 * 8 * (kWarpgroups + 1));
  static_assert(kP.q_offset + kWarpgroups * kQStages * kP.q.bytes() <= kP.k_offset);
  static_assert(kP.k_offset + kStages * kP.k.bytes() <= kP.v_offset);
  static_assert(kP.v_offset + kStages * kP.v.bytes() <= kP.barrier_offset);

  u32 base;  ///< 1024-byte aligned.

  ATTNJIT_DEVICE u32 Q(int warpgroup, int stage) const {
    return base + kP.q_offset + (warpgroup * kQStages + stage) * kP.q.bytes();
  }
  ATTNJIT_DEVICE u32 K(int stage) const { return base + kP.k_offset + stage * kP.k.bytes(); }
  ATTNJIT_DEVICE u32 V(int stage) const { return base + kP.v_offset + stage * kP.v.bytes(); }
  ATTNJIT_DEVICE u32 Barrier(int index) const { return base + kP.barrier_offset + 8 * index; }
  ATTNJIT_DEVICE u32 GuardFlag(int stage, int warp) const {
    return base + kP.barrier_offset + 8 * kBarriers + 4 * (stage * kGuardWarps + warp);
  }
  /// The first of the tiles that this block combines (combine.h).
  ATTNJIT_DEVICE u32 Owed(int warpgroup) const {
    return GuardFlag(0, 0) + 4 * (kStages * kGuardWarps + warpgroup);
  }

  /// One thread calls it, before the block's first synchronisation.
  ATTNJIT_DEVICE void InitBarriers() const {
    const auto init = [&](int first, int count, int arrivals) {
      for (int i = 0; i < count; ++i) MbarrierInit(Barrier(first + i), arrivals);
    };
    init(kQFull, kWarpgroups * kQStages, 1);
    init(kQEmpty, kWarpgroups * kQStages, 4);
    init(kKFull, kStages, 1);
    init(kKEmpty, kStages, 4 * kWarpgroups);
    init(kVFull, kStages, 1);
    init(kVEmpty, kStages, 4 * kWarpgroups + (kP.guard_v ? kGuardWarps : 0));
    init(kGuardFull, kStages, kGuardWarps);
    if constexpr (kP.split_blocks != 0) {
      for (int w = 0; w < kWarpgroups; ++w) StoreShared4(Owed(w), 0);
      init(kPieceFull, 2 * kWarpgroups, 4);
      init(kCounted, 1, 1);
    }
    MbarrierInitFence();
  }
};

}  // namespace attnjit::sm90
