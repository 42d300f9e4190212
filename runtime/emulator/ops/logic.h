// Logic, shifts, bit fields and byte permutation.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_LOGIC_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_LOGIC_H_

#include "runtime/emulator/ops/form_table.h"

namespace attnjit::emulator {

void AddLogicForms(FormTable& table);
/// lop3.and and lop3.or, which give a predicate too. Errors: PtxError.
llvm::Error DecodeLop3Predicate(const ptx::Instruction& instruction, DecodeContext& context,
                                Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_LOGIC_H_
