#include "generator/model/balance.h"

#include <cmath>

namespace attnjit {
namespace {

constexpr size_t kF16 = static_cast<size_t>(MatrixKind::kF16);

}  // namespace

Amounts RatesOf(const GpuInfo& gpu, bool mma_sync) {
  const SmRates& sm = *FindSmRates(gpu.arch);
  Amounts rates;
  rates[Resource::kMatrix] =
      sm.matrix_flops[kF16] * gpu.matrix_share(sm) * (mma_sync ? sm.mma_sync_share : 1);
  rates[Resource::kSpecial] = sm.special_lanes;
  rates[Resource::kFp32] = sm.fp32_lanes;
  rates[Resource::kInteger] = sm.integer_lanes;
  rates[Resource::kConvert] = sm.convert_lanes;
  rates[Resource::kIssue] = sm.issue_warps;
  rates[Resource::kShared] = sm.shared_bytes;
  rates[Resource::kTensor] = sm.tensor_bytes;
  rates[Resource::kL2] = gpu.l2_bytes / gpu.sm_count;
  rates[Resource::kMemory] = gpu.gbytes * 1e9 / gpu.matrix_clock_hz() / gpu.sm_count;
  return rates;
}

Amounts CyclesOf(const Amounts& work, const Amounts& rates) {
  Amounts cycles;
  for (size_t i = 0; i < kResources; ++i) {
    if (rates.amounts[i] > 0) cycles.amounts[i] = work.amounts[i] / rates.amounts[i];
  }
  return cycles;
}

Resource BottleneckOf(const Amounts& cycles) {
  Resource most = Resource::kMatrix;
  for (size_t i = 0; i < kResources; ++i) {
    const auto resource = static_cast<Resource>(i);
    if (resource == Resource::kMemory || resource == Resource::kL2) continue;
    if (cycles[resource] > cycles[most]) most = resource;
  }
  return most;
}

double StepCycles(const TileWork& work, const Amounts& rates, int resident) {
  const OverlapFit& fit = kOverlapFit;
  Amounts cycles = CyclesOf(work.block, rates);
  Amounts serial = CyclesOf(work.serial, rates);
  cycles[Resource::kIssue] *= fit.issue;
  serial[Resource::kIssue] *= fit.issue;
  // Arithmetic overlaps with what issues it; exponentials and products are waited for.
  const double chain = serial[Resource::kMatrix] + serial[Resource::kSpecial] +
                       serial[Resource::kIssue] + fit.block_cycles;
  double sum = std::pow(chain, fit.power);
  for (const Resource r : {Resource::kMatrix, Resource::kSpecial, Resource::kInteger,
                           Resource::kIssue, Resource::kShared, Resource::kTensor}) {
    sum += std::pow(resident * cycles[r], fit.power);
  }
  return std::pow(sum, 1 / fit.power);
}

Balance BalanceOf(const KernelPlan& plan, const GpuInfo& gpu) {
  Balance balance;
  balance.gpu = &gpu;
  balance.work = TileWorkOf(plan);
  balance.rates = RatesOf(gpu, balance.work.mma_sync);
  balance.block = CyclesOf(balance.work.block, balance.rates);
  balance.boundary = CyclesOf(balance.work.boundary, balance.rates);
  balance.tile = CyclesOf(balance.work.tile, balance.rates);
  balance.bottleneck = BottleneckOf(balance.block);
  balance.step_cycles = StepCycles(balance.work, balance.rates, plan.blocks_per_sm);
  return balance;
}

}  // namespace attnjit
