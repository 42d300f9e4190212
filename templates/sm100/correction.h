// The correction warpgroup: thread r has row r of each part's O.
//
//   each block but a part's first: the row's factor from softmax; where a row of the warp needs it,
//   O shrinks, once the P V before is complete; then the next P V may begin
//   end: O / sum -> shared memory, a chunk of columns at a time, for TMA; lse
//
// A part's first P V overwrites O, so it needs no more than that the tile before has been read:
// that is told at the end of each tile, and once at the start.
#pragma once

#include "ptx/tcgen05_sync.h"
#include "ptx/tma.h"
#include "sm100/output.h"
#include "sm100/poison.h"

namespace attnjit::sm100 {

template <Sm100Plan kP>
class Correction {
 public:
  using S = Storage<kP>;
  static constexpr Problem kProblem = kP.problem;

  /// `tensor`: this warp's first lane of tensor memory.
  ATTNJIT_DEVICE Correction(const ForwardParams& params, S storage, u32 tensor, int rank)
      : params_(params),
        storage_(storage),
        tensor_(tensor),
        rank_(rank),
        row_(threadIdx.x % 128) {
    for (int t = 0; t < kP.q_tiles; ++t) LetPvBegin(t);
  }

  ATTNJIT_DEVICE void Correct(const Tile<kP>& tile) {
    const BlockRange& blocks = tile.blocks;
#pragma unroll 1
    for (int block = blocks.end - 1; block >= blocks.begin; --block) {
#pragma unroll 1
      for (int t = 0; t < kP.q_tiles; ++t) {
        if (tile.Visits(t, block) && block != tile.Part(t).end - 1) Rescale(tile, t, block);
      }
    }
    const bool poisoned = kP.guard_v && !blocks.empty() && TakeFound();
#pragma unroll 1
    for (int t = 0; t < kP.q_tiles; ++t) {
      if (tile.Part(t).empty()) {
        if (row_ < tile.Rows(t, rank_)) {
          StoreEmptyRow<kP>(params_, tile, tile.FirstRow(t, rank_) + row_);
        }
      } else {
        Finish(tile, t, poisoned);
      }
    }
  }

 private:
  /// Behind a TensorFenceBefore where O was touched.
  ATTNJIT_DEVICE void LetPvBegin(int buffer) {
    __syncwarp();
    if (ElectOne()) storage_.ArriveLeader(S::kPFull + buffer);
  }

  ATTNJIT_DEVICE void AwaitState(int buffer) {
    MbarrierWait(storage_.Barrier(S::kStateFull + buffer), state_.Of(buffer));
    state_.Flip(buffer);
  }
  ATTNJIT_DEVICE void ReleaseState(int buffer) {
    __syncwarp();
    if (ElectOne()) MbarrierArrive(storage_.Barrier(S::kStateEmpty + buffer));
  }
  ATTNJIT_DEVICE void AwaitO(int t) {
    storage_.AwaitAll(S::kODone + t, o_.Of(t));
    o_.Flip(t);
    TensorFenceAfter();
  }

  ATTNJIT_DEVICE void Rescale(const Tile<kP>& tile, int t, int block) {
    const int buffer = tile.Buffer(t, block);
    AwaitState(buffer);
    const float factor = __uint_as_float(LoadShared4(storage_.State(buffer, row_)));
    ReleaseState(buffer);
    AwaitO(t);
    if (__any_sync(0xffffffff, factor != 1.0f)) {
      const u32 o = tensor_ + kP.o_column + t * kP.o_stride;
#pragma unroll 1
      for (int column = 0; column < kP.head_dim_v_padded; column += 16) {
        u32 v[16];
        TensorLoad(v, o + column);
        TensorWaitLoad();
#pragma unroll
        for (u32& x : v) x = __float_as_uint(__uint_as_float(x) * factor);
        TensorStore(o + column, v);
      }
      TensorWaitStore();
      TensorFenceBefore();
    }
    LetPvBegin(buffer);
  }

  /// A row's sum and maximum over all of its blocks.
  ATTNJIT_DEVICE void TakeEnd(const Tile<kP>& tile, int t, float& sum, float& max) {
    const int last = kP.q_tiles == 2 ? t : tile.Buffer(t, tile.Part(t).begin);
    AwaitState(last);
    sum = __uint_as_float(LoadShared4(storage_.State(last, row_)));
    max = __uint_as_float(LoadShared4(storage_.State(last, row_) + S::kStateMax));
    ReleaseState(last);
    if constexpr (kP.q_tiles == 1) {
      const int other = last ^ 1;
      AwaitState(other);
      const u32 state = storage_.State(other, row_);
      const float other_max = __uint_as_float(LoadShared4(state + S::kStateMax));
      sum += __uint_as_float(LoadShared4(state)) * RescaleFactor(other_max, max);
      ReleaseState(other);
    }
  }

