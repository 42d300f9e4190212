// Where a function's registers live in a warp's register file.
#ifndef ATTNJIT_RUNTIME_EMULATOR_PROGRAM_REGISTER_PLAN_H_
#define ATTNJIT_RUNTIME_EMULATOR_PROGRAM_REGISTER_PLAN_H_

#include <cstdint>
#include <vector>

#include "runtime/emulator/ptx/ast.h"

namespace attnjit::emulator {

struct RegisterPlace {
  uint32_t slot = 0;  ///< First of `bytes / 4` slots; none for a predicate.
  uint32_t reg = 0;   ///< Index of its mask of written lanes.
  uint8_t bytes = 0;  ///< 4, 8 or 16; 0 for a predicate.
  bool used = false;  ///< Registers that no instruction names have no place.
};

struct RegisterPlan {
  std::vector<RegisterPlace> places;  ///< By register index of the function.
  uint32_t slots = 0;                 ///< The next free slot after the function's.
  uint32_t regs = 0;                  ///< The next free mask.
};

/// Gives each register that an instruction names a mask of its own, and slots from `first_slot` on.
/// Registers that are never live at the same time share slots: NVRTC's PTX has a register for each
/// value, several times what a core's cache holds. Masks are not shared, so reading a register that
/// was never written is still found. What wgmma and tcgen05 name keeps its slots to itself, because
/// such an operation uses its registers after the instruction.
RegisterPlan PlanRegisters(const ptx::Function& function, uint32_t first_slot, uint32_t first_reg);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_PROGRAM_REGISTER_PLAN_H_
