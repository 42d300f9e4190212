// What a kernel computes: the compiled-in half of a request, shared by host and device.
//
//   o[b,i,h,:] = sum_j softmax_j(scale * q[b,i,h,:] . k[b,j,h/group,:]) * v[b,j,h/group,:]
//   lse[b,h,i] = ln sum_j exp(scale * q . k)          (natural log; -inf for an empty row)
#pragma once

#include "types.h"

namespace attnjit {

/// 16-bit element types of q, k, v and o.
enum class Element : int { kFp16 = 0, kBf16 = 1 };

/// Where the mask's diagonal lies: query i is at column i (top left), or at
/// i + seqlen_kv - seqlen_q (bottom right).
enum class Diagonal : int { kTopLeft = 0, kBottomRight = 1 };

/// A bound of the visible columns around the diagonal.
enum class Bound : int {
  kNone = 0,     ///< Unbounded.
  kZero = 1,     ///< The diagonal itself (right bound of a causal mask).
  kRuntime = 2,  ///< params.window_left or params.window_right columns away, >= 0.
};

struct Problem {
  Element element;  ///< q, k, v.
  Element element_o;
  int head_dim_qk;    ///< 8 .. 256, a multiple of 8; q and k rows.
  int head_dim_v;     ///< 8 .. 256, a multiple of 8; v and o rows.
  int group;          ///< Query heads for each K/V head (GQA), >= 1.
  Bound left;         ///< kNone or kRuntime.
  Bound right;        ///< kNone, kZero or kRuntime.
  Diagonal diagonal;  ///< kTopLeft where both bounds are kNone.
  bool packed;        ///< thd: sequences stand one after another, bounds in cu_seqlens.
  bool lse;           ///< Write lse.

  ATTNJIT_HOST_DEVICE constexpr bool masked() const {
    return left != Bound::kNone || right != Bound::kNone;
  }
  bool operator==(const Problem&) const = default;
};

}  // namespace attnjit
