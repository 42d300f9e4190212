// Every opcode that the emulator executes.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_REGISTRY_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_REGISTRY_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// The decoders of all families, sorted by opcode, each opcode once. Thread safe.
llvm::ArrayRef<OpcodeDecoder> AllDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_REGISTRY_H_
