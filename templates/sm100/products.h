// The two matrix products of one part: S = Q K^T from shared memory, O += P V with P in tensor
// memory. They only issue; order and waiting are multiply.h's. One thread calls these.
#pragma once

#include "ptx/tcgen05_mma.h"
#include "sm100/plan.h"

namespace attnjit::sm100 {

/// S at `s` = Q (part_m rows) * K^T (tile_n rows), both K-major: eight rows of a chunk are
/// 8 * swizzle bytes.
template <Sm100Plan kP>
ATTNJIT_DEVICE void IssueQk(u32 s, u32 q, u32 k) {
  constexpr int kSteps = kP.head_dim_qk_padded / 16;
  constexpr u64 kQBits = TensorOperand(16, 8 * kP.q.swizzle_bytes(), kP.q.swizzle_bytes());
  constexpr u64 kKBits = TensorOperand(16, 8 * kP.k.swizzle_bytes(), kP.k.swizzle_bytes());
  constexpr u32 kShape = ProductShape<kP.problem.element>(kP.part_m(), kP.tile_n, false);
  const u64 q_operand = kQBits | TensorOperandAddress(q);
  const u64 k_operand = kKBits | TensorOperandAddress(k);
#pragma unroll
  for (int i = 0; i < kSteps; ++i) {
    ProductShared<kP.ctas>(s, q_operand + (ColumnStep<kP.q>(i) >> 4),
                           k_operand + (ColumnStep<kP.k>(i) >> 4), kShape, i != 0);
  }
}

/// Keys kFrom .. kTo - 1 of O at `o` += P at `p` * V; `first` overwrites O. V is N-major: a chunk of
/// columns to the next is the leading offset, eight rows to the next are the stride offset.
template <Sm100Plan kP, int kFrom, int kTo>
ATTNJIT_DEVICE void IssuePv(u32 o, u32 p, u32 v, bool first) {
  constexpr u64 kVBits =
      TensorOperand(kP.v.chunk_bytes(), 8 * kP.v.swizzle_bytes(), kP.v.swizzle_bytes());
  constexpr u32 kShape = ProductShape<kP.problem.element>(kP.part_m(), kP.head_dim_v_padded, true);
  const u64 v_operand = kVBits | TensorOperandAddress(v);
#pragma unroll
  for (int i = kFrom / 16; i < kTo / 16; ++i) {
    ProductTensor<kP.ctas>(o, p + 8 * i, v_operand + (16 * i * kP.v.swizzle_bytes() >> 4), kShape,
                           i != 0 || !first);
  }
}

}  // namespace attnjit::sm100
