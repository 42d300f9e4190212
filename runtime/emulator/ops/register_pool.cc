#include "runtime/emulator/ops/register_pool.h"

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/machine/cluster.h"
#include "runtime/emulator/ops/async_support.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kLeastRegisters = 24;
constexpr uint32_t kMostRegisters = 256;
constexpr uint32_t kRegisterStep = 8;
constexpr uint32_t kThreadsPerWarp = 32;

enum class Direction : uint8_t { kIncrease, kDecrease };

/// That all warps of a warpgroup execute the same ones is the monitor's to check.
Step ExecuteSetMaxNReg(Warp& warp, const Inst& inst, uint32_t) {
  const uint32_t current = warp.registers_per_thread();
  const auto wanted = static_cast<uint32_t>(inst.address.offset);  // The immediate operand.
  const bool increase = inst.kind == static_cast<uint8_t>(Direction::kIncrease);
  if (increase ? current > wanted : current < wanted) {
    return warp.Trap(Rule::kSetmaxnreg, inst, -1,
                     llvm::formatv("the warp has {0} registers for each thread: not to be {1} to "
                                   "{2}",
                                   current, increase ? "increased" : "decreased", wanted));
  }
  if (increase && !warp.cta().TakeRegisters((wanted - current) * kThreadsPerWarp)) {
    warp.SetWait(llvm::formatv("setmaxnreg.inc to {0}: {1} registers more for the warp, {2} free",
                               wanted, (wanted - current) * kThreadsPerWarp,
                               warp.cta().free_registers()));
    return Step::kBlocked;
  }
  if (!increase) warp.cta().ReleaseRegisters((current - wanted) * kThreadsPerWarp);
  if (Monitor* monitor = warp.monitor(); monitor != nullptr) {
    monitor->SetMaxRegisters(warp.id(), wanted, increase, current, inst.pc);
  }
  warp.set_registers_per_thread(wanted);
  return Step::kNext;
}

}  // namespace

llvm::Error DecodeSetMaxNReg(const ptx::Instruction& instruction, DecodeContext& context,
                             Inst& inst) {
  inst.inst_class = InstClass::kOther;
  inst.execute = ExecuteSetMaxNReg;
  inst.converged = true;
  if (llvm::Error error = RequireSm(context, 90, "setmaxnreg")) return error;
  if (!context.target().arch_specific && !context.target().family_specific) {
    return context.Unsupported("setmaxnreg needs an architecture-specific target, such as sm_90a");
  }
  ptx::ModifierReader modifiers(instruction);
  const int direction = modifiers.TakeOneOf({"inc", "dec"});
  if (direction < 0) return ptx::ErrorAt(instruction, ".inc or .dec is due");
  inst.kind = static_cast<uint8_t>(direction == 0 ? Direction::kIncrease : Direction::kDecrease);
  if (!modifiers.Take("sync") || !modifiers.Take("aligned") || !modifiers.Take("u32")) {
    return ptx::ErrorAt(instruction, ".sync.aligned.u32 is due");
  }
  if (llvm::Error error = modifiers.Finish()) return error;
  if (llvm::Error error = ExpectOperands(instruction, 1, 1)) return error;
  llvm::Expected<uint32_t> count = TakeInteger(instruction, 0, kMostRegisters);
  if (!count) return count.takeError();
  if (*count < kLeastRegisters || *count % kRegisterStep != 0) {
    return ptx::ErrorAt(instruction, "the count must be a multiple of 8 from 24 to 256");
  }
  inst.address.offset = *count;
  return llvm::Error::success();
}

}  // namespace attnjit::emulator
