// Which words of tensor memory the tcgen05 instructions touch.
//
// Sources: PTX ISA 9.x sections 9.7.16.2.3 (data movement shapes), 9.7.16.8 (ld, st, packing),
// 9.7.16.9 (cp) and 9.7.16.10.5 (data path layouts A, B, D, F). The ISA gives several of them in
// figures only; those agree with the layouts that CUTLASS's copy traits state.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_LAYOUT_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_LAYOUT_H_

#include <cstdint>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/matrix/tensor_memory.h"

namespace attnjit::emulator {

// --- tcgen05.ld and tcgen05.st ---

enum class TensorShape : uint8_t { k32x32b, k16x64b, k16x128b, k16x256b, k16x32bx2 };

/// Lanes from the base address's: 32 or 16.
constexpr int TensorShapeLanes(TensorShape shape) {
  return shape == TensorShape::k32x32b ? 32 : 16;
}

/// One ld or st. `packed`: .pack::16b or .unpack::16b, where a register holds the lower halves of
/// two adjacent columns.
struct TensorAccess {
  TensorShape shape = TensorShape::k32x32b;
  int repeat = 1;  ///< .x1 to .x128, a power of two.
  bool packed = false;
  int half_split = 0;  ///< 16x32bx2: columns from the first half's to the second half's.
};

/// Registers of a thread. 0 where the ISA has no such combination.
constexpr int TensorRegisters(const TensorAccess& access) {
  int each = access.shape == TensorShape::k16x256b   ? 4
             : access.shape == TensorShape::k16x128b ? 2
                                                     : 1;
  int count = each * access.repeat;
  return count <= 128 ? count : 0;
}

/// Columns touched from the base address on (for 16x32bx2: of each half).
constexpr int TensorAccessColumns(const TensorAccess& access) {
  int columns = access.repeat;
  if (access.shape == TensorShape::k16x64b) columns *= 2;
  if (access.shape == TensorShape::k16x128b) columns *= 4;
  if (access.shape == TensorShape::k16x256b) columns *= 8;
  return access.packed ? 2 * columns : columns;
}

/// The word of register r of thread t, from the base address; packed: the word whose lower half is
/// the register's lower half, the next column's is its upper half.
TensorAddress TensorRegisterPlace(const TensorAccess& access, int t, int r);

/// Errors: the access leaves the memory or its allocated columns, the base lane is not the first of
/// the warp's quarter (for 16-lane shapes: or 16 more), `warp_in_group` may not reach the lanes.
llvm::Error CheckTensorAccess(const TensorMemory& memory, const TensorAccess& access,
                              TensorAddress base, int warp_in_group);

/// registers[r]: 32 lanes. uninitialised[r] gets the mask of threads whose word (either one, if
/// packed) is not initialised. The access must have been checked.
void LoadTensor(const TensorMemory& memory, const TensorAccess& access, TensorAddress base,
                llvm::ArrayRef<uint32_t*> registers, uint32_t* uninitialised);
/// Marks what it writes as initialised. Unpacked halves are written with a zero upper half.
void StoreTensor(TensorMemory& memory, const TensorAccess& access, TensorAddress base,
                 llvm::ArrayRef<const uint32_t*> registers);

// --- tcgen05.cp ---

enum class TensorCopyShape : uint8_t {
  k128x256b,
  k4x256b,
  k128x128b,
  k64x128bWarpx2_02_13,
  k64x128bWarpx2_01_23,
  k32x128bWarpx4,
};

/// Rows of the source matrix and 16-byte chunks of each, in ChunkAddress's sense (K-major).
struct TensorCopyGrid {
  int rows = 0;
  int chunks = 0;
};
TensorCopyGrid TensorCopySource(TensorCopyShape shape);
/// Lanes, from the base address's, that receive source row `row`: 1, 2 or 4 of them.
llvm::SmallVector<int, 4> TensorCopyLanes(TensorCopyShape shape, int row);

// --- tcgen05.mma ---

/// Where a product's rows lie in a CTA's tensor memory: a block of 64 rows, as four blocks of 16
/// lanes.
struct LaneBlock {
  int row = 0;            ///< First of 64 rows of this CTA's part of A and D.
  int lane = 0;           ///< Of the first 16 rows, from the base address's lane.
  int block_stride = 16;  ///< Lanes from one 16 rows to the next.
  int first_n = 0;        ///< Columns of B that this block computes: first_n ..
  int n = 0;              ///< .. first_n + n - 1, at D's columns 0 .. n - 1.
};

/// The blocks of one CTA's part of D and, in the same lanes, of A in tensor memory. m: 64 or 128
/// for cta_group 1, 128 or 256 for 2 (of both CTAs together); rows are counted in the CTA's own
/// part.
llvm::SmallVector<LaneBlock, 2> ProductBlocks(int cta_group, int m, int n);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_LAYOUT_H_
