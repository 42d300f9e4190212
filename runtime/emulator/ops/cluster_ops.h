// Barriers of a cluster (PTX ISA 9.1, 9.7.13.3) and cluster launch control (9.7.13.17, 9.7.13.18).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_CLUSTER_OPS_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_CLUSTER_OPS_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// barrier.cluster.arrive and .wait: `barrier` is decoded by the named barriers' family, which
/// forwards these.
llvm::Error DecodeBarrierCluster(const ptx::Instruction& instruction, DecodeContext& context,
                                 Inst& inst);

/// clusterlaunchcontrol, griddepcontrol, setmaxnreg.
llvm::ArrayRef<OpcodeDecoder> ClusterDecoders();

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_CLUSTER_OPS_H_
