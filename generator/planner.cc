#include "generator/planner.h"

#include "generator/error.h"

namespace attnjit {

const char* FamilyName(Family family) {
  switch (family) {
    case Family::kMma:
      return "mma";
    case Family::kSm90:
      return "sm90";
    case Family::kSm100:
      return "sm100";
  }
  return "";
}

llvm::Expected<KernelPlan> PlanKernel(const KernelSpec& spec, Arch arch) {
  std::vector<std::string> unmet;
  const auto collect = [&unmet](const PlanError& error) {
    unmet.insert(unmet.end(), error.unmet().begin(), error.unmet().end());
  };
  using Planner = llvm::Expected<KernelPlan> (*)(const KernelSpec&, Arch);
  std::vector<Planner> planners;
  if (GetArchInfo(arch).has_wgmma) planners.push_back(PlanSm90);
  if (GetArchInfo(arch).has_tcgen05) planners.push_back(PlanSm100);
  planners.push_back(PlanMma);
  for (const Planner planner : planners) {
    llvm::Expected<KernelPlan> plan = planner(spec, arch);
    if (plan) {
      // Why it is not a family that was tried before.
      plan->reasons.insert(plan->reasons.begin(), unmet.begin(), unmet.end());
      return plan;
    }
    if (llvm::Error other = llvm::handleErrors(plan.takeError(), collect)) return other;
  }
  return llvm::make_error<PlanError>(std::move(unmet));
}

}  // namespace attnjit
