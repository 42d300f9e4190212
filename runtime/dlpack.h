// The layout of DLPack's DLTensor (dlpack.h, version 1.0), which is a stable ABI, so that building
// needs no header of it.
#ifndef ATTNJIT_RUNTIME_DLPACK_H_
#define ATTNJIT_RUNTIME_DLPACK_H_

#include <cstdint>

namespace attnjit::dlpack {

// DLDeviceType
inline constexpr int32_t kCuda = 2;
inline constexpr int32_t kCudaManaged = 13;
// DLDataTypeCode
inline constexpr uint8_t kInt = 0;
inline constexpr uint8_t kFloat = 2;
inline constexpr uint8_t kBfloat = 4;

struct Device {
  int32_t type;
  int32_t id;
};

struct DataType {
  uint8_t code;
  uint8_t bits;
  uint16_t lanes;
};

struct Tensor {
  void* data;
  Device device;
  int32_t ndim;
  DataType dtype;
  int64_t* shape;
  int64_t* strides;  ///< In elements; null: contiguous.
  uint64_t byte_offset;
};
static_assert(sizeof(Tensor) == 48);

}  // namespace attnjit::dlpack

#endif  // ATTNJIT_RUNTIME_DLPACK_H_
