#include "tools/attnjit/model_report.h"

#include <nlohmann/json.hpp>

#include "llvm/Support/FormatVariadic.h"
#include "tools/attnjit/text_table.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

/// Resources that the plan uses and the table has rates of.
std::vector<Resource> UsedResources(const Balance& balance) {
  std::vector<Resource> used;
  for (size_t i = 0; i < kResources; ++i) {
    const auto resource = static_cast<Resource>(i);
    if (balance.block[resource] > 0 || balance.tile[resource] > 0) used.push_back(resource);
  }
  return used;
}

std::string Round(double value) { return llvm::formatv("{0:f0}", value); }

void PrintBalance(const Balance& balance, llvm::raw_ostream& os) {
  TextTable table(
      {"resource", ">block", ">more at a boundary", ">tile's ends", ">a clock", "unit"});
  for (const Resource resource : UsedResources(balance)) {
    table.Add({ResourceName(resource), Round(balance.block[resource]),
               Round(balance.boundary[resource]), Round(balance.tile[resource]),
               llvm::formatv("{0:f1}", balance.rates[resource]), ResourceUnit(resource)});
  }
  table.PrintBox(os, 2);
  os << llvm::formatv(
      "  A block is bound by {0}; with what does not overlap it takes {1:f0} cycles (predicted)\n",
      ResourceName(balance.bottleneck), balance.step_cycles);
}

void PrintProblem(const SizedProblem& sized, const KernelPlan& plan, const GpuInfo& gpu,
                  TextTable& table) {
  const Prediction p = Predict(plan, sized.shape(), gpu);
  table.Add({sized.size, llvm::formatv("{0}/{1}", sized.problem.heads_q, sized.problem.heads_kv),
             std::to_string(p.turns), std::to_string(p.rounds), llvm::formatv("{0:f2}", p.balance),
             llvm::formatv("{0:f2}", p.visible_share), llvm::formatv("{0:f4}", p.seconds * 1e3),
             Round(p.tflops), ResourceName(p.bottleneck)});
}

Json WorkJson(const Amounts& work, const std::vector<Resource>& resources) {
  Json json = Json::object();
  for (const Resource resource : resources) json[ResourceName(resource)] = work[resource];
  return json;
}

Json ProblemJson(const SizedProblem& sized, const KernelPlan& plan, const GpuInfo& gpu) {
  const Prediction p = Predict(plan, sized.shape(), gpu);
  return {{"problem", sized.size},
          {"heads_q", sized.problem.heads_q},
          {"heads_kv", sized.problem.heads_kv},
          {"turns", p.turns},
          {"rounds", p.rounds},
          {"blocks", p.blocks},
          {"boundary_blocks", p.boundary_blocks},
          {"balance", p.balance},
          {"visible_share", p.visible_share},
          {"compute_ms", p.compute_seconds * 1e3},
          {"memory_ms", p.memory_seconds * 1e3},
          {"predicted_ms", p.seconds * 1e3},
          {"predicted_tflops", p.tflops},
          {"bottleneck", ResourceName(p.bottleneck)}};
}

}  // namespace

void PrintModel(const KernelPlan& plan, const std::vector<SizedProblem>& problems,
                llvm::raw_ostream& os) {
  const GpuInfo* gpu = TypicalGpu(plan.arch);
  if (gpu == nullptr) {
    os << "\nBalance\n  no GPU of " << GetArchInfo(plan.arch).name << " is in the table of rates\n";
    return;
  }
  os << llvm::formatv("\nBalance on {0}: cycles of one SM for a tile of {1} rows (docs/model.md)\n",
                      gpu->name, plan.tile_m * plan.tile_heads);
  PrintBalance(BalanceOf(plan, *gpu), os);
  os << "\nPredicted times (no speed was measured)\n";
  TextTable table({"problem", ">heads", ">tiles", ">rounds", ">balance", ">visible", ">ms",
                   ">TFLOP/s", "bound by"});
  for (const SizedProblem& sized : problems) PrintProblem(sized, plan, *gpu, table);
  table.PrintBox(os, 2);
}

Json ModelJson(const KernelPlan& plan, const std::vector<SizedProblem>& problems) {
  const GpuInfo* gpu = TypicalGpu(plan.arch);
  if (gpu == nullptr) return nullptr;
  const Balance balance = BalanceOf(plan, *gpu);
  const std::vector<Resource> used = UsedResources(balance);
  Json predictions = Json::array();
  for (const SizedProblem& sized : problems) predictions.push_back(ProblemJson(sized, plan, *gpu));
  return {{"gpu", gpu->name},
          {"rates_per_clock", WorkJson(balance.rates, used)},
          {"block_work", WorkJson(balance.work.block, used)},
          {"block_cycles", WorkJson(balance.block, used)},
          {"boundary_cycles", WorkJson(balance.boundary, used)},
          {"tile_cycles", WorkJson(balance.tile, used)},
          {"bottleneck", ResourceName(balance.bottleneck)},
          {"predicted_step_cycles", balance.step_cycles},
          {"predictions", std::move(predictions)}};
}

}  // namespace attnjit
