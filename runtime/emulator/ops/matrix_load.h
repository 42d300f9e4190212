// ldmatrix, stmatrix, movmatrix (PTX ISA 9.7.14.5.15 to .17).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_LOAD_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_LOAD_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// m8n8.b16 with and without .trans, m8n16 of 6- and 4-bit elements. Not m16n16: the ISA gives its
/// layout in a figure that another description contradicts.
llvm::Error DecodeLdmatrix(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);
/// m8n8.b16 with and without .trans, m16n8.trans.b8.
llvm::Error DecodeStmatrix(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);
llvm::Error DecodeMovmatrix(const ptx::Instruction& instruction, DecodeContext& context,
                            Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_LOAD_H_
