#include "runtime/emulator/ops/grid_control.h"

#include "runtime/emulator/ops/async_support.h"

namespace attnjit::emulator {
namespace {

/// Grids run one after the other, in stream order: when one starts, those it depends on have ended
/// and their memory is visible, and no dependent grid starts before its end.
Step ExecuteNothing(Warp&, const Inst&, uint32_t) { return Step::kNext; }

}  // namespace

llvm::Error DecodeGridDepControl(const ptx::Instruction& instruction, DecodeContext& context,
                                 Inst& inst) {
  inst.inst_class = InstClass::kControl;
  inst.execute = ExecuteNothing;
  if (llvm::Error error = RequireSm(context, 90, "griddepcontrol")) return error;
  ptx::ModifierReader modifiers(instruction);
  if (modifiers.TakeOneOf({"launch_dependents", "wait"}) < 0) {
    return context.Unsupported("griddepcontrol is .launch_dependents or .wait");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  return ExpectOperands(instruction, 0, 0);
}

}  // namespace attnjit::emulator
