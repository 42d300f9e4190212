// Runs a LaneKernel on a warp's registers.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_RUN_LANES_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_RUN_LANES_H_

#include "runtime/emulator/ops/lane_kernel.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

/// Makes `inst`, whose dst and a to d are bound, run `kernel` in the host's rounding mode
/// `host_rounding` (FE_TOWARDZERO, ..; -1: to nearest). Its detail belongs to the kernel.
void SetLaneKernel(const LaneKernel& kernel, int host_rounding, DecodeContext& context, Inst& inst);

/// The lanes of `lanes` for which a predicate kernel of inst.a and inst.b holds.
uint32_t TestLanes(const LaneKernel& kernel, Warp& warp, const Inst& inst, uint32_t lanes);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_RUN_LANES_H_
