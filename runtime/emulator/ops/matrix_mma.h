// mma.sync (PTX ISA 9.7.14.5.14).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_MMA_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_MMA_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// mma.sync.aligned.m16n8kK.row.col of f16, bf16, tf32, e4m3, e5m2, s8 and u8, dense.
llvm::Error DecodeMma(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_MMA_H_
