// Where one batch element's rows are: dense tensors, or packed ones (thd) through cu_seqlens.
#pragma once

#include "params.h"
#include "problem.h"

namespace attnjit {

/// One batch element. Packed sequences are one long batch element: `batch` is 0 and the sequence
/// starts `start_*` rows into the tensor. Dense ones start at row 0 of their batch element.
struct Sequence {
  i32 batch;
  i32 start_q;
  i32 start_kv;
  i32 seqlen_q;   ///< >= 0.
  i32 seqlen_kv;  ///< >= 0.
};

template <Problem kProblem>
ATTNJIT_HOST_DEVICE Sequence LoadSequence(const ForwardParams& params, i32 batch) {
  if constexpr (kProblem.packed) {
    const i32 start_q = params.cu_seqlens_q[batch];
    const i32 start_kv = params.cu_seqlens_kv[batch];
    return {0, start_q, start_kv, params.cu_seqlens_q[batch + 1] - start_q,
            params.cu_seqlens_kv[batch + 1] - start_kv};
  } else {
    return {batch, 0, 0, params.seqlen_q, params.seqlen_kv};
  }
}

/// Elements from a tensor's base to (batch, row, head); `row` counts from the tensor's first row
/// of that batch element, so it is Sequence::start_* + the row in the sequence.
ATTNJIT_HOST_DEVICE i64 TensorOffset(const Strides& stride, i32 batch, i32 row, i32 head) {
  return static_cast<i64>(batch) * stride.batch + static_cast<i64>(row) * stride.seq +
         static_cast<i64>(head) * stride.head;
}

}  // namespace attnjit
