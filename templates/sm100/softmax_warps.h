// A softmax warpgroup: thread r has row r of one score buffer, whole.
//
// With two q tiles each warpgroup has one of them. With one, they take turns at its blocks: a row's
// maximum goes from hand to hand, and each keeps the sum of its own blocks.
//
//   S -> registers | mask | maximum | factor of O -> correction | P -> tensor memory: the first
//   columns, then the rest | sum
#pragma once

#include "ptx/tcgen05_access.h"
#include "ptx/tcgen05_sync.h"
#include "sm100/softmax.h"
#include "sm100/storage.h"
#include "sm100/tile_loop.h"

namespace attnjit::sm100 {

template <Sm100Plan kP>
class Softmax {
 public:
  using S = Storage<kP>;
  static constexpr Problem kProblem = kP.problem;
  static constexpr bool kTakesTurns = kP.q_tiles == 1;

  /// `tensor`: this warp's first lane of tensor memory.
  ATTNJIT_DEVICE Softmax(const ForwardParams& params, S storage, u32 tensor, int rank, int buffer)
      : params_(params),
        storage_(storage),
        tensor_(tensor + buffer * kP.s_stride),
        rank_(rank),
        buffer_(buffer),
        row_(threadIdx.x % 128) {}

  ATTNJIT_DEVICE void Compute(const Tile<kP>& tile) {
    const int t = kTakesTurns ? 0 : buffer_;
    const BlockRange blocks = tile.Part(t);
    if (blocks.empty()) return;
    float max = kEmptyMax;
    RowSum sum;
    const int first = blocks.end - 1 - (kTakesTurns ? buffer_ : 0);
#pragma unroll 1
    for (int block = first; block >= blocks.begin; block -= kTakesTurns ? 2 : 1) {
      Step(tile, t, blocks, block, max, sum);
    }
    TellEnd(sum.Total(), max);
  }

 private:
  ATTNJIT_DEVICE void Step(const Tile<kP>& tile, int t, const BlockRange& blocks, int block,
                           float& max, RowSum& sum) {
    u32 s[kP.tile_n];
    MbarrierWaitS();
    TensorFenceAfter();
#pragma unroll
    for (int i = 0; i < kP.tile_n; i += 32) {
      TensorLoad(reinterpret_cast<u32(&)[32]>(s[i]), tensor_ + kP.s_column + i);
    }
    TensorWaitLoad();
    if constexpr (kProblem.masked() || kP.check_kv_rows) {
      if (blocks.IsBoundary(block)) {
        const Mask<kProblem> mask(params_, tile.sequence.seqlen_q, tile.sequence.seqlen_kv);
        ApplyMask(s, mask, tile.FirstRow(t, rank_) + row_, block * kP.tile_n);
      }
    }
    const float scale = params_.softmax_scale_log2;
    const bool first = block == blocks.end - 1;
    float before = max;
    if (kTakesTurns && !first) before = TakeMax();
    const float next = NextMax<kP.rescale_threshold>(before, LargestScore(s), scale);
    if (!first) TellFactor(RescaleFactor(before, next));
    if (kTakesTurns && block != blocks.begin) PassMax(next);
    sum.Scale(RescaleFactor(max, next));
    max = next;
    // A largest score of infinity makes NaN of all of its row.
    StoreP(s, scale, -__fmaf_rn(max, 0.0f, max), sum);
  }

  ATTNJIT_DEVICE void MbarrierWaitS() {
    storage_.AwaitAll(S::kSFull + buffer_, s_parity_);
    s_parity_ ^= 1;
  }

  /// P over S, in two parts that the products begin with one after the other.
  ATTNJIT_DEVICE void StoreP(const u32 (&s)[kP.tile_n], float scale, float minus_max, RowSum& sum) {
    const FloatPair scales = MakePair(scale, scale);
    const FloatPair bases = MakePair(minus_max, minus_max);
#pragma unroll
    for (int i = 0; i < kP.tile_n; i += 32) {
      u32 p[16];
      Exponentials<kP>(s, i, scales, bases, p, sum);
      TensorStore(tensor_ + kP.p_column + i / 2, p);
      if (i + 32 == kP.p_first) TellP(S::kPFull);
    }
    TellP(S::kPRest);
  }

  ATTNJIT_DEVICE void TellP(int barrier) {
    TensorWaitStore();
    TensorFenceBefore();
    __syncwarp();
    if (ElectOne()) storage_.ArriveLeader(barrier + buffer_);
  }

  ATTNJIT_DEVICE void AwaitStateEmpty() {
    MbarrierWait(storage_.Barrier(S::kStateEmpty + buffer_), state_parity_ ^ 1);
    state_parity_ ^= 1;
  }
  ATTNJIT_DEVICE void Arrive(int barrier) {
    __syncwarp();
    if (ElectOne()) MbarrierArrive(storage_.Barrier(barrier + buffer_));
  }

  ATTNJIT_DEVICE void TellFactor(float factor) {
    AwaitStateEmpty();
    StoreShared4(storage_.State(buffer_, row_), __float_as_uint(factor));
    Arrive(S::kStateFull);
  }
  ATTNJIT_DEVICE void TellEnd(float sum, float max) {
    AwaitStateEmpty();
    StoreShared4(storage_.State(buffer_, row_), __float_as_uint(sum));
    StoreShared4(storage_.State(buffer_, row_) + S::kStateMax, __float_as_uint(max));
    Arrive(S::kStateFull);
  }

  /// The other warpgroup's maximum, of the block before this one.
  ATTNJIT_DEVICE float TakeMax() {
    MbarrierWait(storage_.Barrier(S::kMaxFull + (buffer_ ^ 1)), max_parity_);
    max_parity_ ^= 1;
    return __uint_as_float(LoadShared4(storage_.Maximum(buffer_ ^ 1, row_)));
  }
  ATTNJIT_DEVICE void PassMax(float max) {
    StoreShared4(storage_.Maximum(buffer_, row_), __float_as_uint(max));
    Arrive(S::kMaxFull);
  }

  const ForwardParams& params_;
  S storage_;
  u32 tensor_;
  int rank_;
  int buffer_;
  int row_;
  u32 s_parity_ = 0;
  u32 state_parity_ = 0;
  u32 max_parity_ = 0;
};

}  // namespace attnjit::sm100
