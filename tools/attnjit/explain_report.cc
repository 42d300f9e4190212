#include "tools/attnjit/explain_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "generator/plan_json.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "tools/attnjit/model_report.h"
#include "tools/attnjit/resources.h"
#include "tools/attnjit/text_table.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

std::string Percent(const ResourceUse& use) {
  return llvm::formatv("{0:f1}%", 100.0 * use.used / use.limit);
}

/// An object's members on one line: "rows 64, chunk 64, chunks 2".
std::string OneLine(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return value.dump();
  std::string line;
  for (const auto& [name, member] : value.items()) {
    line += (line.empty() ? "" : ", ") + name + " " + OneLine(member);
  }
  return line;
}

void PrintPlanFields(const Json& plan, llvm::raw_ostream& os) {
  size_t width = 0;
  for (const auto& [name, value] : plan.items()) width = std::max(width, name.size());
  for (const auto& [name, value] : plan.items()) {
    os << "  " << llvm::left_justify(name, width + 2) << OneLine(value) << '\n';
  }
}

void PrintSmemMap(const KernelPlan& plan, llvm::raw_ostream& os) {
  TextTable table({">offset", ">bytes", "region", "what"});
  std::vector<SmemRegion> regions = plan.smem_map;
  std::stable_sort(regions.begin(), regions.end(),
                   [](const SmemRegion& a, const SmemRegion& b) { return a.offset < b.offset; });
  for (const SmemRegion& region : regions) {
    table.Add(
        {std::to_string(region.offset), std::to_string(region.bytes), region.name, region.what});
  }
  table.PrintBox(os, 2);
}

void PrintLimits(const KernelPlan& plan, llvm::raw_ostream& os) {
  TextTable table({"resource", ">used", ">limit", ">share"});
  for (const ResourceUse& use : ResourceUses(plan)) {
    table.Add({use.name, std::to_string(use.used), std::to_string(use.limit), Percent(use)});
  }
  table.PrintBox(os, 2);
}

}  // namespace

void PrintExplanation(const AttentionSpec& spec, const ArchChoice& choice, const KernelPlan& plan,
                      const std::vector<SizedProblem>& problems, llvm::raw_ostream& os) {
  os << "Kernel   " << plan.name << '\n'
     << "Request  " << CanonicalJson(spec) << '\n'
     << "GPU      " << GetArchInfo(plan.arch).name << ", " << choice.reason << '\n'
     << "Family   " << FamilyName(plan.family) << '\n'
     << llvm::formatv("Tile     {0} query rows x {1} keys\n", plan.tile_m, plan.tile_n)
     << llvm::formatv(
            "Launch   {0} threads a block, {1} bytes of shared memory, {2} block{3} an SM"
            ", {4}\n",
            plan.threads, plan.smem_bytes, plan.blocks_per_sm, plan.blocks_per_sm == 1 ? "" : "s",
            plan.persistent ? "persistent: one grid that fills the GPU"
                            : "one block for each tile");
  os << "\nPlan\n";
  PrintPlanFields(Json::parse(PlanJson(plan)).at("plan"), os);
  os << "\nShared memory\n";
  PrintSmemMap(plan, os);
  os << "\nRegisters (granted by the plan; attnjit build reports what the compiler used)\n";
  for (const RegisterGrant& grant : RegisterGrants(plan)) {
    os << llvm::formatv("  {0} thread: {1}, {2} threads\n", grant.role, grant.registers,
                        grant.threads);
  }
  os << "\nLimits of " << GetArchInfo(plan.arch).name << '\n';
  PrintLimits(plan, os);
  PrintModel(plan, problems, os);
  os << "\nWhy\n";
  for (const std::string& reason : plan.reasons) os << "  - " << reason << '\n';
}

std::string ExplanationJson(const AttentionSpec& spec, const ArchChoice& choice,
                            const KernelPlan& plan, const std::vector<SizedProblem>& problems) {
  Json registers = Json::array();
  for (const RegisterGrant& grant : RegisterGrants(plan)) {
    registers.push_back(
        {{"role", grant.role}, {"threads", grant.threads}, {"registers", grant.registers}});
  }
  Json limits = Json::array();
  for (const ResourceUse& use : ResourceUses(plan)) {
    limits.push_back({{"resource", use.name}, {"used", use.used}, {"limit", use.limit}});
  }
  const Json json = {
      {"request", Json::parse(CanonicalJson(spec))},
      {"kernel", Json::parse(CanonicalJson(plan.spec, plan.arch))},
      {"arch_from", choice.reason},
      {"plan", Json::parse(PlanJson(plan))},
      {"registers", registers},
      {"limits", limits},
      {"model", ModelJson(plan, problems)},
  };
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attnjit
