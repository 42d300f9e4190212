// mma.sync and wgmma on register fragments, and ldmatrix, stmatrix, movmatrix on rows.
//
// A register is a pointer to its 32 lanes. Thread-safe; nothing allocates.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_WARP_PRODUCT_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_WARP_PRODUCT_H_

#include <cstdint>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/matrix/element.h"
#include "runtime/emulator/matrix/shared_matrix.h"

namespace attnjit::emulator {

enum class AccumulatorType : uint8_t { kF32, kF16, kS32 };

/// Registers of C or D of one warp: n / 2 of 32 bits, n / 4 of two f16.
constexpr int AccumulatorRegisters(AccumulatorType type, int n) {
  return type == AccumulatorType::kF16 ? n / 4 : n / 2;
}

/// mma.m16n8kK: D = A B + C. D's registers may be C's.
struct WarpProduct {
  ElementType a_type = ElementType::kF16;
  ElementType b_type = ElementType::kF16;
  AccumulatorType accumulator = AccumulatorType::kF32;
  int k = 16;
  bool saturate = false;  ///< s32: clamp instead of wrapping.
  const uint32_t* a[4] = {};
  const uint32_t* b[2] = {};
  const uint32_t* c[4] = {};
  uint32_t* d[4] = {};
};
/// Registers of an operand: A has 16 k, B has 8 k elements in 32 threads.
constexpr int ARegisters(ElementType type, int k) { return 16 * k * ElementBytes(type) / 128; }
constexpr int BRegisters(ElementType type, int k) { return 8 * k * ElementBytes(type) / 128; }

void ComputeWarpProduct(const WarpProduct& product);

/// wgmma.m64nNkK of four warps: D = A B (+ D).
struct WarpgroupProduct {
  ElementType a_type = ElementType::kBf16;
  ElementType b_type = ElementType::kBf16;
  AccumulatorType accumulator = AccumulatorType::kF32;
  int n = 8;
  bool accumulate = true;
  bool negate_a = false;
  bool negate_b = false;
  bool saturate = false;
  bool a_in_registers = false;
  const uint32_t* a_registers[4][4] = {};  ///< [warp][register].
  SharedMatrix a;
  Major a_major = Major::kK;
  SharedMatrix b;
  Major b_major = Major::kK;
  SharedWindow window;
  uint32_t* const* d = nullptr;  ///< [warp * AccumulatorRegisters + register].
};
/// The operands in shared memory as the instruction reads them.
OperandShape WarpgroupAShape(const WarpgroupProduct& product);
OperandShape WarpgroupBShape(const WarpgroupProduct& product);

/// Errors: an operand's descriptor does not fit the instruction (CheckOperand) or leaves the
/// window; D is then unchanged.
llvm::Error ComputeWarpgroupProduct(const WarpgroupProduct& product);

/// What a thread's register holds of one 8 x 8 matrix of 16 bits (ldmatrix, stmatrix): the low
/// half is element (row, column), the high half the next column's (transposed: the next row's).
struct MatrixElement {
  int row = 0;
  int column = 0;
};
constexpr MatrixElement LdmatrixElement(bool transposed, int t, int half) {
  int across = 2 * (t % 4) + half;
  return transposed ? MatrixElement{across, t / 4} : MatrixElement{t / 4, across};
}

/// Forms of ldmatrix and stmatrix whose rows are 16 bytes at 8 addresses for each matrix.
enum class MatrixForm : uint8_t {
  k8x8b16,       ///< m8n8.b16
  k8x8b16Trans,  ///< m8n8.trans.b16
  k8x16b4,       ///< ldmatrix m8n16.b8x16.b4x16_p64: 4-bit elements to the low bits of bytes.
  k8x16b6,       ///< ldmatrix m8n16.b8x16.b6x16_p32
  k16x8b8Trans,  ///< stmatrix m16n8.trans.b8
};
/// One matrix: rows[i] points at the 16 bytes of row i; reg gets 32 lanes.
void LoadMatrix(MatrixForm form, const uint8_t* const rows[8], uint32_t* reg);
void StoreMatrix(MatrixForm form, const uint32_t* reg, uint8_t* const rows[8]);
/// d's 8 x 8 matrix is a's, transposed. d may be a.
void TransposeMatrix(const uint32_t* a, uint32_t* d);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_WARP_PRODUCT_H_
