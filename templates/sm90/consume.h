// A consumer warpgroup: 64 query rows of each tile.
//
//   block j:    issue S = Q K(j)^T, issue O += P V(j+1), softmax of S under the second product,
//               then O shrinks and P is made from S               (j = n-1 .. 0; n-1 has no P yet)
//   end:        O += P V(0), O / sum -> shared memory -> TMA, lse
//
// The first block shares the loop's code, unless the plan peels it: a copy of its own is a quarter
// of the kernel and of its compile time, and pays at small head dims only. With ping-pong one
// warpgroup issues its products while another does its softmax: they take turns at a named barrier
// each.
#pragma once

#include "sm90/poison.h"
#include "sm90/products.h"
#include "sm90/softmax.h"
#include "sm90/store.h"

namespace attnjit::sm90 {

template <Sm90Plan kP>
class Consumer {
 public:
  using S = Storage<kP>;
  static constexpr Problem kProblem = kP.problem;

  ATTNJIT_DEVICE Consumer(const ForwardParams& params, const TensorMap& o_map, S storage,
                          int warpgroup)
      : params_(params),
        o_map_(o_map),
        storage_(storage),
        warpgroup_(warpgroup),
        warp_(WarpUniform(threadIdx.x / 32 % 4)),
        scale_log2_(params.softmax_scale_log2) {}

  ATTNJIT_DEVICE void Run() {
    if (kP.ping_pong && warpgroup_ == S::kWarpgroups - 1) PassTurn();
    ForEachTile<kP>(params_, [&](const Tile& tile) {
      const int first_row = tile.row_begin + 64 * warpgroup_;
      const int rows = Min(64, tile.row_begin + tile.rows - first_row);
      if (tile.blocks.empty()) {
        StoreEmpty(tile, first_row, rows);
      } else {
        ComputeTile(tile, first_row, rows);
      }
    });
    if (kP.ping_pong && warpgroup_ == 0) AwaitTurn();  // The last turn, so that none is left over.
  }

 private:
  ATTNJIT_DEVICE void AwaitTurn() { BarrierSync(1 + warpgroup_, 256); }
  ATTNJIT_DEVICE void PassTurn() {
    BarrierArrive(warpgroup_ + 1 == S::kWarpgroups ? 1 : 2 + warpgroup_, 256);
  }
  ATTNJIT_DEVICE void SyncWarpgroup() { BarrierSync(1 + S::kWarpgroups + warpgroup_, 128); }

  ATTNJIT_DEVICE void Release(int empty_barrier) {
    if (ElectOne()) MbarrierArrive(storage_.Barrier(empty_barrier));
  }

  ATTNJIT_DEVICE int ThreadRow(int first_row) const {
    return first_row + 16 * warp_ + threadIdx.x % 32 / 4;
  }

  ATTNJIT_DEVICE void ComputeTile(const Tile& tile, int first_row, int rows) {
    float o[kP.head_dim_v_padded / 2];
    RowState state;
    MbarrierWait(storage_.Barrier(S::kQFull + warpgroup_), q_parity_);
    q_parity_ ^= 1;
    const bool poisoned = Accumulate(tile, first_row, o, state);
    Finish(tile, first_row, rows, o, state, poisoned);
  }

  /// Whether a boundary block's V held non-finite elements.
  ATTNJIT_DEVICE bool Accumulate(const Tile& tile, int first_row,
                                 float (&o)[kP.head_dim_v_padded / 2], RowState& state) {
    float s[kP.tile_n / 2];
    u32 p[kP.tile_n / 4];
    const BlockRange blocks = tile.blocks;
    bool poisoned = false;
#pragma unroll
    for (float& x : o) x = 0.0f;

    const int last = blocks.end - 1;
    if constexpr (kP.peel_first) poisoned |= Step(tile, first_row, last, true, o, s, p, state);
#pragma unroll 1
    for (int block = kP.peel_first ? last - 1 : last; block >= blocks.begin; --block) {
      const bool first = !kP.peel_first && block == last;
      poisoned |= Step(tile, first_row, block, first, o, s, p, state);
    }

    poisoned |= AwaitV(blocks, blocks.begin);
    PvProduct<kP>::Pin(o);
    WgmmaFence();
    IssuePv<kP>(o, p, storage_.V(v_.stage));
    WgmmaCommit();
    WgmmaWait<0>();
    PvProduct<kP>::Pin(o);
    ReleaseV();
    return poisoned;
  }

