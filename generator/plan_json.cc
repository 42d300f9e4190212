#include "generator/plan_json.h"

#include <nlohmann/json.hpp>
#include <type_traits>

#include "generator/plan_fields.h"
#include "generator/spec_names.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

Json Value(Element element) { return NameOf(kElementNames, element); }
Json Value(Diagonal diagonal) {
  return NameOf(kAlignNames,
                diagonal == Diagonal::kTopLeft ? Align::kTopLeft : Align::kBottomRight);
}
Json Value(Bound bound) {
  switch (bound) {
    case Bound::kNone:
      return "none";
    case Bound::kZero:
      return "zero";
    case Bound::kRuntime:
      return "runtime";
  }
  return nullptr;
}
Json Value(bool value) { return value; }
Json Value(int value) { return value; }

template <class T>
Json Fields(const T& plan) {
  Json json = Json::object();
  ForEachField(plan, [&json](const char* name, const auto& value) {
    if constexpr (std::is_class_v<std::decay_t<decltype(value)>>) {
      json[name] = Fields(value);
    } else {
      json[name] = Value(value);
    }
  });
  return json;
}

}  // namespace

std::string PlanJson(const KernelPlan& plan) {
  Json smem_map = Json::array();
  for (const SmemRegion& region : plan.smem_map) {
    smem_map.push_back({{"name", region.name},
                        {"offset", region.offset},
                        {"bytes", region.bytes},
                        {"what", region.what}});
  }
  const Json json = {
      {"name", plan.name},
      {"arch", GetArchInfo(plan.arch).name},
      {"family", FamilyName(plan.family)},
      {"threads", plan.threads},
      {"smem_bytes", plan.smem_bytes},
      {"tile_m", plan.tile_m},
      {"tile_n", plan.tile_n},
      {"blocks_per_sm", plan.blocks_per_sm},
      {"persistent", plan.persistent},
      {"plan", std::visit([](const auto& p) { return Fields(p); }, plan.plan)},
      {"smem_map", smem_map},
      {"reasons", plan.reasons},
  };
  return json.dump();
}

}  // namespace attnjit
