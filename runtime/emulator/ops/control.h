// Control flow (PTX ISA 9.7.13) and what has no effect on results: nanosleep, pmevent.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_CONTROL_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_CONTROL_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// bra, brx.idx, call, ret, exit, trap, brkpt, nanosleep, pmevent.
llvm::ArrayRef<OpcodeDecoder> ControlDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_CONTROL_H_
