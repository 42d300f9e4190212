// tcgen05.* (PTX ISA 9.7.16).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_TCGEN05_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_TCGEN05_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// alloc, dealloc, relinquish_alloc_permit, mma of kinds f16, tf32 and f8f6f4, cp without
/// decompression, commit, ld, st, wait and fence. Not .ws, .sp, .block_scale, .ashift, ld.red,
/// shift (whose direction the ISA does not state).
llvm::Error DecodeTcgen05(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MATRIX_TCGEN05_H_
