// cp.async, its groups and its mbarrier arrival (PTX ISA 9.1, 9.7.9.25.3, 9.7.13.15.15); dispatches
// `cp`.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_COPY_ASYNC_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_COPY_ASYNC_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// `cp`: cp.async, cp.async.bulk, cp.async.bulk.tensor, cp.reduce.async.bulk and their groups.
llvm::ArrayRef<OpcodeDecoder> CopyDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_COPY_ASYNC_H_
