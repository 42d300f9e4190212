// mbarrier.* (PTX ISA 9.1, 9.7.13.15).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MBARRIER_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MBARRIER_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// mbarrier, all its forms.
llvm::ArrayRef<OpcodeDecoder> MbarrierDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MBARRIER_H_
