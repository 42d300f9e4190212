// st.async and red.async into the shared memory of a cluster (PTX ISA 9.1, 9.7.9.12, 9.7.13.7).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_STORE_ASYNC_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_STORE_ASYNC_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// The forms that complete on an mbarrier; the release forms to global memory are refused.
llvm::Error DecodeStoreAsync(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst);
llvm::Error DecodeReduceAsync(const ptx::Instruction& instruction, DecodeContext& context,
                              Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_STORE_ASYNC_H_
