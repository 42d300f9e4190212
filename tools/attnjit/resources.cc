#include "tools/attnjit/resources.h"

#include <algorithm>

namespace attnjit {
namespace {

std::vector<RegisterGrant> Grants(const Sm90Plan& plan, const KernelPlan&) {
  const int consumers = 128 * plan.consumer_warpgroups;
  return {{"consumer", consumers, plan.consumer_registers},
          {"producer", plan.threads() - consumers, plan.producer_registers}};
}

std::vector<RegisterGrant> Grants(const Sm100Plan& plan, const KernelPlan&) {
  return {{"softmax", 256, plan.softmax_registers},
          {"correction", 128, plan.correction_registers},
          {"other", 128, plan.other_registers}};
}

/// The compiler's bound from __launch_bounds__: registers are given in units of 8 to a thread, at
/// most 255 (CUDA C++ Programming Guide 13.0, "Technical Specifications per Compute Capability").
std::vector<RegisterGrant> Grants(const MmaPlan& plan, const KernelPlan& kernel) {
  const int resident = plan.threads() * std::max(1, plan.min_blocks_per_sm);
  const int share = GetArchInfo(kernel.arch).registers_per_sm / resident / 8 * 8;
  return {{"every", plan.threads(), std::min(255, share)}};
}

}  // namespace

std::vector<RegisterGrant> RegisterGrants(const KernelPlan& plan) {
  return std::visit([&](const auto& p) { return Grants(p, plan); }, plan.plan);
}

std::vector<ResourceUse> ResourceUses(const KernelPlan& plan) {
  const ArchInfo& arch = GetArchInfo(plan.arch);
  const int64_t blocks = plan.blocks_per_sm;
  int64_t registers = 0;
  for (const RegisterGrant& grant : RegisterGrants(plan)) {
    registers += static_cast<int64_t>(grant.threads) * grant.registers;
  }
  std::vector<ResourceUse> uses = {
      {"shared memory of a block, bytes", plan.smem_bytes, arch.smem_per_block},
      {"shared memory of an SM, bytes", blocks * (plan.smem_bytes + kSmemReservedPerBlock),
       arch.smem_per_sm},
      {"registers of an SM, at most", blocks * registers, arch.registers_per_sm},
      {"threads of an SM", blocks * plan.threads, arch.max_threads_per_sm},
  };
  if (const auto* sm100 = std::get_if<Sm100Plan>(&plan.plan)) {
    uses.push_back({"columns of tensor memory", blocks * sm100->tensor_columns, 512});
  }
  return uses;
}

}  // namespace attnjit
