// setmaxnreg (PTX ISA 9.1, 9.7.19.5): registers move between a warp and its CTA's pool.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_REGISTER_POOL_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_REGISTER_POOL_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

llvm::Error DecodeSetMaxNReg(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_REGISTER_POOL_H_