  /// One block: s, p and o as the head of this file says. Whether V(block + 1) was poisoned.
  ATTNJIT_DEVICE bool Step(const Tile& tile, int first_row, int block, bool first,
                           float (&o)[kP.head_dim_v_padded / 2], float (&s)[kP.tile_n / 2],
                           u32 (&p)[kP.tile_n / 4], RowState& state) {
    const bool turns = kP.ping_pong && !(kP.peel_first && first);
    float rescale[2];
    bool poisoned = false;
    MbarrierWait(storage_.Barrier(S::kKFull + k_.stage), k_.parity);
    if (turns) AwaitTurn();
    PvProduct<kP>::Pin(o);
    WgmmaFence();
    IssueQk<kP>(s, storage_.Q(warpgroup_), storage_.K(k_.stage));
    WgmmaCommit();
    if (first) {
      if (turns) PassTurn();
      WgmmaWait<0>();
    } else {
      poisoned = AwaitV(tile.blocks, block + 1);
      WgmmaFence();
      IssuePv<kP>(o, p, storage_.V(v_.stage));
      WgmmaCommit();
      if (turns) PassTurn();
      WgmmaWait<1>();
    }
    QkProduct<kP>::Pin(s);
    ReleaseK();
    MaskIfBoundary(s, tile, first_row, block);
    SoftmaxStep(s, state, rescale, scale_log2_);
    if (!kP.peel_first || !first) {  // Known when compiled: one path for the loop, peeled or not.
      WgmmaWait<0>();
      PvProduct<kP>::Pin(o);
      if (!first) ReleaseV();
      RescaleO(o, rescale);
    }
    PackP<kProblem.element>(s, p);
    return poisoned;
  }

  ATTNJIT_DEVICE void ReleaseK() {
    Release(S::kKEmpty + k_.stage);
    k_.Advance();
  }
  ATTNJIT_DEVICE void ReleaseV() {
    Release(S::kVEmpty + v_.stage);
    v_.Advance();
  }

  ATTNJIT_DEVICE bool AwaitV(const BlockRange& blocks, int block) {
    MbarrierWait(storage_.Barrier(S::kVFull + v_.stage), v_.parity);
    if constexpr (kP.guard_v) {
      if (blocks.IsBoundary(block)) {
        MbarrierWait(storage_.Barrier(S::kGuardFull + v_.stage), v_.parity);
        u32 flags = 0;
#pragma unroll
        for (int w = 0; w < kGuardWarps; ++w) {
          flags |= LoadShared4(storage_.GuardFlag(v_.stage, w));
        }
        return flags != 0;
      }
    }
    return false;
  }

  ATTNJIT_DEVICE void MaskIfBoundary(float (&s)[kP.tile_n / 2], const Tile& tile, int first_row,
                                     int block) {
    if constexpr (kProblem.masked() || kP.check_kv_rows) {
      if (tile.blocks.IsBoundary(block)) {
        const Mask<kProblem> mask(params_, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
        ApplyMask(s, mask, ThreadRow(first_row), block * kP.tile_n);
      }
    }
  }

  ATTNJIT_DEVICE void Finish(const Tile& tile, int first_row, int rows,
                             float (&o)[kP.head_dim_v_padded / 2], RowState& state, bool poisoned) {
    float scale[2];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      const float sum = QuadSum(state.sum[r]);
      scale[r] = OutputScale(sum);
      if constexpr (kProblem.lse) {
        const int row = 16 * warp_ + threadIdx.x % 32 / 4 + 8 * r;
        if (threadIdx.x % 4 == 0 && (!kP.check_q_rows || row < rows)) {
          StoreLse<kP>(params_, tile, first_row + row, Lse(state.max[r], sum));
        }
      }
    }
    RescaleO(o, scale);
    SyncWarpgroup();  // Every warp has read its rows of q, which o replaces.
    const u32 smem = storage_.O(warpgroup_);
    StageO<kP>(o, smem, warp_);
    FenceProxyAsync();
    SyncWarpgroup();
    if (kP.guard_v && poisoned) {
      PoisonTile<kP>(params_, tile, smem, first_row, rows);
      FenceProxyAsync();
      SyncWarpgroup();
    }
    WriteO(tile, smem, first_row, rows);
  }

  ATTNJIT_DEVICE void WriteO(const Tile& tile, u32 smem, int first_row, int rows) {
    if (kProblem.packed && kP.check_q_rows && rows < 64) {
      CopyRows<kP>(params_, tile, smem, first_row, rows);
      SyncWarpgroup();
      if (warp_ == 0 && ElectOne()) MbarrierArrive(storage_.Barrier(S::kQEmpty + warpgroup_));
      return;
    }
    if (warp_ == 0 && ElectOne()) {
#pragma unroll
      for (int chunk = 0; chunk < kP.o.chunks; ++chunk) {
        TmaStore(o_map_, smem + chunk * kP.o.chunk_bytes(), chunk * kP.o.chunk,
                 tile.sequence.start_q + first_row, tile.at.head, tile.sequence.batch);
      }
      TmaStoreCommit();
      TmaStoreWaitRead();
      MbarrierArrive(storage_.Barrier(S::kQEmpty + warpgroup_));
    }
  }

  ATTNJIT_DEVICE void StoreEmpty(const Tile& tile, int first_row, int rows) {
    StoreEmptyTile<kP>(params_, tile, first_row, rows);
    if constexpr (kProblem.lse) {
      const int row = threadIdx.x % 128;
      if (row < rows) StoreLse<kP>(params_, tile, first_row + row, kNegInf);
    }
  }

  const ForwardParams& params_;
  const TensorMap& o_map_;
  S storage_;
  int warpgroup_;
  int warp_;
  float scale_log2_;
  Ring<kP.stages> k_, v_;
  u32 q_parity_ = 0;
};

}  // namespace attnjit::sm90
