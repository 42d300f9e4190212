// wgmma.fence, mma_async, commit_group, wait_group (PTX ISA 9.7.15).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_WGMMA_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_WGMMA_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// All of wgmma but .sp and .b1.
llvm::Error DecodeWgmma(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_WGMMA_H_
