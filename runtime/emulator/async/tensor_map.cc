#include "runtime/emulator/async/tensor_map.h"

#include <cstring>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

constexpr uint64_t kMaxDim = uint64_t{1} << 32;
constexpr uint64_t kStrideLimit = uint64_t{1} << 40;
constexpr uint32_t kMaxBox = 256;
constexpr uint32_t kMaxElementStride = 8;
/// The driver refuses boxes of 512 KiB; that its limit is a CTA's shared memory is inferred.
constexpr uint64_t kMaxBoxBytes = 227 << 10;
constexpr int kElementCount = 16;
constexpr int kSwizzleCount = 7;
constexpr int kMapAlignment = 64;

/// The driver's arguments, once rank and pointers are known to be usable.
struct Arguments {
  TensorElement element;
  uint32_t rank;
  uint64_t address;
  const uint64_t* dims;
  const uint64_t* strides;
  const uint32_t* box;
  const uint32_t* element_strides;
  int interleave;
  TensorSwizzle swizzle;
  bool fill_nan;

  bool interleaved() const { return interleave != cu::kTensorMapInterleaveNone; }
  bool packed() const { return element >= TensorElement::k4x16; }
  /// 16U4_ALIGN16B and 16U6_ALIGN16B: 128 elements and 32-byte alignment.
  bool padded() const {
    return element == TensorElement::k4x16Padded || element == TensorElement::k6x16Padded;
  }
};

/// The widest alignment that address and strides need.
uint64_t GlobalAlignment(const Arguments& a) {
  return a.interleave == cu::kTensorMapInterleave32B || a.padded() ? 32 : 16;
}

std::string ShapeProblem(const Arguments& a) {
  if (a.interleaved() && a.rank < 3) {
    return llvm::formatv("rank {0}: an interleaved layout needs at least 3 dimensions", a.rank);
  }
  if (a.address % GlobalAlignment(a) != 0) {
    return llvm::formatv("address {0:x}: not a multiple of {1}", a.address, GlobalAlignment(a));
  }
  for (uint32_t i = 0; i < a.rank; ++i) {
    if (a.dims[i] == 0 || a.dims[i] > kMaxDim) {
      return llvm::formatv("dims[{0}] = {1}: not in 1 .. 2^32", i, a.dims[i]);
    }
  }
  if (a.padded() && a.dims[0] % 128 != 0) {
    return llvm::formatv("dims[0] = {0}: not a multiple of 128 packed elements", a.dims[0]);
  }
  if (a.element == TensorElement::k4x16 && a.dims[0] % 2 != 0) {
    return llvm::formatv("dims[0] = {0}: not a multiple of 2 packed elements", a.dims[0]);
  }
  for (uint32_t i = 0; i + 1 < a.rank; ++i) {
    if (a.strides[i] % GlobalAlignment(a) != 0 || a.strides[i] >= kStrideLimit) {
      return llvm::formatv("strides[{0}] = {1}: not a multiple of {2} below 2^40", i, a.strides[i],
                           GlobalAlignment(a));
    }
  }
  return "";
}

/// Bytes of the box's innermost row; in bits first because packed elements are narrower.
uint64_t InnerBytes(const Arguments& a) {
  switch (a.element) {
    case TensorElement::k4x16:
    case TensorElement::k4x16Padded:
      return uint64_t{a.box[0]} * 4 / 8;
    case TensorElement::k6x16Padded:
      return uint64_t{a.box[0]} * 6 / 8;
    default:
      return uint64_t{a.box[0]} * ElementBytes(a.element);
  }
}

std::string BoxProblem(const Arguments& a) {
  for (uint32_t i = 0; i < a.rank; ++i) {
    if (a.box[i] == 0 || a.box[i] > kMaxBox) {
      return llvm::formatv("box[{0}] = {1}: not in 1 .. 256", i, a.box[i]);
    }
    if (a.element_strides[i] == 0 || a.element_strides[i] > kMaxElementStride) {
      return llvm::formatv("element_strides[{0}] = {1}: not in 1 .. 8", i, a.element_strides[i]);
    }
  }
  uint64_t bytes = InnerBytes(a);
  for (uint32_t i = 1; i < a.rank; ++i) {
    bytes *= (a.box[i] + a.element_strides[i] - 1) / a.element_strides[i];
  }
  if (bytes > kMaxBoxBytes) {
    return llvm::formatv("box: {0} bytes are more than a CTA's shared memory", bytes);
  }
  if (a.padded() && a.box[0] != 128) {
    return llvm::formatv("box[0] = {0}: must be 128 for packed elements", a.box[0]);
  }
  if (!a.interleaved() && InnerBytes(a) % 16 != 0) {
    return llvm::formatv("box[0] = {0}: {1} bytes are not a multiple of 16", a.box[0],
                         InnerBytes(a));
  }
  const uint32_t width = SwizzleWidth(a.swizzle);
  const bool swizzled = a.swizzle != TensorSwizzle::kNone;
  if (!a.interleaved() && swizzled && InnerBytes(a) > width) {
    return llvm::formatv("box[0] = {0}: {1} bytes are wider than the {2}-byte swizzle", a.box[0],
                         InnerBytes(a), width);
  }
  return "";
}

