// .redOp and .type of cp.reduce.async.bulk.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_REDUCE_MODIFIERS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_REDUCE_MODIFIERS_H_

#include <optional>

#include "llvm/Support/Error.h"
#include "runtime/emulator/ops/bulk_ops.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// Takes the operation alone (the type is a tensor map's): nullopt where there is none.
std::optional<ReduceOp> TakeReduceOp(ptx::ModifierReader& modifiers);

/// Takes operation, type and .noftz into `mode`. Errors: PtxError, a combination that the ISA does
/// not have for a destination in global (else shared::cluster) memory.
llvm::Error TakeReduction(const ptx::Instruction& instruction, ptx::ModifierReader& modifiers,
                          bool global, StoreMode& mode);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_REDUCE_MODIFIERS_H_
