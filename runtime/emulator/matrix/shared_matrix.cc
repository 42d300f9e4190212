#include "runtime/emulator/matrix/shared_matrix.h"

#include <bit>
#include <cstring>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

template <class... Args>
llvm::Error Fail(const char* format, Args&&... args) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 llvm::formatv(format, std::forward<Args>(args)...).str());
}

/// The fields that both units' descriptors have in the same place: encode(x) = (x & 0x3FFFF) >> 4.
SharedMatrix CommonFields(uint64_t bits) {
  SharedMatrix matrix;
  matrix.start = static_cast<uint32_t>(bits & 0x3FFF) << 4;
  matrix.leading = static_cast<uint32_t>(bits >> 16 & 0x3FFF) << 4;
  matrix.stride = static_cast<uint32_t>(bits >> 32 & 0x3FFF) << 4;
  matrix.base_offset = static_cast<uint32_t>(bits >> 49 & 7);
  return matrix;
}

constexpr uint64_t Bits(int first, int last) {
  return (~uint64_t{0} >> (63 - (last - first))) << first;
}

/// 128-byte rows after which a swizzle pattern repeats.
uint32_t PatternRows(Swizzle swizzle) {
  return swizzle == Swizzle::k128BAtom32B ? 4 : SwizzleWidth(swizzle) / 16;
}

}  // namespace

const char* SwizzleName(Swizzle swizzle) {
  static constexpr const char* kNames[] = {"none",
                                           "32B",
                                           "64B",
                                           "128B",
                                           "128B with 32B atoms",
                                           "128B with flipped 32B atoms",
                                           "128B with 64B atoms"};
  return kNames[static_cast<int>(swizzle)];
}

llvm::Expected<SharedMatrix> ParseWgmmaDescriptor(uint64_t bits) {
  constexpr uint64_t kReserved = Bits(14, 15) | Bits(30, 31) | Bits(46, 48) | Bits(52, 61);
  if (bits & kReserved) {
    return Fail("matrix descriptor {0:x}: reserved bits {1:x} are set", bits, bits & kReserved);
  }
  static constexpr Swizzle kModes[] = {Swizzle::kNone, Swizzle::k128B, Swizzle::k64B,
                                       Swizzle::k32B};
  SharedMatrix matrix = CommonFields(bits);
  matrix.swizzle = kModes[bits >> 62];
  if (matrix.swizzle == Swizzle::kNone && matrix.base_offset != 0) {
    return Fail("matrix descriptor {0:x}: base offset {1} without a swizzle", bits,
                matrix.base_offset);
  }
  return matrix;
}

llvm::Expected<SharedMatrix> ParseTcgen05Descriptor(uint64_t bits) {
  constexpr uint64_t kReserved = Bits(14, 15) | Bits(30, 31) | Bits(53, 60);
  if (bits & kReserved) {
    return Fail("matrix descriptor {0:x}: reserved bits {1:x} are set", bits, bits & kReserved);
  }
  if ((bits >> 46 & 7) != 1) {
    return Fail("matrix descriptor {0:x}: bits 46 to 48 are {1}, not 1", bits, bits >> 46 & 7);
  }
  if (bits >> 52 & 1) {
    return Fail("matrix descriptor {0:x}: an absolute leading dimension is not supported", bits);
  }
  SharedMatrix matrix = CommonFields(bits);
  switch (bits >> 61) {
    case 0:
      matrix.swizzle = Swizzle::kNone;
      break;
    case 1:
      matrix.swizzle = Swizzle::k128BAtom32B;
      break;
    case 2:
      matrix.swizzle = Swizzle::k128B;
      break;
    case 4:
      matrix.swizzle = Swizzle::k64B;
      break;
    case 6:
      matrix.swizzle = Swizzle::k32B;
      break;
    default:
      return Fail("matrix descriptor {0:x}: swizzling mode {1} is invalid", bits, bits >> 61);
  }
  if (matrix.swizzle == Swizzle::kNone && matrix.base_offset != 0) {
    return Fail("matrix descriptor {0:x}: base offset {1} without a swizzle", bits,
                matrix.base_offset);
  }
  return matrix;
}

