// Everything one launch reads and writes, in host memory: tensors, their storage, their contents.
#ifndef ATTNJIT_TOOLS_PROBLEM_LAUNCH_IMAGE_H_
#define ATTNJIT_TOOLS_PROBLEM_LAUNCH_IMAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "generator/spec.h"
#include "tests/reference/compare.h"
#include "tests/reference/forward_problem.h"
#include "tests/reference/reference.h"
#include "tools/problem/host_tensor.h"

namespace attnjit {

/// How the tensors stand in memory, beyond their layout. Everything between the rows is poison.
struct StorageOptions {
  int64_t head_padding = 0;     ///< Elements after each row of a head; a multiple of 8.
  int64_t seq_padding = 0;      ///< Elements after each row of all heads (bhsd: after each head).
  int64_t batch_padding = 0;    ///< Elements after each batch.
  int64_t batch_stride = 0;     ///< Dense: the batch stride of k and v, if not 0.
  bool interleaved = false;     ///< Tokens three times as far apart, as views of one qkv tensor.
  bool broadcast_kv = false;    ///< Dense: batch stride 0 for k and v.
  int64_t lse_padding = 0;      ///< Floats after each head of lse.
  int64_t trailing_tokens = 0;  ///< Packed: tokens after the last sequence.
};

/// One launch. q, k and v hold inputs, o and lse what the kernel left.
struct LaunchImage {
  ForwardProblem problem;
  HostTensor q, k, v, o;
  HostTensor lse;        ///< Empty where the problem writes none.
  int64_t total_q = 0;   ///< Packed: tokens of q and o.
  int64_t total_kv = 0;  ///< Packed: tokens of k and v.

  Tensor16 Q() const { return {q.origin(), q.host_stride()}; }
  Tensor16 K() const { return {k.origin(), k.host_stride()}; }
  Tensor16 V() const { return {v.origin(), v.host_stride()}; }
  Tensor16 O() const { return {o.origin(), o.host_stride()}; }
  TensorLse Lse() const;

  uint16_t* RowQ(int64_t b, int64_t i, int64_t h) { return Row(q, problem.cu_seqlens_q, b, i, h); }
  uint16_t* RowK(int64_t b, int64_t j, int64_t h) { return Row(k, problem.cu_seqlens_kv, b, j, h); }
  uint16_t* RowV(int64_t b, int64_t j, int64_t h) { return Row(v, problem.cu_seqlens_kv, b, j, h); }
  uint16_t* RowO(int64_t b, int64_t i, int64_t h) { return Row(o, problem.cu_seqlens_q, b, i, h); }
  /// Two units: the bits of one float.
  uint16_t* RowLse(int64_t b, int64_t i, int64_t h);

 private:
  uint16_t* Row(HostTensor& tensor, const std::vector<int32_t>& cu_seqlens, int64_t b, int64_t i,
                int64_t h) {
    return tensor.origin() +
           RowOffset(problem.problem.packed, cu_seqlens, tensor.host_stride(), b, i, h);
  }
};

/// The run-time values of `spec` and sizes of the caller: batch, lengths, heads; dense.
ForwardProblem MakeProblem(const AttentionSpec& spec, int64_t batch, int64_t heads_kv,
                           int64_t seqlen_q, int64_t seqlen_kv);
/// Packed: one sequence for each pair of lengths.
ForwardProblem MakePackedProblem(const AttentionSpec& spec, int64_t heads_kv,
                                 const std::vector<int32_t>& seqlens_q,
                                 const std::vector<int32_t>& seqlens_kv);

/// Poisoned tensors for a problem.
LaunchImage MakeLaunchImage(const ForwardProblem& problem, Layout layout,
                            const StorageOptions& storage);

/// Normal random numbers, rounded to the element type.
struct Normal {
  float mean = 0;
  float sigma = 1;
};

/// Fills the rows of q, k and v. What a row holds depends on `seed`, the tensor, the row's place in
/// its sequence, its head, and its sequence's number in `sequences` (0, 1, .. if empty) alone: a
/// sequence gets the same rows in another batch.
void FillInputs(LaunchImage& image, uint64_t seed, const Normal& q, const Normal& k,
                const Normal& v, const std::vector<int64_t>& sequences);

/// Poison where the kernel must not write (padding, guards, other tokens) that it overwrote in o or
/// lse: "" if none, else what and where. Also finds rows of the problem that still hold poison.
std::string FindStrayWrites(LaunchImage& image);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_LAUNCH_IMAGE_H_
