#include "runtime/tensor_map.h"

#include <algorithm>
#include <string>
#include <utility>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int kRank = 4;
constexpr int kElementBytes = 2;

cu::TensorMapSwizzle SwizzleOf(int bytes) {
  switch (bytes) {
    case 32:
      return cu::kTensorMapSwizzle32B;
    case 64:
      return cu::kTensorMapSwizzle64B;
    case 128:
      return cu::kTensorMapSwizzle128B;
    default:
      return cu::kTensorMapSwizzleNone;
  }
}

/// Nothing is read through the stride of a dimension of size 1, and frameworks leave anything
/// there: a legal stride takes its place.
uint64_t StrideBytes(int64_t size, int64_t stride) {
  return size <= 1 ? kTensorMapStrideMultiple : static_cast<uint64_t>(stride) * kElementBytes;
}

llvm::Error Refused(const DriverTable& driver, const char* what, const TensorMapArgs& args,
                    cu::Result result) {
  const std::string call = llvm::formatv(
      "cuTensorMapEncodeTiled({0}: dims {1}, {2}, {3}, {4}; strides {5}, {6}, {7} elements; box "
      "{8} x {9} x {10} heads, {11}-byte swizzle)",
      what, args.head_dim, args.seq, args.heads, args.batch, args.stride.seq, args.stride.head,
      args.stride.batch, args.box_columns, args.box_rows, args.box_heads, args.swizzle_bytes);
  return MakeDriverError(driver, call, result);
}

}  // namespace

llvm::Error EncodeTensorMap(const DriverTable& driver, const char* what, const TensorMapArgs& args,
                            cu::TensorMap& map) {
  if (driver.tensor_map_encode_tiled == nullptr) {
    return llvm::make_error<DriverError>("cuTensorMapEncodeTiled", "", "the driver has none",
                                         "install a driver for CUDA 12.0 or later");
  }
  const auto at_least_1 = [](int64_t n) { return static_cast<uint64_t>(std::max<int64_t>(n, 1)); };
  uint64_t dims[kRank] = {at_least_1(args.head_dim), at_least_1(args.seq), at_least_1(args.heads),
                          at_least_1(args.batch)};
  uint64_t strides[kRank - 1] = {StrideBytes(args.seq, args.stride.seq),
                                 StrideBytes(args.heads, args.stride.head),
                                 StrideBytes(args.batch, args.stride.batch)};
  uint32_t box[kRank] = {static_cast<uint32_t>(args.box_columns),
                         static_cast<uint32_t>(args.box_rows),
                         static_cast<uint32_t>(args.box_heads), 1};
  if (args.box_heads > 1) {
    std::swap(dims[1], dims[2]);
    std::swap(strides[0], strides[1]);
    std::swap(box[1], box[2]);
  }
  const uint32_t element_strides[kRank] = {1, 1, 1, 1};
  const cu::Result result = driver.tensor_map_encode_tiled(
      &map, args.element == Element::kBf16 ? cu::kTensorMapBfloat16 : cu::kTensorMapFloat16, kRank,
      const_cast<void*>(args.data), dims, strides, box, element_strides,
      cu::kTensorMapInterleaveNone, SwizzleOf(args.swizzle_bytes), cu::kTensorMapL2Promotion128B,
      cu::kTensorMapOobFillNone);
  return result == cu::kSuccess ? llvm::Error::success() : Refused(driver, what, args, result);
}

}  // namespace attnjit
