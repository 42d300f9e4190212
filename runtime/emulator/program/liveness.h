// Which of a function's registers are live where.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LIVENESS_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LIVENESS_H_

#include <cstdint>
#include <vector>

#include "llvm/ADT/STLFunctionalExtras.h"
#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

/// The instructions, by index, from the first to the last at which a register is live or named.
struct LiveRange {
  uint32_t first = 1;
  uint32_t last = 0;
  bool used() const { return first <= last; }
};

/// By register index. Conservative: a range may be too long, never too short. A write counts as the
/// end of the older value only where the instruction always writes all active lanes.
std::vector<LiveRange> FindLiveRanges(const ptx::Function& function);

/// Calls `visit(register index)` for each register in the operand, nested ones included.
void ForEachRegister(const ptx::Operand& operand, llvm::function_ref<void(int32_t)> visit);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_LIVENESS_H_
