// tcgen05.mma's 32-bit instruction descriptor (PTX ISA 9.x section 9.7.16.4.2, table 42).
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_INSTRUCTION_DESCRIPTOR_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_INSTRUCTION_DESCRIPTOR_H_

#include <cstdint>

#include "llvm/Support/Error.h"
#include "runtime/emulator/matrix/element.h"

namespace attnjit::emulator {

enum class MmaKind : uint8_t { kF16, kTf32, kF8f6f4 };

struct InstructionDescriptor {
  ElementType a = ElementType::kF16;
  ElementType b = ElementType::kF16;
  bool d_f32 = true;  ///< Otherwise f16.
  bool negate_a = false;
  bool negate_b = false;
  bool transpose_a = false;  ///< M-major.
  bool transpose_b = false;  ///< N-major.
  int m = 0;
  int n = 0;
  int k = 0;  ///< Implied by the kind: 16, 8 or 32.
};

/// Errors: a reserved or sparse bit, a type that the kind does not have, an M or N that
/// the kind, the group and the transposition do not allow (tables 39 and 52).
llvm::Expected<InstructionDescriptor> ParseInstructionDescriptor(uint32_t bits, MmaKind kind,
                                                                 int cta_group);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_INSTRUCTION_DESCRIPTOR_H_
