// Atomic operations on memory (PTX ISA 9.7.13): atom, red.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_ATOMIC_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_ATOMIC_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// atom and red on global, shared and generic addresses; vectors; 16 to 128 bits. The lanes of a
/// warp take turns, lowest first.
llvm::ArrayRef<OpcodeDecoder> AtomicDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_ATOMIC_H_
