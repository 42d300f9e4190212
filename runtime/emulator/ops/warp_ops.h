// Instructions among the lanes of a warp (PTX ISA 9.7.9.6, 9.7.13).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_WARP_OPS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_WARP_OPS_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// shfl.sync, vote.sync, match.sync, redux.sync, elect.sync, activemask. Each waits until all lanes
/// of its member mask that are alive stand at it; elect chooses the lowest.
llvm::ArrayRef<OpcodeDecoder> WarpOpDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_WARP_OPS_H_