  /// Whether V of a boundary block had to be cleaned, in either CTA.
  ATTNJIT_DEVICE bool TakeFound() {
    storage_.AwaitAll(S::kGuardDone, guard_parity_);
    guard_parity_ ^= 1;
    u32 found = 0;
#pragma unroll
    for (int i = 0; i < kP.ctas; ++i) found |= LoadShared4(storage_.Found(i));
    __syncwarp();
    if (ElectOne()) {
      MbarrierArrive(storage_.Barrier(S::kGuardRead));
      if constexpr (kP.ctas == 2) {
        MbarrierArriveCluster(InCta(storage_.Barrier(S::kGuardRead), rank_ ^ 1));
      }
    }
    return found != 0;
  }

  ATTNJIT_DEVICE void Finish(const Tile<kP>& tile, int t, bool poisoned) {
    float sum, max;
    TakeEnd(tile, t, sum, max);
    const i32 row = tile.FirstRow(t, rank_) + row_;
    const i32 rows = tile.Rows(t, rank_);
    const bool stored = !kP.check_q_rows || row_ < rows;
    if constexpr (kProblem.lse) {
      if (stored) StoreLse<kP>(params_, tile, row, Lse(max, sum));
    }
    AwaitO(t);
    // Rows of the next sequence must not be touched: only whole tiles go through TMA there.
    const bool by_tma = kProblem.packed && kP.check_q_rows ? rows == 128 : rows > 0;
    if (by_tma) {
      StoreChunks(tile, t, row, OutputScale(sum), poisoned);
    } else if constexpr (kProblem.packed) {
      StoreRow(tile, t, row, OutputScale(sum), poisoned, stored);
    }
    TensorFenceBefore();
    LetPvBegin(kP.q_tiles == 2 ? t : 0);
  }

  /// 16 columns of this thread's row of O.
  ATTNJIT_DEVICE void TakeColumns(const Tile<kP>& tile, int t, i32 row, int column, float scale,
                                  bool poisoned, float (&o)[16]) {
    u32 v[16];
    TensorLoad(v, tensor_ + kP.o_column + t * kP.o_stride + column);
    TensorWaitLoad();
#pragma unroll
    for (int i = 0; i < 16; ++i) o[i] = __uint_as_float(v[i]) * scale;
    if constexpr (kP.guard_v) {
      if (poisoned) PoisonColumns<kP>(o, params_, tile, row, column);
    }
  }

  ATTNJIT_DEVICE void StoreChunks(const Tile<kP>& tile, int t, i32 row, float scale,
                                  bool poisoned) {
    float o[16];
#pragma unroll 1
    for (int column = 0; column < kP.head_dim_v_padded; column += 16) {
      if (column % kP.o.chunk == 0) {
        MbarrierWait(storage_.Barrier(S::kOEmpty + stage_.stage), stage_.parity ^ 1);
      }
      TakeColumns(tile, t, row, column, scale, poisoned, o);
      StageColumns<kP>(o, storage_.O(stage_.stage), row_, column);
      if ((column + 16) % kP.o.chunk == 0) {
        FenceProxyAsync();
        __syncwarp();
        if (ElectOne()) MbarrierArrive(storage_.Barrier(S::kOFull + stage_.stage));
        stage_.Advance(kP.o_stages);
      }
    }
  }

  ATTNJIT_DEVICE void StoreRow(const Tile<kP>& tile, int t, i32 row, float scale, bool poisoned,
                               bool stored) {
    float o[16];
    u16* const out = OutputAt<kP>(params_, tile, row);
#pragma unroll 1
    for (int column = 0; column < kP.head_dim_v_padded; column += 16) {
      TakeColumns(tile, t, row, column, scale, poisoned, o);
      if (stored) StoreColumns<kP>(o, out, column);
    }
  }

  const ForwardParams& params_;
  S storage_;
  u32 tensor_;
  int rank_;
  int row_;
  Parities state_;
  Parities o_;
  u32 guard_parity_ = 0;
  Ring stage_;
};

}  // namespace attnjit::sm100
