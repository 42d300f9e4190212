// One forward launch as mathematics: what is compiled in, and the run-time values beside it.
#ifndef ATTNJIT_TESTS_REFERENCE_FORWARD_PROBLEM_H_
#define ATTNJIT_TESTS_REFERENCE_FORWARD_PROBLEM_H_

#include <cstdint>
#include <vector>

#include "templates/params.h"
#include "templates/problem.h"

namespace attnjit {

/// Keys begin .. end - 1; empty when begin == end.
struct KeyRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
  bool operator==(const KeyRange&) const = default;
};

struct ForwardProblem {
  Problem problem = {};
  int64_t batch = 1;
  int64_t heads_q = 1;
  int64_t heads_kv = 1;  ///< heads_q / problem.group.
  int64_t seqlen_q = 0;  ///< Dense: every sequence's. Packed: at least the longest's.
  int64_t seqlen_kv = 0;
  std::vector<int32_t> cu_seqlens_q;   ///< Packed: batch + 1 ascending token numbers.
  std::vector<int32_t> cu_seqlens_kv;  ///< Packed: batch + 1.
  int32_t window_left = 0;             ///< Where problem.left is kRuntime.
  int32_t window_right = 0;            ///< Where problem.right is kRuntime.
  double softmax_scale = 1;

  int64_t SeqlenQ(int64_t b) const {
    return problem.packed ? cu_seqlens_q[b + 1] - cu_seqlens_q[b] : seqlen_q;
  }
  int64_t SeqlenKv(int64_t b) const {
    return problem.packed ? cu_seqlens_kv[b + 1] - cu_seqlens_kv[b] : seqlen_kv;
  }

  /// Rows of queries in all sequences together.
  int64_t TotalQ() const;
  /// Rows of keys in all sequences together.
  int64_t TotalKv() const;

  /// The keys that query i of sequence b attends to: templates/problem.h's mask.
  KeyRange VisibleKeys(int64_t b, int64_t i) const;

  /// Pairs of a query row and a visible key, over the batch and every query head.
  int64_t VisiblePairs() const;
};

/// Offset in elements of row i, head h of sequence b in a tensor of these strides. `cu_seqlens` is
/// that of the tensor's side (q and o, or k and v); not read for dense problems.
inline int64_t RowOffset(bool packed, const std::vector<int32_t>& cu_seqlens, const Strides& stride,
                         int64_t b, int64_t i, int64_t h) {
  if (packed) return (cu_seqlens[b] + i) * stride.seq + h * stride.head;
  return b * stride.batch + i * stride.seq + h * stride.head;
}

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_FORWARD_PROBLEM_H_
