// What the resource model says of a plan, for explain: cycles of a tile on each resource, and the
// time of problems. All of it is a prediction.
#ifndef ATTNJIT_TOOLS_ATTNJIT_MODEL_REPORT_H_
#define ATTNJIT_TOOLS_ATTNJIT_MODEL_REPORT_H_

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "generator/planner.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/sized_problem.h"

namespace attnjit {

/// For the GPU that stands for the plan's arch (generator/model/gpu.h).
void PrintModel(const KernelPlan& plan, const std::vector<SizedProblem>& problems,
                llvm::raw_ostream& os);

/// Null where the table has no GPU of that arch.
nlohmann::ordered_json ModelJson(const KernelPlan& plan, const std::vector<SizedProblem>& problems);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_MODEL_REPORT_H_
