// Extended-precision arithmetic with a carry flag: add.cc, addc, sub.cc, subc, mad.cc, madc.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_CARRY_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_CARRY_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// addc, subc and madc.
llvm::ArrayRef<OpcodeDecoder> CarryDecoders();

/// Also add, sub and mad with .cc. Errors: PtxError.
llvm::Error DecodeCarry(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_CARRY_H_
