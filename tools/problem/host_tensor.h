// A tensor in host memory, laid out as it will stand on the device, with guards around it.
#ifndef ATTNJIT_TOOLS_PROBLEM_HOST_TENSOR_H_
#define ATTNJIT_TOOLS_PROBLEM_HOST_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "templates/params.h"

namespace attnjit {

/// What every unit of a fresh tensor holds: a NaN in bf16 and in fp16, and two of them a NaN in
/// fp32. Reading past a row spoils a result with it, and writing past a row destroys it.
inline constexpr uint16_t kPoison = 0x7FA5;

/// Units of poison before and after the tensor.
inline constexpr int64_t kGuardUnits = 2048;

/// Extents; packed tensors are batch 1, rows all tokens. Strides in elements, as in params.h.
struct TensorGeometry {
  int64_t batch = 1;
  int64_t rows = 0;
  int64_t heads = 1;
  int columns = 1;            ///< Contiguous elements of a row.
  int units_per_element = 1;  ///< 16-bit units: 1, or 2 for fp32.
  Strides stride = {};
};

/// One piece of a tensor: host units `offset`, `count`, standing at `device_offset` bytes.
struct TensorSlab {
  int64_t offset = 0;
  int64_t count = 0;
  int64_t device_offset = 0;
};

/// The whole span of the tensor is kept, padding included. Where batches stand far apart (a stride
/// beyond 4 Mi elements and twice the span of one), the host keeps each batch with guards of its
/// own and leaves out what lies between.
class HostTensor {
 public:
  HostTensor() = default;
  /// Filled with poison.
  explicit HostTensor(const TensorGeometry& geometry);

  const TensorGeometry& geometry() const { return geometry_; }
  bool empty() const { return units_.empty(); }

  /// The first element, and strides in elements to go on from there in host memory.
  uint16_t* origin() { return units_.data() + kGuardUnits; }
  const uint16_t* origin() const { return units_.data() + kGuardUnits; }
  const Strides& host_stride() const { return host_stride_; }

  /// Bytes to allocate on the device, guards included, and where in them the first element stands.
  int64_t device_bytes() const { return device_bytes_; }
  static constexpr int64_t device_origin() { return kGuardUnits * 2; }
  const std::vector<TensorSlab>& slabs() const { return slabs_; }

  std::vector<uint16_t>& units() { return units_; }
  const std::vector<uint16_t>& units() const { return units_; }
  void Poison();

 private:
  TensorGeometry geometry_;
  Strides host_stride_ = {};
  int64_t device_bytes_ = 0;
  std::vector<TensorSlab> slabs_;
  std::vector<uint16_t> units_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_HOST_TENSOR_H_
