// Barriers of a CTA and of a warp (PTX ISA 9.7.13.1, 9.7.13.2): bar, barrier.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_NAMED_BARRIERS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_NAMED_BARRIERS_H_

#include "llvm/ADT/ArrayRef.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// bar(.cta), barrier(.cta): .sync, .arrive, .red; bar.warp.sync; barrier.cluster (cluster_ops.h).
/// An aligned barrier counts 32 threads for each warp, whatever its live lanes; without a count, a
/// barrier is for the warps of the CTA that have not exited.
llvm::ArrayRef<OpcodeDecoder> NamedBarrierDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_NAMED_BARRIERS_H_
