// cp.async.bulk and cp.reduce.async.bulk of plain ranges, and bulk groups (PTX ISA 9.1, 9.7.9.25.4,
// 9.7.9.27.2).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_BULK_COPY_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_BULK_COPY_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// cp.async.bulk without .tensor, cp.reduce.async.bulk without .tensor, .prefetch, .commit_group
/// and .wait_group.
llvm::Error DecodeBulk(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_BULK_COPY_H_