std::string ModeProblem(const Arguments& a) {
  if (a.interleave == cu::kTensorMapInterleave32B && a.swizzle != TensorSwizzle::k32B) {
    return "interleave 32B: the swizzle must be 32B";
  }
  if (a.element == TensorElement::k6x16Padded && a.interleaved()) {
    return "interleave: must be none for 6-bit elements";
  }
  if (a.padded()) {
    const bool stored =
        a.swizzle == TensorSwizzle::k128BAtom64B && a.element == TensorElement::k6x16Padded;
    if (!stored && a.swizzle != TensorSwizzle::kNone && a.swizzle != TensorSwizzle::k128B &&
        a.swizzle != TensorSwizzle::k128BAtom32B) {
      return "swizzle: not one of those that packed elements allow";
    }
  }
  if (a.fill_nan && (!IsFloat(a.element) || a.packed())) {
    return "fill NaN: the elements are no floating-point numbers";
  }
  return "";
}

// The encoding: little endian, at these offsets. Dimensions and boxes are stored less 1. The second
// word stays zero: CUTLASS clears bit 21 of it in the maps of small tensors, against an error of
// drivers up to 13.1 (cute/atom/copy_traits_sm90_tma.hpp), which must change nothing here.
constexpr uint64_t kMagic = 0x50'41'4d'4a'4e'54'54'41;  // "ATTNJMAP"
constexpr size_t kMagicAt = 0;
constexpr size_t kAddressAt = 16;
constexpr size_t kStridesAt = 24;
constexpr size_t kDimsAt = 56;
constexpr size_t kBoxAt = 76;
constexpr size_t kElementStridesAt = 81;
constexpr size_t kModesAt = 86;  // Element, rank, swizzle, promotion, fill; zeros follow.
constexpr size_t kChecksumAt = kTensorMapBytes - sizeof(uint64_t);

template <class T>
void Put(uint8_t* bytes, size_t at, T value) {
  std::memcpy(bytes + at, &value, sizeof(T));
}
template <class T>
T Get(const uint8_t* bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes + at, sizeof(T));
  return value;
}

/// FNV-1a over all but the checksum itself.
uint64_t Checksum(const uint8_t* bytes) {
  uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (size_t i = 0; i < kChecksumAt; ++i) {
    hash = (hash ^ bytes[i]) * 0x100'0000'01b3;
  }
  return hash;
}

}  // namespace

uint32_t ElementBytes(TensorElement element) {
  switch (element) {
    case TensorElement::kU16:
    case TensorElement::kF16:
    case TensorElement::kBf16:
      return 2;
    case TensorElement::kU32:
    case TensorElement::kS32:
    case TensorElement::kF32:
    case TensorElement::kF32Ftz:
    case TensorElement::kTf32:
    case TensorElement::kTf32Ftz:
      return 4;
    case TensorElement::kU64:
    case TensorElement::kS64:
    case TensorElement::kF64:
      return 8;
    default:
      return 1;
  }
}

bool IsFloat(TensorElement element) {
  return element >= TensorElement::kF16 && element <= TensorElement::kTf32Ftz;
}