llvm::Error CheckOperand(const SharedMatrix& matrix, const OperandShape& shape, bool tcgen05) {
  bool atoms = matrix.swizzle == Swizzle::k128BAtom32B;
  if (shape.major == Major::kMn) {
    int bytes = ElementBytes(shape.type);
    if (!tcgen05 && bytes != 2) {
      return Fail("wgmma cannot transpose {0} operands", ElementName(shape.type));
    }
    if (tcgen05 && atoms != (bytes == 4)) {
      return Fail("a transposed {0} operand cannot have the swizzle {1}", ElementName(shape.type),
                  SwizzleName(matrix.swizzle));
    }
    if (shape.rows * bytes % 16 != 0) {
      return Fail("a transposed {0} operand of {1} rows does not fill 16-byte chunks",
                  ElementName(shape.type), shape.rows);
    }
  }
  if (matrix.swizzle == Swizzle::kNone) return llvm::Error::success();
  uint32_t pattern_rows = PatternRows(matrix.swizzle);
  // A row of the pattern is 128 bytes; narrower swizzles lay 4 or 2 rows of the matrix into one.
  uint32_t row = matrix.start / 128 % pattern_rows;
  // The ISA wants the base offset to say so; wgmma on an H200 takes base offset 0 everywhere, and
  // then exchanges bits of the absolute address.
  const bool plain = !tcgen05 && matrix.base_offset == 0;
  if (!plain && row != matrix.base_offset % pattern_rows) {
    return Fail(
        "start address {0:x} is {1} x 128 bytes into the {2} swizzle's pattern, but the base "
        "offset "
        "is {3}",
        matrix.start, row, SwizzleName(matrix.swizzle), matrix.base_offset);
  }
  return llvm::Error::success();
}

uint32_t ChunkAddress(const SharedMatrix& matrix, Major major, int row, int chunk) {
  uint32_t r = static_cast<uint32_t>(row), c = static_cast<uint32_t>(chunk);
  uint32_t width = SwizzleWidth(matrix.swizzle);
  uint32_t address = matrix.start;
  if (matrix.swizzle == Swizzle::kNone) {
    if (major == Major::kK)
      return address + r / 8 * matrix.stride + r % 8 * 16 + c * matrix.leading;
    return address + c * matrix.stride + r % 8 * 16 + r / 8 * matrix.leading;
  }
  if (major == Major::kK) {
    address += r / 8 * matrix.stride + r % 8 * width + c * 16;
  } else {
    uint32_t rows = matrix.swizzle == Swizzle::k128BAtom32B ? 4 : 8;
    uint32_t chunks = width / 16;
    address +=
        c % chunks * 16 + c / chunks * matrix.leading + r % rows * width + r / rows * matrix.stride;
  }
  // A pattern that starts elsewhere counts its rows from there. With base offset 0, the usual case,
  // this is the plain XOR on the address.
  uint32_t shift = matrix.base_offset * 128;
  return SwizzleAddress(matrix.swizzle, address - shift) + shift;
}

ChunkGrid GridOf(const OperandShape& shape) {
  int bytes = ElementBytes(shape.type);
  if (shape.major == Major::kK) return {shape.rows, shape.k * bytes / 16};
  return {shape.k, shape.rows * bytes / 16};
}

namespace {

constexpr int kMaxChunks = 512;  // 256 rows of 32 bytes, in either direction.

constexpr int FragmentColumn(int row) { return (row & ~7) | (row & 1) << 2 | (row >> 1 & 3); }

/// Whether rows 8 further on lie `stride` bytes further on: the usual case, where the stride is a
/// multiple of the pattern.
bool IsPeriodic(const SharedMatrix& matrix, Major major) {
  return major == Major::kK && matrix.stride % (8 * SwizzleWidth(matrix.swizzle)) == 0;
}

/// Where each chunk's bytes are: chunks[row * grid.chunks + chunk].
llvm::Error LocateChunks(const SharedWindow& window, const SharedMatrix& matrix, Major major,
                         ChunkGrid grid, const uint8_t** chunks) {
  const bool periodic = IsPeriodic(matrix, major);
  uint32_t addresses[kMaxChunks];
  for (int i = 0, r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.chunks; ++c, ++i) {
      addresses[i] = periodic && r >= 8 ? addresses[i - 8 * grid.chunks] + matrix.stride
                                        : ChunkAddress(matrix, major, r, c);
    }
  }
  const uint32_t room = window.end < window.begin + 16 ? 0 : window.end - window.begin - 15;
  for (int i = 0; i < grid.rows * grid.chunks; ++i) {
    const uint32_t offset = addresses[i] - window.begin;
    if (offset >= room) {
      return Fail(
          "row {0}, chunk {1} of a matrix lies at shared address {2:x}, outside of {3:x}..{4:x}",
          i / grid.chunks, i % grid.chunks, addresses[i], window.begin, window.end);
    }
    chunks[i] = window.bytes + offset;
  }
  return llvm::Error::success();
}

void NegateAll(float* values, int count) {
  for (int i = 0; i < count; ++i) values[i] = -values[i];
}

/// Any type, one chunk after the other.
void GatherChunks(const uint8_t* const* chunks, const OperandShape& shape, bool fragment,
                  float* panel, int stride) {
  ChunkGrid grid = GridOf(shape);
  const int per_chunk = 16 / ElementBytes(shape.type);
  float values[16];
  for (int r = 0; r < grid.rows; ++r) {
    for (int c = 0; c < grid.chunks; ++c) {
      DecodeChunk(shape.type, *chunks++, values);
      if (shape.negate) NegateAll(values, per_chunk);
      for (int i = 0; i < per_chunk; ++i) {
        int k = shape.major == Major::kK ? c * per_chunk + i : r;
        int row = shape.major == Major::kK ? r : c * per_chunk + i;
        panel[k * stride + (fragment ? FragmentColumn(row) : row)] = values[i];
      }
    }
  }
}

