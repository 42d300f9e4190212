// The arguments of one forward launch, as a caller gives them.
#ifndef ATTNJIT_RUNTIME_FORWARD_ARGS_H_
#define ATTNJIT_RUNTIME_FORWARD_ARGS_H_

#include <cstdint>
#include <optional>

#include "templates/params.h"

namespace attnjit {

/// A device tensor: base pointer and strides in elements (see templates/params.h). The head_dim
/// stride is 1. Pointers must be 16-byte aligned and strides multiples of 8 elements (16 bytes).
struct TensorArg {
  void* data = nullptr;
  Strides stride = {};
};

struct ForwardArgs {
  TensorArg q, k, v, o;
  TensorArg lse;  ///< float; stride.seq is 1; data null where the request has lse: false.
  int64_t batch = 0;
  int64_t heads_q = 0;
  int64_t heads_kv = 0;
  int64_t seqlen_q = 0;   ///< Packed: at least the longest sequence's.
  int64_t seqlen_kv = 0;  ///< Packed: at least the longest sequence's.
  // Packed (thd) only: device arrays of batch + 1 int32, and the number of tokens in q and in k/v.
  const int32_t* cu_seqlens_q = nullptr;
  const int32_t* cu_seqlens_kv = nullptr;
  int64_t total_q = 0;
  int64_t total_kv = 0;
  /// Device memory, 16-byte aligned, of Kernel::WorkspaceBytes; null where that is 0. Zeroed once
  /// before its first launch; launches in one stream, of any kernels, may share it.
  void* workspace = nullptr;
  int64_t workspace_bytes = 0;
  // Overrides of the request's run-time values.
  std::optional<double> softmax_scale;
  std::optional<int32_t> window_left;
  std::optional<int32_t> window_right;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_FORWARD_ARGS_H_
