#include "runtime/emulator/matrix/tensor_layout.h"

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

template <class... Args>
llvm::Error Fail(const char* format, Args&&... args) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 llvm::formatv(format, std::forward<Args>(args)...).str());
}

/// The word of register r as if the columns were full, before .pack::16b spreads them; `second` is
/// whether it lies in 16x32bx2's second half.
TensorAddress UnpackedPlace(TensorShape shape, int t, int r, bool& second) {
  second = false;
  switch (shape) {
    case TensorShape::k32x32b:
      return {t, r};
    case TensorShape::k16x64b:
      return {t / 4 + 8 * (t & 1), 2 * r + (t >> 1 & 1)};
    case TensorShape::k16x128b:
      return {t / 4 + 8 * (r & 1), 4 * (r >> 1) + t % 4};
    case TensorShape::k16x256b:
      return {t / 4 + 8 * (r >> 1 & 1), 8 * (r >> 2) + 2 * (t % 4) + (r & 1)};
    case TensorShape::k16x32bx2:
      second = t >= 16;
      return {t % 16, r};
  }
  return {};
}

}  // namespace

TensorAddress TensorRegisterPlace(const TensorAccess& access, int t, int r) {
  bool second = false;
  TensorAddress place = UnpackedPlace(access.shape, t, r, second);
  if (access.packed) place.column *= 2;
  if (second) place.column += access.half_split;
  return place;
}

llvm::Error CheckTensorAccess(const TensorMemory& memory, const TensorAccess& access,
                              TensorAddress base, int warp_in_group) {
  int lanes = TensorShapeLanes(access.shape);
  if (base.lane % lanes != 0 || base.lane / 32 != warp_in_group) {
    return Fail("warp {0} of its warpgroup reaches lanes {1} to {2}; the access starts at lane {3}",
                warp_in_group, 32 * warp_in_group, 32 * warp_in_group + 31, base.lane);
  }
  int columns = TensorAccessColumns(access);
  if (llvm::Error error = memory.CheckRange(base, lanes, columns)) return error;
  if (access.shape != TensorShape::k16x32bx2) return llvm::Error::success();
  int second = base.column + access.half_split;
  if (second < 0) return Fail("the second half starts at column {0}", second);
  return memory.CheckRange({base.lane, second}, lanes, columns);
}

void LoadTensor(const TensorMemory& memory, const TensorAccess& access, TensorAddress base,
                llvm::ArrayRef<uint32_t*> registers, uint32_t* uninitialised) {
  for (size_t r = 0; r < registers.size(); ++r) {
    uninitialised[r] = 0;
    for (int t = 0; t < 32; ++t) {
      TensorAddress at = TensorRegisterPlace(access, t, static_cast<int>(r));
      int lane = base.lane + at.lane, column = base.column + at.column;
      uint32_t word = memory.Column(column)[lane];
      bool known = memory.Initialised(column)[lane];
      if (access.packed) {
        word = (word & 0xFFFF) | memory.Column(column + 1)[lane] << 16;
        known = known && memory.Initialised(column + 1)[lane];
      }
      registers[r][t] = word;
      if (!known) uninitialised[r] |= 1u << t;
    }
  }
}

void StoreTensor(TensorMemory& memory, const TensorAccess& access, TensorAddress base,
                 llvm::ArrayRef<const uint32_t*> registers) {
  for (size_t r = 0; r < registers.size(); ++r) {
    for (int t = 0; t < 32; ++t) {
      TensorAddress at = TensorRegisterPlace(access, t, static_cast<int>(r));
      int lane = base.lane + at.lane, column = base.column + at.column;
      uint32_t word = registers[r][t];
      if (access.packed) {
        memory.Column(column + 1)[lane] = word >> 16;
        memory.Initialised(column + 1).set(lane);
        word &= 0xFFFF;
      }
      memory.Column(column)[lane] = word;
      memory.Initialised(column).set(lane);
    }
  }
}

TensorCopyGrid TensorCopySource(TensorCopyShape shape) {
  switch (shape) {
    case TensorCopyShape::k128x256b:
      return {128, 2};
    case TensorCopyShape::k4x256b:
      return {4, 2};
    case TensorCopyShape::k128x128b:
      return {128, 1};
    case TensorCopyShape::k64x128bWarpx2_02_13:
    case TensorCopyShape::k64x128bWarpx2_01_23:
      return {64, 1};
    case TensorCopyShape::k32x128bWarpx4:
      return {32, 1};
  }
  return {};
}

llvm::SmallVector<int, 4> TensorCopyLanes(TensorCopyShape shape, int row) {
  switch (shape) {
    case TensorCopyShape::k128x256b:
    case TensorCopyShape::k128x128b:
      return {row};
    case TensorCopyShape::k4x256b:
      return {32 * row};
    case TensorCopyShape::k64x128bWarpx2_02_13:
      return {row, row + 64};
    case TensorCopyShape::k64x128bWarpx2_01_23: {
      int lane = 64 * (row / 32) + row % 32;
      return {lane, lane + 32};
    }
    case TensorCopyShape::k32x128bWarpx4:
      return {row, row + 32, row + 64, row + 96};
  }
  return {};
}

llvm::SmallVector<LaneBlock, 2> ProductBlocks(int cta_group, int m, int n) {
  if (cta_group == 1 && m == 64) return {{0, 0, 32, 0, n}};
  if (cta_group == 2 && m == 128) return {{0, 0, 16, 0, n / 2}, {0, 64, 16, n / 2, n / 2}};
  return {{0, 0, 16, 0, n}, {64, 64, 16, 0, n}};
}

}  // namespace attnjit::emulator