std::string TensorMapProblem(const cu::TensorMap* map, int type, uint32_t rank, const void* address,
                             const uint64_t* dims, const uint64_t* strides, const uint32_t* box,
                             const uint32_t* element_strides, int interleave, int swizzle,
                             int promotion, int fill) {
  if (map == nullptr || reinterpret_cast<uintptr_t>(map) % kMapAlignment != 0) {
    return "map: null or not a multiple of 64";
  }
  if (type < 0 || type >= kElementCount) return llvm::formatv("type {0}: unknown", type);
  if (rank == 0 || rank > kMaxTensorRank) return llvm::formatv("rank {0}: not in 1 .. 5", rank);
  if (address == nullptr || dims == nullptr || box == nullptr || element_strides == nullptr ||
      strides == nullptr) {
    return "address, dims, strides, box or element_strides: null";
  }
  if (interleave < 0 || interleave > cu::kTensorMapInterleave32B) {
    return llvm::formatv("interleave {0}: unknown", interleave);
  }
  if (swizzle < 0 || swizzle >= kSwizzleCount) {
    return llvm::formatv("swizzle {0}: unknown", swizzle);
  }
  if (promotion < 0 || promotion > cu::kTensorMapL2Promotion256B) {
    return llvm::formatv("promotion {0}: unknown", promotion);
  }
  if (fill < 0 || fill > cu::kTensorMapOobFillNan) return llvm::formatv("fill {0}: unknown", fill);
  const Arguments arguments = {static_cast<TensorElement>(type),
                               rank,
                               reinterpret_cast<uint64_t>(address),
                               dims,
                               strides,
                               box,
                               element_strides,
                               interleave,
                               static_cast<TensorSwizzle>(swizzle),
                               fill == cu::kTensorMapOobFillNan};
  for (const auto check : {ShapeProblem, BoxProblem, ModeProblem}) {
    if (std::string problem = check(arguments); !problem.empty()) return problem;
  }
  return "";
}

cu::Result EncodeTensorMap(cu::TensorMap* map, cu::TensorMapDataType type, uint32_t rank,
                           void* address, const uint64_t* dims, const uint64_t* strides,
                           const uint32_t* box, const uint32_t* element_strides,
                           cu::TensorMapInterleave interleave, cu::TensorMapSwizzle swizzle,
                           cu::TensorMapL2Promotion promotion, cu::TensorMapOobFill fill) {
  if (!TensorMapProblem(map, type, rank, address, dims, strides, box, element_strides, interleave,
                        swizzle, promotion, fill)
           .empty()) {
    return cu::kErrorInvalidValue;
  }
  if (interleave != cu::kTensorMapInterleaveNone ||
      static_cast<TensorElement>(type) > TensorElement::kTf32Ftz) {
    return cu::kErrorNotSupported;
  }
  auto* bytes = reinterpret_cast<uint8_t*>(map);
  std::memset(bytes, 0, kTensorMapBytes);
  Put(bytes, kMagicAt, kMagic);
  Put(bytes, kAddressAt, reinterpret_cast<uint64_t>(address));
  for (uint32_t i = 0; i < rank; ++i) {
    if (i > 0) Put(bytes, kStridesAt + (i - 1) * sizeof(uint64_t), strides[i - 1]);
    Put(bytes, kDimsAt + i * sizeof(uint32_t), static_cast<uint32_t>(dims[i] - 1));
    bytes[kBoxAt + i] = static_cast<uint8_t>(box[i] - 1);
    bytes[kElementStridesAt + i] = i == 0 ? 1 : static_cast<uint8_t>(element_strides[i]);
  }
  const uint8_t modes[] = {static_cast<uint8_t>(type), static_cast<uint8_t>(rank),
                           static_cast<uint8_t>(swizzle), static_cast<uint8_t>(promotion),
                           static_cast<uint8_t>(fill)};
  std::memcpy(bytes + kModesAt, modes, sizeof(modes));
  Put(bytes, kChecksumAt, Checksum(bytes));
  return cu::kSuccess;
}

std::optional<TensorMapInfo> DecodeTensorMap(const uint8_t* bytes) {
  if (Get<uint64_t>(bytes, kMagicAt) != kMagic ||
      Get<uint64_t>(bytes, kChecksumAt) != Checksum(bytes)) {
    return std::nullopt;
  }
  TensorMapInfo map;
  map.element = static_cast<TensorElement>(bytes[kModesAt]);
  map.rank = bytes[kModesAt + 1];
  map.swizzle = static_cast<TensorSwizzle>(bytes[kModesAt + 2]);
  map.l2_promotion = bytes[kModesAt + 3];
  map.fill_nan = bytes[kModesAt + 4] != 0;
  map.address = Get<uint64_t>(bytes, kAddressAt);
  map.strides[0] = ElementBytes(map.element);
  for (uint32_t i = 0; i < map.rank; ++i) {
    if (i > 0) map.strides[i] = Get<uint64_t>(bytes, kStridesAt + (i - 1) * sizeof(uint64_t));
    map.dims[i] = uint64_t{Get<uint32_t>(bytes, kDimsAt + i * sizeof(uint32_t))} + 1;
    map.box[i] = bytes[kBoxAt + i] + 1u;
    map.element_strides[i] = bytes[kElementStridesAt + i];
  }
  return map;
}

}  // namespace attnjit::emulator
