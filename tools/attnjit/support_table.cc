#include "tools/attnjit/support_table.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "generator/planner.h"
#include "generator/spec_names.h"
#include "llvm/Support/FormatVariadic.h"
#include "tools/attnjit/text_table.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

struct HeadDims {
  int qk;
  int v;
};
constexpr HeadDims kShown[] = {{64, 64}, {96, 96}, {128, 128}, {192, 128}, {256, 256}};
constexpr Element kElements[] = {Element::kFp16, Element::kBf16};

AttentionSpec Request(HeadDims dims, bool causal) {
  AttentionSpec spec;
  spec.head_dim_qk = dims.qk;
  spec.head_dim_v = dims.v;
  if (causal) spec.mask.right = 0;
  return spec;
}

std::optional<KernelPlan> Plan(const AttentionSpec& spec, Arch arch) {
  llvm::Expected<KernelPlan> plan = PlanKernel(ResolveKernelSpec(spec), arch);
  if (plan) return *plan;
  llvm::consumeError(plan.takeError());
  return std::nullopt;
}

struct HeadDimSupport {
  int planned = 0;
  int asked = 0;  ///< Every pair of multiples of 8 to 256, without a mask and causal.
};

HeadDimSupport CountHeadDims(Arch arch) {
  HeadDimSupport support;
  for (int qk = 8; qk <= 256; qk += 8) {
    for (int v = 8; v <= 256; v += 8) {
      for (bool causal : {false, true}) {
        ++support.asked;
        support.planned += Plan(Request({qk, v}, causal), arch).has_value();
      }
    }
  }
  return support;
}

/// The dtypes of q, k and v that have a plan with an output of each dtype; mixed ones as q/kv.
std::string Dtypes(Arch arch) {
  std::string text;
  for (Element q : kElements) {
    for (Element kv : kElements) {
      bool all = true;
      for (Element o : kElements) {
        AttentionSpec spec = Request({128, 128}, false);
        spec.element_q = q;
        spec.element_kv = kv;
        spec.element_o = o;
        all &= Plan(spec, arch).has_value();
      }
      if (!all) continue;
      text += (text.empty() ? "" : ", ") + std::string(NameOf(kElementNames, q));
      if (kv != q) text += std::string("/") + NameOf(kElementNames, kv);
    }
  }
  return text;
}

std::string FamilyOf(Arch arch) {
  const std::optional<KernelPlan> plan = Plan(Request({128, 128}, false), arch);
  return plan ? FamilyName(plan->family) : "";
}

/// "128 x 176" or, where a causal mask has another tile, "128 x 176, causal 128 x 128".
std::string Tile(HeadDims dims, Arch arch) {
  const std::optional<KernelPlan> full = Plan(Request(dims, false), arch);
  const std::optional<KernelPlan> causal = Plan(Request(dims, true), arch);
  if (!full || !causal) return "-";
  std::string text = llvm::formatv("{0} x {1}", full->tile_m, full->tile_n);
  if (causal->tile_m != full->tile_m || causal->tile_n != full->tile_n) {
    text += llvm::formatv(", causal {0} x {1}", causal->tile_m, causal->tile_n);
  }
  return text;
}

std::string DimsName(HeadDims dims) {
  return dims.qk == dims.v ? std::to_string(dims.qk) : llvm::formatv("{0}/{1}", dims.qk, dims.v);
}

}  // namespace

void PrintSupport(llvm::raw_ostream& os) {
  std::vector<std::string> headings = {"GPU", "family", "dtypes of q, k, v", "head dims"};
  for (HeadDims dims : kShown) headings.push_back("tile at " + DimsName(dims));
  TextTable table(headings);
  for (const ArchInfo& info : AllArchs()) {
    const HeadDimSupport dims = CountHeadDims(info.arch);
    const std::string dims_text =
        dims.planned == dims.asked
            ? "8 to 256 by 8, qk and v apart"
            : llvm::formatv("{0} of {1} pairs", dims.planned / 2, dims.asked / 2).str();
    std::vector<std::string> row = {info.name, FamilyOf(info.arch), Dtypes(info.arch), dims_text};
    for (HeadDims shown : kShown) row.push_back(Tile(shown, info.arch));
    table.Add(row);
  }
  table.PrintMarkdown(os);
}

std::string SupportJson() {
  Json json = Json::array();
  for (const ArchInfo& info : AllArchs()) {
    const HeadDimSupport dims = CountHeadDims(info.arch);
    Json tiles = Json::object();
    for (HeadDims shown : kShown) tiles[DimsName(shown)] = Tile(shown, info.arch);
    json.push_back({{"arch", info.name},
                    {"family", FamilyOf(info.arch)},
                    {"dtypes", Dtypes(info.arch)},
                    {"head_dim_pairs_planned", dims.planned},
                    {"head_dim_pairs_asked", dims.asked},
                    {"tiles", tiles}});
  }
  return json.dump();
}

}  // namespace attnjit
