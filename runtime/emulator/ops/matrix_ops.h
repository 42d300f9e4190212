// The opcodes of the matrix families.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_OPS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_OPS_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// ldmatrix, mma, movmatrix, stmatrix, tcgen05, wgmma.
llvm::ArrayRef<OpcodeDecoder> MatrixDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_OPS_H_