// 16-bit operands are most of the work: 8 x 8 elements at a time, in vectors.
typedef uint16_t Halfs __attribute__((vector_size(16)));
typedef uint32_t Words __attribute__((vector_size(16)));
typedef float Floats __attribute__((vector_size(16)));

Halfs LoadHalfs(const uint8_t* chunk) {
  Halfs halfs;
  std::memcpy(&halfs, chunk, sizeof(halfs));
  return halfs;
}

/// Four 16-bit elements in the low half of each word as floats, with `sign` flipped in.
template <ElementType kType>
Floats WidenFour(Words halfs, uint32_t sign) {
  if constexpr (kType == ElementType::kBf16) return (Floats)(halfs << 16 ^ sign);
  // As in element.cc: scale the shifted bits by 2^112, then mend infinities and NaN.
  Floats value = (Floats)((halfs & 0x7FFF) << 13) * 0x1p112f;
  Words special = (Words)(value >= 65536.0f) & 0x7F800000u;
  return (Floats)(((Words)value | special | (halfs & 0x8000) << 16) ^ sign);
}

/// Eight elements as floats; `fragment`: the even ones, then the odd ones.
template <ElementType kType>
void StoreEight(Halfs halfs, uint32_t sign, bool fragment, float* to) {
  const Halfs zero = {};
  Words low = (Words)__builtin_shufflevector(halfs, zero, 0, 8, 1, 9, 2, 10, 3, 11);
  Words high = (Words)__builtin_shufflevector(halfs, zero, 4, 12, 5, 13, 6, 14, 7, 15);
  if (fragment) {
    const Words even = __builtin_shufflevector(low, high, 0, 2, 4, 6);
    high = __builtin_shufflevector(low, high, 1, 3, 5, 7);
    low = even;
  }
  Floats values[2] = {WidenFour<kType>(low, sign), WidenFour<kType>(high, sign)};
  std::memcpy(to, values, sizeof(values));
}

/// Rows become columns: three rounds of interleaving.
void Transpose(Halfs* rows) {
  for (int round = 0; round < 3; ++round) {
    Halfs next[8];
    for (int i = 0; i < 4; ++i) {
      next[2 * i] = __builtin_shufflevector(rows[i], rows[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
      next[2 * i + 1] = __builtin_shufflevector(rows[i], rows[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    std::memcpy(rows, next, sizeof(next));
  }
}

template <ElementType kType>
void GatherHalfs(const uint8_t* const* chunks, const OperandShape& shape, bool fragment,
                 float* panel, int stride) {
  const uint32_t sign = shape.negate ? 0x80000000u : 0;
  ChunkGrid grid = GridOf(shape);
  if (shape.major == Major::kMn) {
    for (int k = 0; k < grid.rows; ++k) {
      for (int c = 0; c < grid.chunks; ++c) {
        StoreEight<kType>(LoadHalfs(*chunks++), sign, fragment, panel + k * stride + 8 * c);
      }
    }
    return;
  }
  static constexpr int kOrders[2][8] = {{0, 1, 2, 3, 4, 5, 6, 7}, {0, 2, 4, 6, 1, 3, 5, 7}};
  for (int row = 0; row < grid.rows; row += 8) {
    for (int c = 0; c < grid.chunks; ++c) {
      Halfs tile[8];
      for (int i = 0; i < 8; ++i) {
        tile[i] = LoadHalfs(chunks[(row + kOrders[fragment][i]) * grid.chunks + c]);
      }
      Transpose(tile);
      for (int i = 0; i < 8; ++i) {
        StoreEight<kType>(tile[i], sign, false, panel + (8 * c + i) * stride + row);
      }
    }
  }
}

}  // namespace

llvm::Error GatherShared(const SharedWindow& window, const SharedMatrix& matrix,
                         const OperandShape& shape, PanelOrder order, float* panel, int stride) {
  const uint8_t* chunks[kMaxChunks];
  if (llvm::Error error = LocateChunks(window, matrix, shape.major, GridOf(shape), chunks)) {
    return error;
  }
  bool fragment = order == PanelOrder::kFragment;
  if (shape.type == ElementType::kBf16) {
    GatherHalfs<ElementType::kBf16>(chunks, shape, fragment, panel, stride);
  } else if (shape.type == ElementType::kF16) {
    GatherHalfs<ElementType::kF16>(chunks, shape, fragment, panel, stride);
  } else {
    GatherChunks(chunks, shape, fragment, panel, stride);
  }
  return llvm::Error::success();
}

}  // namespace attnjit::emulator
