#include "tools/attnjit/cache_tuning.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "llvm/Support/FormatVariadic.h"
#include "tools/attnjit/text_table.h"

namespace attnjit {

void PrintTuningRecords(const std::vector<TuningItem>& items, llvm::raw_ostream& os) {
  if (items.empty()) return;
  TextTable table({"tuned kernel", "GPU", "plan", "measured with", ">speed", "problem"});
  for (const TuningItem& item : items) {
    const TuningRecord& r = item.record;
    const bool readable = item.problem.empty();
    table.Add({readable ? r.canonical_spec : "?", readable ? r.gpu : "?",
               readable ? r.choices : "?", readable ? r.problem : "?",
               readable && r.milliseconds > 0
                   ? llvm::formatv("{0:f3}", r.own_milliseconds / r.milliseconds).str()
                   : "?",
               item.problem});
  }
  table.PrintAligned(os);
}

nlohmann::ordered_json TuningJson(const TuningItem& item) {
  const TuningRecord& r = item.record;
  return {{"path", item.path},
          {"bytes", item.file_bytes},
          {"canonical_spec", r.canonical_spec},
          {"gpu", r.gpu},
          {"attnjit_version", r.attnjit_version},
          {"choices", r.choices},
          {"planner_choices", r.own_choices},
          {"measured_with", r.problem},
          {"milliseconds", r.milliseconds},
          {"planner_milliseconds", r.own_milliseconds},
          {"created_unix", r.created_unix},
          {"problem", item.problem}};
}

int64_t DamagedRecords(const std::vector<TuningItem>& items) {
  return std::count_if(items.begin(), items.end(),
                       [](const TuningItem& item) { return !item.problem.empty(); });
}

}  // namespace attnjit
