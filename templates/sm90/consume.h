// A consumer warpgroup: 64 query rows of each tile. With plan.pack they are (token, head) pairs.
//
//   block j:    issue S = Q K(j)^T, issue O += P V(j+1), softmax of S under the second product,
//               then O shrinks and P is made from S               (j = n-1 .. 0; n-1 has no P yet)
//   end:        O += P V(0), O / sum -> global memory, lse
//               of a piece of K/V: O, maximum, sum -> global memory (combine.h)
//
// Blocks of the tile that no row of the warpgroup sees are given back unread: a causal tile of 192
// rows and 128 keys has up to two of these for its first warpgroup.
//
// Q's place is given back when S of the last block is there: the next Q is loaded under the tile's
// end, which waits for no memory, so the next tile's first product follows at once.
//
// The first block shares the loop's code, unless the plan peels it: a copy of its own is a quarter
// of the kernel and of its compile time, and pays at small head dims only. With ping-pong one
// warpgroup issues its products while another does its softmax: they take turns at a named barrier
// each.
#pragma once

#include "ptx/tma.h"
#include "sm90/combine.h"
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

  ATTNJIT_DEVICE Consumer(const ForwardParams& params, S storage, int warpgroup)
      : params_(params),
        storage_(storage),
        warpgroup_(warpgroup),
        warp_(WarpUniform(threadIdx.x / 32 % 4)),
        scale_log2_(params.softmax_scale_log2) {}

  ATTNJIT_DEVICE void Run() {
    if constexpr (kP.warpgroup_rows() < 64) ZeroSpareRows();
    if (kP.ping_pong && warpgroup_ == S::kWarpgroups - 1) PassTurn();
    ForEachTile<kP>(params_, [&](const Tile& tile) {
      if (tile.blocks.empty()) {
        StoreEmpty(tile, FirstToken(tile), Tokens(tile) * kP.pack);
      } else {
        ComputeTile(tile, FirstToken(tile), Tokens(tile) * kP.pack);
      }
    });
    if (kP.ping_pong && warpgroup_ == 0) AwaitTurn();  // The last turn, so that none is left over.
    if constexpr (kP.split_blocks != 0) CombineOwed();
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

  /// The warpgroup's part of a tile.
  ATTNJIT_DEVICE int FirstToken(const Tile& tile) const {
    return tile.row_begin + kP.warpgroup_tokens() * warpgroup_;
  }
  ATTNJIT_DEVICE int Tokens(const Tile& tile) const {
    return Min(kP.warpgroup_tokens(), tile.row_begin + tile.rows - FirstToken(tile));
  }

  /// Some warpgroup may see fewer blocks than its tile, or be without rows.
  static constexpr bool kSkips = S::kWarpgroups > 1 && kP.split_blocks == 0;

  /// The tile's blocks that some of the warpgroup's rows sees.
  ATTNJIT_DEVICE BlockRange Own(const Tile& tile, int first_token, int tokens) const {
    if constexpr (!kSkips || !kProblem.masked()) return tile.blocks;
    const Mask<kProblem> mask(params_, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
    return mask.template Blocks<kP.tile_n>(first_token, first_token + tokens);
  }

  /// Gives back all of the tile unread.
  ATTNJIT_DEVICE void SkipTile(const Tile& tile) {
    MbarrierWait(storage_.Barrier(S::kQFull + QSlot()), q_.parity);
    ReleaseQ();
    Skip(tile.blocks.end - tile.blocks.begin, kP.peel_first);
  }

  /// Gives back `blocks` blocks unread, with the turns that they would have taken but the first
  /// `silent` ones. Their loads are waited for: nobody may run ahead of the ring.
  ATTNJIT_DEVICE void Skip(int blocks, int silent = 0) {
#pragma unroll 1
    for (int i = 0; i < blocks; ++i) {
      MbarrierWait(storage_.Barrier(S::kKFull + k_.stage), k_.parity);
      if (kP.ping_pong && i >= silent) {
        AwaitTurn();
        PassTurn();
      }
      ReleaseK();
      MbarrierWait(storage_.Barrier(S::kVFull + v_.stage), v_.parity);
      ReleaseV();
    }
  }

  /// Of the warpgroup's 64: the first of the two that this thread works on.
  ATTNJIT_DEVICE int ThreadRow() const { return 16 * warp_ + threadIdx.x % 32 / 4; }

  /// Rows of q that no load ever fills, as pack does not divide 64.
  ATTNJIT_DEVICE void ZeroSpareRows() {
    constexpr int kBegin = kP.warpgroup_rows() * kP.q.swizzle_bytes();
    constexpr int kVectors = (kP.q.chunk_bytes() - kBegin) / 16;
    for (int i = threadIdx.x % 128; i < S::kQStages * kP.q.chunks * kVectors; i += 128) {
      StoreShared16(storage_.Q(warpgroup_, 0) + i / kVectors * kP.q.chunk_bytes() + kBegin +
                        i % kVectors * 16,
                    uint4{0, 0, 0, 0});
    }
    FenceProxyAsync();
    SyncWarpgroup();
  }

  ATTNJIT_DEVICE void ComputeTile(const Tile& tile, int first_token, int rows) {
    if (kSkips && rows <= 0) return SkipTile(tile);
    const BlockRange own = Own(tile, first_token, rows / kP.pack);
    if (kSkips && own.empty()) {
      SkipTile(tile);
      return StoreEmpty(tile, first_token, rows);
    }
    if constexpr (kSkips && kProblem.masked()) Skip(tile.blocks.end - own.end);
    float o[kP.head_dim_v_padded / 2];
    RowState state;
    MbarrierWait(storage_.Barrier(S::kQFull + QSlot()), q_.parity);
    const bool poisoned = Accumulate(tile, own, first_token, o, state);
    if constexpr (kSkips && kProblem.masked()) Skip(own.begin - tile.blocks.begin);
    if constexpr (kP.split_blocks != 0) {
      if (tile.splits != 1) {
        return FinishPiece(tile, first_token, rows, o, state, poisoned);
      }
    }
    Finish(tile, first_token, rows, o, state, poisoned);
  }

  /// Whether a boundary block's V held non-finite elements.
  ATTNJIT_DEVICE bool Accumulate(const Tile& tile, const BlockRange& blocks, int first_token,
                                 float (&o)[kP.head_dim_v_padded / 2], RowState& state) {
    float s[kP.tile_n / 2];
    u32 p[kP.tile_n / 4];
    bool poisoned = false;
#pragma unroll
    for (float& x : o) x = 0.0f;

    const int last = blocks.end - 1;
    if constexpr (kP.peel_first) {
      poisoned |= Step(tile, blocks, first_token, last, true, o, s, p, state);
    }
#pragma unroll 1
    for (int block = kP.peel_first ? last - 1 : last; block >= blocks.begin; --block) {
      const bool first = !kP.peel_first && block == last;
      poisoned |= Step(tile, blocks, first_token, block, first, o, s, p, state);
    }

    poisoned |= AwaitV(tile.blocks, blocks.begin);
    PvProduct<kP>::Pin(o);
    WgmmaFence();
    IssuePv<kP>(o, p, storage_.V(v_.stage));
    WgmmaCommit();
    WgmmaWait<0>();
    PvProduct<kP>::Pin(o);
    ReleaseV();
    return poisoned;
  }

  /// One of `blocks`: s, p and o as the head of this file says. Whether V(block + 1) was poisoned.
  ATTNJIT_DEVICE bool Step(const Tile& tile, const BlockRange& blocks, int first_token, int block,
                           bool first, float (&o)[kP.head_dim_v_padded / 2],
                           float (&s)[kP.tile_n / 2], u32 (&p)[kP.tile_n / 4], RowState& state) {
    const bool turns = kP.ping_pong && !(kP.peel_first && first);
    float rescale[2];
    bool poisoned = false;
    MbarrierWait(storage_.Barrier(S::kKFull + k_.stage), k_.parity);
    if (turns) AwaitTurn();
    PvProduct<kP>::Pin(o);
    WgmmaFence();
    IssueQk<kP>(s, storage_.Q(warpgroup_, q_.stage), storage_.K(k_.stage));
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
    if (block == blocks.begin) ReleaseQ();
    if (blocks.IsBoundary(block)) MaskBlock(s, tile, first_token, block);
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

  /// Place of the tile's q among those of all warpgroups.
  ATTNJIT_DEVICE int QSlot() const { return warpgroup_ * S::kQStages + q_.stage; }

  ATTNJIT_DEVICE void ReleaseQ() {
    Release(S::kQEmpty + QSlot());
    q_.Advance(S::kQStages);
  }
  ATTNJIT_DEVICE void ReleaseK() {
    Release(S::kKEmpty + k_.stage);
    k_.Advance(S::kStages);
  }
  ATTNJIT_DEVICE void ReleaseV() {
    Release(S::kVEmpty + v_.stage);
    v_.Advance(S::kStages);
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
        __syncwarp();  // All lanes have read when one of them gives the stage back.
        return flags != 0;
      }
    }
    return false;
  }

  ATTNJIT_DEVICE void MaskBlock(float (&s)[kP.tile_n / 2], const Tile& tile, int first_token,
                                int block) {
    if constexpr (kProblem.masked() || kP.check_kv_rows) {
      const Mask<kProblem> mask(params_, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
      ApplyMask<kP.pack>(s, mask, first_token, ThreadRow(), block * kP.tile_n);
    }
  }

  ATTNJIT_DEVICE void Finish(const Tile& tile, int first_token, int rows,
                             const float (&o)[kP.head_dim_v_padded / 2], const RowState& state,
                             bool poisoned) {
    FinishRow<0>(tile, first_token, rows, o, state);
    FinishRow<1>(tile, first_token, rows, o, state);
    if (kP.guard_v && poisoned) {
      SyncWarpgroup();
      PoisonOutput<kP>(params_, tile, first_token, rows);
    }
  }

  template <int kRow>
  ATTNJIT_DEVICE void FinishRow(const Tile& tile, int first_token, int rows,
                                const float (&o)[kP.head_dim_v_padded / 2], const RowState& state) {
    const int row = ThreadRow() + 8 * kRow;
    const bool stored = !kP.check_q_rows || row < rows;
    const float sum = QuadSum(state.sum[kRow]);
    if constexpr (kProblem.lse) {
      if (threadIdx.x % 4 == 0 && stored) {
        StoreLse<kP>(params_, tile, first_token, row, Lse(state.max[kRow], sum));
      }
    }
    StoreRow<kP, kRow>(o, OutputScale(sum), OutputAt<kP>(params_, tile, first_token, row), stored);
  }

  /// Leaves a piece of the tile's K/V behind.
  ATTNJIT_DEVICE void FinishPiece(const Tile& tile, int first_token, int rows,
                                  const float (&o)[kP.head_dim_v_padded / 2], const RowState& state,
                                  bool poisoned) {
    const Partials<kP> partials(params_, tile, warpgroup_);
    StorePartial<kP>(o, state, partials, tile.split, ThreadRow(), rows);
    if (kP.guard_v && poisoned) {
      SyncWarpgroup();
      PoisonTile<kP>(params_, tile, first_token, rows,
                     [&](int row, int d, float value) { partials.O(tile.split, row)[d] += value; });
    }
    __syncwarp();
    Release(S::kPieceFull + 2 * warpgroup_ + pieces_.stage);
    pieces_.Advance(2);
  }

  /// Ends the tiles whose last piece this block finished.
  ATTNJIT_DEVICE void CombineOwed() {
    MbarrierWait(storage_.Barrier(S::kCounted), 0);
    u32 entry = LoadShared4(storage_.Owed(warpgroup_));
    while (entry != 0) {
      const Tile tile = MakeTile<kP>(params_, entry - 1);
      u32* const counter = params_.split_counters + tile.index * S::kWarpgroups + warpgroup_;
      entry = LoadGlobal4(counter);  // Waited for under the tile's own loads.
      CombinePieces<kP>(params_, tile, Partials<kP>(params_, tile, warpgroup_), FirstToken(tile),
                        Tokens(tile) * kP.pack);
      SyncWarpgroup();
      if (threadIdx.x % 128 == 0) StoreGlobal4(counter, 0);
    }
  }

  ATTNJIT_DEVICE void StoreEmpty(const Tile& tile, int first_token, int rows) {
    StoreEmptyTile<kP>(params_, tile, first_token, rows);
    if constexpr (kProblem.lse) {
      const int row = threadIdx.x % 128;
      if (row < rows) StoreLse<kP>(params_, tile, first_token, row, kNegInf);
    }
  }

  const ForwardParams& params_;
  S storage_;
  int warpgroup_;
  int warp_;
  float scale_log2_;
  Ring q_, k_, v_;
  Ring pieces_;
};

}  // namespace attnjit::sm90
