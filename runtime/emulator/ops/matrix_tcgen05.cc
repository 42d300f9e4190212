#include "runtime/emulator/ops/matrix_tcgen05.h"

#include "runtime/emulator/ops/tcgen05_state.h"

namespace attnjit::emulator {

llvm::Error DecodeTcgen05(const ptx::Instruction& instruction, DecodeContext& context, Inst& inst) {
  const TargetInfo& target = context.target();
  const bool specific = target.arch_specific || target.family_specific;
  if (target.sm < 100 || target.sm >= 120 || !specific) {
    return context.Unsupported("tcgen05 for another target than sm_100a and its relatives");
  }
  ptx::ModifierReader modifiers(instruction);
  for (const char* refused : {"shift", "red", "ws", "sp", "block_scale", "ashift"}) {
    if (modifiers.Take(refused)) {
      return context.Unsupported(std::string("tcgen05 with .") + refused);
    }
  }
  for (const char* name : {"alloc", "dealloc", "relinquish_alloc_permit"}) {
    if (modifiers.Take(name)) {
      return DecodeTensorAllocation(instruction, context, modifiers, name, inst);
    }
  }
  if (modifiers.Take("mma")) return DecodeTensorMma(instruction, context, modifiers, inst);
  if (modifiers.Take("cp")) return DecodeTensorCopy(instruction, context, modifiers, inst);
  if (modifiers.Take("commit")) return DecodeTensorCommit(instruction, context, modifiers, inst);
  if (modifiers.Take("ld")) {
    return DecodeTensorAccess(instruction, context, modifiers, /*load=*/true, inst);
  }
  if (modifiers.Take("st")) {
    return DecodeTensorAccess(instruction, context, modifiers, /*load=*/false, inst);
  }
  const int wait = modifiers.TakeOneOf({"wait::ld", "wait::st"});
  if (wait >= 0) return DecodeTensorWait(instruction, modifiers, wait == 0, inst);
  const int fence = modifiers.TakeOneOf({"fence::before_thread_sync", "fence::after_thread_sync"});
  if (fence >= 0) return DecodeTensorFence(instruction, modifiers, fence == 0, inst);
  return context.Unsupported("this form of tcgen05");
}

}  // namespace attnjit::emulator
