// Moves, selection and address conversion (PTX ISA 9.7.9).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MOVE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MOVE_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// mov, selp, slct, cvta, isspacep, mapa, getctarank. mov and selp hand on undefined values without
/// reporting them: compilers move what is never used.
llvm::ArrayRef<OpcodeDecoder> MoveDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MOVE_H_
