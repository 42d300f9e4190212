// Tensor maps as the emulator encodes them: the arguments of cuTensorMapEncodeTiled, checked as the
// driver does, in 128 bytes that nothing else produces.
#ifndef ATTNJIT_RUNTIME_EMULATOR_ASYNC_TENSOR_MAP_H_
#define ATTNJIT_RUNTIME_EMULATOR_ASYNC_TENSOR_MAP_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "runtime/cuda_types.h"
#include "runtime/emulator/matrix/swizzle.h"

namespace attnjit::emulator {

inline constexpr uint32_t kMaxTensorRank = 5;
inline constexpr uint32_t kTensorMapBytes = 128;

/// CUtensorMapDataType, in cuda.h's order.
enum class TensorElement : uint8_t {
  kU8,
  kU16,
  kU32,
  kS32,
  kU64,
  kS64,
  kF16,
  kF32,
  kF64,
  kBf16,
  kF32Ftz,
  kTf32,
  kTf32Ftz,
  k4x16,        ///< 16U4_ALIGN8B
  k4x16Padded,  ///< 16U4_ALIGN16B
  k6x16Padded,  ///< 16U6_ALIGN16B
};
/// Bytes of one element of kU8 to kTf32Ftz.
uint32_t ElementBytes(TensorElement element);
bool IsFloat(TensorElement element);

using TensorSwizzle = Swizzle;

/// One map. Dimension 0 is the innermost one.
struct TensorMapInfo {
  TensorElement element = TensorElement::kU8;
  uint32_t rank = 1;
  uint64_t address = 0;                                       ///< Device address, a multiple of 16.
  std::array<uint64_t, kMaxTensorRank> dims = {};             ///< Elements, 1 to 2^32.
  std::array<uint64_t, kMaxTensorRank> strides = {};          ///< Bytes; [0] is the element's size.
  std::array<uint32_t, kMaxTensorRank> box = {};              ///< Elements covered, 1 to 256.
  std::array<uint32_t, kMaxTensorRank> element_strides = {};  ///< 1 to 8; [0] is ignored.
  TensorSwizzle swizzle = TensorSwizzle::kNone;
  uint8_t l2_promotion = 0;  ///< CUtensorMapL2promotion; changes no values.
  bool fill_nan = false;     ///< Elements outside of the tensor: NaN instead of zero.
};

/// What cuTensorMapEncodeTiled of CUDA 13.0 has against its arguments: one line that names the
/// argument, its value and the rule, "" if nothing. Pointers as the driver takes them.
std::string TensorMapProblem(const cu::TensorMap* map, int type, uint32_t rank, const void* address,
                             const uint64_t* dims, const uint64_t* strides, const uint32_t* box,
                             const uint32_t* element_strides, int interleave, int swizzle,
                             int promotion, int fill);

/// cuTensorMapEncodeTiled. kErrorInvalidValue where there is a TensorMapProblem;
/// kErrorNotSupported for what the driver takes and the emulator cannot copy: interleaved layouts
/// and packed 4- and 6-bit elements.
cu::Result EncodeTensorMap(cu::TensorMap* map, cu::TensorMapDataType type, uint32_t rank,
                           void* address, const uint64_t* dims, const uint64_t* strides,
                           const uint32_t* box, const uint32_t* element_strides,
                           cu::TensorMapInterleave interleave, cu::TensorMapSwizzle swizzle,
                           cu::TensorMapL2Promotion promotion, cu::TensorMapOobFill fill);

/// Reads the 128 bytes of a map; nullopt if EncodeTensorMap did not write them so.
std::optional<TensorMapInfo> DecodeTensorMap(const uint8_t* bytes);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_ASYNC_TENSOR_MAP_H_
