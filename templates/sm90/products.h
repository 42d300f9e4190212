// The two matrix products of one warpgroup: S = Q K^T from shared memory, O += P V with P in
// registers. They only issue; waiting is the caller's.
#pragma once

#include "ptx/wgmma.h"
#include "sm90/plan.h"

namespace attnjit::sm90 {

template <Sm90Plan kP>
using QkProduct = Wgmma<kP.tile_n, kP.problem.element, 0>;
template <Sm90Plan kP>
using PvProduct = Wgmma<kP.head_dim_v_padded, kP.problem.element, 1>;

/// kCount k16 steps of S = Q K^T from step `first`; step 0 overwrites s.
template <Sm90Plan kP, int kCount>
ATTNJIT_DEVICE void QkSteps(float (&s)[kP.tile_n / 2], u64 q, u64 k, int first) {
  u64 a[kCount], b[kCount];
#pragma unroll
  for (int i = 0; i < kCount; ++i) {
    a[i] = q + (ColumnStep<kP.q>(first + i) >> 4);
    b[i] = k + (ColumnStep<kP.k>(first + i) >> 4);
  }
  QkProduct<kP>::SharedShared(s, a, b, first != 0);
}

/// s = Q (64 rows) * K^T (tile_n rows), both K-major: eight rows of a chunk are 8 * swizzle bytes.
template <Sm90Plan kP>
ATTNJIT_DEVICE void IssueQk(float (&s)[kP.tile_n / 2], u32 q, u32 k) {
  constexpr int kSteps = kP.head_dim_qk_padded / 16;
  constexpr u64 kQBits = MatrixDescriptor(16, 8 * kP.q.swizzle_bytes(), kP.q.swizzle_bytes());
  constexpr u64 kKBits = MatrixDescriptor(16, 8 * kP.k.swizzle_bytes(), kP.k.swizzle_bytes());
  const u64 q_descriptor = kQBits | DescriptorAddress(q);
  const u64 k_descriptor = kKBits | DescriptorAddress(k);
#pragma unroll
  for (int i = 0; i < kSteps / 4 * 4; i += 4) QkSteps<kP, 4>(s, q_descriptor, k_descriptor, i);
#pragma unroll
  for (int i = kSteps / 4 * 4; i < kSteps; ++i) QkSteps<kP, 1>(s, q_descriptor, k_descriptor, i);
}

/// kCount k16 steps of O += P V from step `first`.
template <Sm90Plan kP, int kCount>
ATTNJIT_DEVICE void PvSteps(float (&o)[kP.head_dim_v_padded / 2], const u32 (&p)[kP.tile_n / 4],
                            u64 v, int first) {
  u32 a[4 * kCount];
  u64 b[kCount];
#pragma unroll
  for (int i = 0; i < 4 * kCount; ++i) a[i] = p[4 * first + i];
#pragma unroll
  for (int i = 0; i < kCount; ++i) b[i] = v + (16 * (first + i) * kP.v.swizzle_bytes() >> 4);
  PvProduct<kP>::RegisterShared(o, a, b);
}

/// o += P * V. V is MN-major: a chunk of columns to the next is the leading offset, eight rows to
/// the next are the stride offset.
template <Sm90Plan kP>
ATTNJIT_DEVICE void IssuePv(float (&o)[kP.head_dim_v_padded / 2], const u32 (&p)[kP.tile_n / 4],
                            u32 v) {
  constexpr int kSteps = kP.tile_n / 16;
  constexpr u64 kVBits =
      MatrixDescriptor(kP.v.chunk_bytes(), 8 * kP.v.swizzle_bytes(), kP.v.swizzle_bytes());
  const u64 v_descriptor = kVBits | DescriptorAddress(v);
#pragma unroll
  for (int i = 0; i < kSteps / 4 * 4; i += 4) PvSteps<kP, 4>(o, p, v_descriptor, i);
#pragma unroll
  for (int i = kSteps / 4 * 4; i < kSteps; ++i) PvSteps<kP, 1>(o, p, v_descriptor, i);
}

}  // namespace attnjit::sm90
