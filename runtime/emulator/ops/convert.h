// cvt (PTX ISA 9.7.9, "Data movement and conversion": cvt).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_CONVERT_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_CONVERT_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

llvm::ArrayRef<OpcodeDecoder> ConvertDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_CONVERT_H_
