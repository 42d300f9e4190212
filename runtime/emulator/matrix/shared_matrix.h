// Matrices in shared memory as wgmma and tcgen05 describe them: descriptors, swizzles, addresses.
//
// Sources: PTX ISA 9.x sections 9.7.15.5.1.2 (wgmma) and 9.7.16.3, 9.7.16.4 (tcgen05): descriptor
// fields, canonical layouts, strides. All addresses and strides are bytes; an address is an offset
// in the CTA's shared window (the low 18 bits of its shared::cta address).
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_SHARED_MATRIX_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_SHARED_MATRIX_H_

#include <cstdint>
#include <string>

#include "llvm/Support/Error.h"
#include "runtime/emulator/matrix/element.h"
#include "runtime/emulator/matrix/swizzle.h"

namespace attnjit::emulator {

/// "128B".
const char* SwizzleName(Swizzle swizzle);

enum class Major : uint8_t {
  kK,   ///< 16-byte chunks run along K.
  kMn,  ///< 16-byte chunks run along M or N ("transposed").
};

/// A decoded 64-bit matrix descriptor.
struct SharedMatrix {
  uint32_t start = 0;
  uint32_t leading = 0;  ///< LBO.
  uint32_t stride = 0;   ///< SBO.
  Swizzle swizzle = Swizzle::kNone;
  uint32_t base_offset = 0;  ///< 128-byte rows from a multiple of the pattern to its start, 0 to 7.
};

/// One operand as an instruction reads it: `rows` of M or N, `k` elements each.
struct OperandShape {
  ElementType type = ElementType::kBf16;
  int rows = 0;  ///< A multiple of 8 to 256.
  int k = 0;     ///< 32 bytes of elements: 8 for tf32, 16 for 16-bit, 32 for 8-bit and narrower.
  Major major = Major::kK;
  bool negate = false;  ///< Flip the sign of every element.
};

/// wgmma. Errors: a reserved bit is set, a base offset without swizzle.
llvm::Expected<SharedMatrix> ParseWgmmaDescriptor(uint64_t bits);

/// tcgen05. Errors: as above, a wrong fixed field, an invalid swizzle mode, an absolute leading
/// dimension (sm_103a's K = 48 bytes, which is not implemented).
llvm::Expected<SharedMatrix> ParseTcgen05Descriptor(uint64_t bits);

/// Whether an operand of this shape may stand in this matrix: what the ISA says of majorness, type
/// size and swizzle, and that the pattern starts where `base_offset` says (start's row within the
/// pattern equals base_offset; K steps within a row are fine). `tcgen05`: that unit's rules.
/// Errors: what is wrong, with the values.
llvm::Error CheckOperand(const SharedMatrix& matrix, const OperandShape& shape, bool tcgen05);

/// Address of one 16-byte chunk. K-major: `row` is M or N and `chunk` counts 16 bytes along K.
/// MN-major: `row` is k and `chunk` counts 16 bytes along M or N.
uint32_t ChunkAddress(const SharedMatrix& matrix, Major major, int row, int chunk);

/// Rows and chunks of an operand in ChunkAddress's sense.
struct ChunkGrid {
  int rows = 0;
  int chunks = 0;
};
ChunkGrid GridOf(const OperandShape& shape);

/// The legal bytes of a CTA's shared window.
struct SharedWindow {
  const uint8_t* bytes = nullptr;  ///< Of address `begin`.
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Order of columns in a panel.
enum class PanelOrder : uint8_t {
  kNatural,
  kFragment,  ///< Each group of 8 as 0 2 4 6 1 3 5 7: what FragmentProduct's B wants.
};

/// Reads an operand into panel[k * stride + row], as f32. Errors: a chunk outside of the window,
/// with its row, chunk and address; the panel is then unspecified.
llvm::Error GatherShared(const SharedWindow& window, const SharedMatrix& matrix,
                         const OperandShape& shape, PanelOrder order, float* panel, int stride);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_SHARED_MATRIX_H_
