#include "runtime/emulator/async/box_copy.h"

#include <algorithm>
#include <cstring>

namespace attnjit::emulator {
namespace {

/// The finest unit that a swizzle moves as a whole: 8 bytes for the one that flips halves.
uint32_t SwizzleUnit(TensorSwizzle swizzle) {
  return swizzle == TensorSwizzle::k128BAtom32BFlip8B ? 8 : 16;
}

/// Calls use(shared address, offset in [0, bytes), bytes) for the pieces of a dense range.
template <class Use>
void ForEachPiece(TensorSwizzle swizzle, uint32_t offset, uint32_t bytes, const Use& use) {
  if (swizzle == TensorSwizzle::kNone) {
    use(offset, 0u, bytes);
    return;
  }
  const uint32_t unit = SwizzleUnit(swizzle);
  for (uint32_t done = 0; done < bytes;) {
    const uint32_t at = offset + done;
    const uint32_t piece = std::min(bytes - done, unit - at % unit);
    use(SwizzleAddress(swizzle, at), done, piece);
    done += piece;
  }
}

/// The NaN that fills on an H200: 0x7ff7 in every 16 bits, whatever the elements are.
void FillNan(uint8_t* row, uint32_t bytes) {
  constexpr uint8_t kHalf[] = {0xf7, 0x7f};
  for (uint32_t i = 0; i < bytes; ++i) row[i] = kHalf[i % 2];
}

/// To 11 significant bits, and NaN to 0x7fffe000, as an H200 does; that ties go to even is
/// inferred.
uint32_t ToTf32(uint32_t bits) {
  constexpr uint32_t kDropped = 0x1fff;
  if ((bits & 0x7fff'ffff) > 0x7f80'0000) return 0x7fff'e000;
  return (bits + 0x0fff + (bits >> 13 & 1)) & ~kDropped;
}

/// Whether a load converts elements to tf32. An H200 keeps subnormal numbers also of the types that
/// end in _ftz.
bool Converts(TensorElement element) {
  return element == TensorElement::kTf32 || element == TensorElement::kTf32Ftz;
}

void ConvertElements(uint8_t* bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; i += 4) {
    uint32_t bits;
    std::memcpy(&bits, bytes + i, sizeof(bits));
    bits = ToTf32(bits);
    std::memcpy(bytes + i, &bits, sizeof(bits));
  }
}

/// Largest row: 256 elements of 8 bytes.
constexpr uint32_t kMaxRowBytes = 256 * 8;

}  // namespace

uint32_t BoxCount(const TensorMapInfo& map, uint32_t dimension) {
  if (dimension >= map.rank) return 1;
  if (dimension == 0) return map.box[0];
  const uint32_t stride = map.element_strides[dimension];
  return (map.box[dimension] + stride - 1) / stride;
}

uint32_t BoxBytes(const TensorMapInfo& map) {
  uint32_t bytes = ElementBytes(map.element);
  for (uint32_t i = 0; i < map.rank; ++i) bytes *= BoxCount(map, i);
  return bytes;
}

uint32_t BoxPitch(const TensorMapInfo& map) {
  return std::max(SwizzleWidth(map.swizzle), map.box[0] * ElementBytes(map.element));
}

uint32_t BoxSpan(const TensorMapInfo& map) {
  uint32_t rows = 1;
  for (uint32_t i = 1; i < map.rank; ++i) rows *= BoxCount(map, i);
  return rows * BoxPitch(map);
}

void ForEachBoxRow(const TensorMapInfo& map, const BoxStart& start,
                   llvm::function_ref<void(const BoxRow&)> use) {
  const uint32_t element = ElementBytes(map.element);
  const int64_t first = std::clamp<int64_t>(-int64_t{start[0]}, 0, map.box[0]);
  const int64_t last =
      std::clamp<int64_t>(static_cast<int64_t>(map.dims[0]) - start[0], first, map.box[0]);
  std::array<uint32_t, kMaxTensorRank> count;
  for (uint32_t i = 0; i < kMaxTensorRank; ++i) count[i] = BoxCount(map, i);
  std::array<uint32_t, kMaxTensorRank> index = {};
  BoxRow row;
  for (;;) {
    bool inside = last > first;
    // Unsigned arithmetic: strides below 2^40 times coordinates below 2^32 may wrap only where the
    // row is not inside.
    uint64_t address = map.address + static_cast<uint64_t>(start[0] + first) * element;
    for (uint32_t i = 1; i < map.rank; ++i) {
      const int64_t at = start[i] + int64_t{index[i]} * map.element_strides[i];
      inside = inside && at >= 0 && at < static_cast<int64_t>(map.dims[i]);
      address += static_cast<uint64_t>(at) * map.strides[i];
    }
    row.global = address;
    row.bytes = inside ? static_cast<uint32_t>(last - first) * element : 0;
    row.skipped = inside ? static_cast<uint32_t>(first) * element : 0;
    use(row);
    row.offset += map.box[0] * element;
    uint32_t i = 1;
    while (i < kMaxTensorRank && ++index[i] == count[i]) index[i++] = 0;
    if (i == kMaxTensorRank) return;
  }
}

std::optional<GlobalSpan> TouchedSpan(const TensorMapInfo& map, const BoxStart& start) {
  uint64_t begin = UINT64_MAX;
  uint64_t end = 0;
  ForEachBoxRow(map, start, [&](const BoxRow& row) {
    if (row.bytes == 0) return;
    begin = std::min(begin, row.global);
    end = std::max(end, row.global + row.bytes);
  });
  if (end == 0) return std::nullopt;
  return GlobalSpan{begin, end - begin};
}

void LoadBox(const TensorMapInfo& map, const BoxStart& start, const GlobalSpan& span,
             const uint8_t* global, uint8_t* shared, uint32_t offset) {
  const uint32_t element = ElementBytes(map.element);
  const uint32_t row_bytes = map.box[0] * element;
  const bool converts = Converts(map.element);
  uint8_t fill[kMaxRowBytes] = {};
  if (map.fill_nan) FillNan(fill, row_bytes);
  uint8_t mixed[kMaxRowBytes];
  uint32_t place = offset;
  ForEachBoxRow(map, start, [&](const BoxRow& row) {
    const uint8_t* source = fill;
    if (row.bytes == row_bytes && !converts) {
      source = global + (row.global - span.address);
    } else if (row.bytes != 0) {
      std::memcpy(mixed, fill, row_bytes);
      std::memcpy(mixed + row.skipped, global + (row.global - span.address), row.bytes);
      if (converts) ConvertElements(mixed + row.skipped, row.bytes);
      source = mixed;
    }
    ForEachPiece(map.swizzle, place, row_bytes, [&](uint32_t at, uint32_t done, uint32_t bytes) {
      std::memcpy(shared + at, source + done, bytes);
    });
    place += BoxPitch(map);
  });
}

void ReadBox(const TensorMapInfo& map, const uint8_t* shared, uint32_t offset, uint8_t* dense) {
  const uint32_t row_bytes = map.box[0] * ElementBytes(map.element);
  const uint32_t end = offset + BoxSpan(map);
  for (uint32_t row = offset; row < end; row += BoxPitch(map), dense += row_bytes) {
    ForEachPiece(map.swizzle, row, row_bytes, [&](uint32_t at, uint32_t done, uint32_t bytes) {
      std::memcpy(dense + done, shared + at, bytes);
    });
  }
}

void ForEachBoxRange(const TensorMapInfo& map, uint32_t offset,
                     llvm::function_ref<void(uint32_t offset, uint32_t bytes)> use) {
  const uint32_t span = BoxSpan(map);
  const uint32_t pitch = BoxPitch(map);
  const uint32_t row_bytes = map.box[0] * ElementBytes(map.element);
  const bool gaps = pitch != row_bytes;
  const uint32_t whole = map.swizzle == TensorSwizzle::kNone ? span : gaps ? 0 : span / 128 * 128;
  if (whole != 0) use(offset, whole);
  for (uint32_t done = whole; done < span; done += 8) {
    if (done % pitch < row_bytes) use(SwizzleAddress(map.swizzle, offset + done), 8);
  }
}

}  // namespace attnjit::emulator
