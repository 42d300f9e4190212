// Loads, stores and what concerns caches only (PTX ISA 9.7.9).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_LOAD_STORE_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_LOAD_STORE_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// ld, ldu, st, prefetch, prefetchu, applypriority, discard, createpolicy.
llvm::ArrayRef<OpcodeDecoder> LoadStoreDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_LOAD_STORE_H_
