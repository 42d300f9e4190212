// cp.async.bulk.tensor, cp.reduce.async.bulk.tensor, cp.async.bulk.prefetch.tensor (PTX ISA 9.1,
// 9.7.9.27.1), tiled.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_TENSOR_COPY_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_TENSOR_COPY_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

llvm::Error DecodeBulkTensor(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst);

/// tensormap.* and multimem.*: refused, with the reason.
llvm::ArrayRef<OpcodeDecoder> TensorCopyDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_TENSOR_COPY_H_
