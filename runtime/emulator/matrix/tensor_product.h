// One CTA's part of a tcgen05.mma on its tensor memory.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_PRODUCT_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_PRODUCT_H_

#include <bitset>
#include <cstdint>

#include "llvm/Support/Error.h"
#include "runtime/emulator/matrix/instruction_descriptor.h"
#include "runtime/emulator/matrix/shared_matrix.h"
#include "runtime/emulator/matrix/tensor_memory.h"

namespace attnjit::emulator {

/// An operand in one CTA's shared memory: cta_group::2 has rows 0 .. M/2 - 1 of A (N/2 of B) in the
/// even CTA and the others in the odd one.
struct SharedOperand {
  SharedWindow window;
  SharedMatrix matrix;
};

struct TensorProduct {
  InstructionDescriptor descriptor;
  int cta_group = 1;
  bool a_in_tensor_memory = false;
  SharedOperand a;          ///< This CTA's rows.
  TensorAddress a_address;  ///< If in tensor memory.
  SharedOperand b[2];       ///< Of the even and the odd CTA; cta_group 1 has the first only.
  TensorAddress d;
  bool accumulate = true;              ///< enable-input-d; false: D's old contents count as 0.
  int scale_shift = 0;                 ///< scale-input-d: D counts as D * 2^-scale_shift.
  std::bitset<kTensorLanes> disabled;  ///< Lanes of this CTA that keep their old D.
};

/// What does not depend on the contents of memory: D's and A's place (lane alignment of the data
/// path layouts, allocated columns) and both shared operands' form. Errors: what is wrong.
llvm::Error CheckTensorProduct(const TensorMemory& memory, const TensorProduct& product);

/// Computes into `memory`, in product.h's numeric model, and marks D as initialised. An element of
/// D that is not initialised and accumulated onto, or of A, is used as it stands: the caller
/// decides what to report. Errors: an operand's chunk outside of its window.
llvm::Error ComputeTensorProduct(TensorMemory& memory, const TensorProduct& product);

/// Columns of D and (in tensor memory) of A.
int ProductDColumns(const TensorProduct& product);
int ProductAColumns(const TensorProduct& product);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_PRODUCT_H_
