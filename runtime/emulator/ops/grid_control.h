// griddepcontrol (PTX ISA 9.1, 9.7.13.13).
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_GRID_CONTROL_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_GRID_CONTROL_H_

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/program/inst.h"

namespace attnjit::emulator {

llvm::Error DecodeGridDepControl(const ptx::Instruction& instruction, DecodeContext& context,
                                 Inst& inst);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_GRID_CONTROL_H_
