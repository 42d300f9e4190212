// fence, membar (PTX ISA 9.1, 9.7.13.4).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_FENCE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_FENCE_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// fence and membar.
llvm::ArrayRef<OpcodeDecoder> FenceDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_FENCE_H_
