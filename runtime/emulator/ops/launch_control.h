// clusterlaunchcontrol (PTX ISA 9.1, 9.7.13.17, 9.7.13.18).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_LAUNCH_CONTROL_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_LAUNCH_CONTROL_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// try_cancel takes over Cluster::NextLaunch, so whole chains of clusters may be one's work.
llvm::Error DecodeLaunchControl(const ptx::Instruction& instruction, DecodeContext& context,
                                Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_LAUNCH_CONTROL_H_
