// The tensor maps that TMA reads q, k and v and writes o through.
#ifndef ATTNJIT_RUNTIME_TENSOR_MAP_H_
#define ATTNJIT_RUNTIME_TENSOR_MAP_H_

#include <cstdint>

#include "llvm/Support/Error.h"
#include "runtime/driver.h"
#include "templates/params.h"
#include "templates/problem.h"

namespace attnjit {

/// A tensor as TMA sees it: four dimensions (head_dim, seq, head, batch), head_dim contiguous.
/// Where a box holds several heads they are (head_dim, head, seq, batch), and the box has the heads
/// of a row side by side. Packed sequences are batch = 1, seq = all tokens. What a box reads
/// outside of it is zero, what it writes there is dropped.
struct TensorMapArgs {
  const void* data = nullptr;  ///< 16-byte aligned.
  Element element = Element::kBf16;
  int64_t head_dim = 0;
  int64_t seq = 0;  ///< 0 is encoded as 1: the kernel goes by its lengths and reads nothing.
  int64_t heads = 0;
  int64_t batch = 0;
  Strides stride = {};    ///< Elements; not used for a dimension of size 1 or 0.
  int box_columns = 0;    ///< Along head_dim.
  int box_rows = 0;       ///< Along seq.
  int swizzle_bytes = 0;  ///< 0, 32, 64 or 128; at least the box's width unless 0.
  int box_heads = 1;      ///< Along heads.
};

/// Limits of a stride in bytes (CUDA 13.0, cuTensorMapEncodeTiled): a multiple of 16 below 2^40. 0
/// is one of them: a tensor broadcast along that dimension.
inline constexpr int64_t kTensorMapStrideMultiple = 16;
inline constexpr int64_t kTensorMapStrideLimit = int64_t{1} << 40;

/// Encodes into `map`; touches no device. `what` ("q") names the tensor in an error. Errors:
/// DriverError where the driver cannot encode or refuses.
llvm::Error EncodeTensorMap(const DriverTable& driver, const char* what, const TensorMapArgs& args,
                            cu::TensorMap& map);

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_TENSOR_MAP_H_
