// A plan as JSON: what a cache entry keeps, and what explain prints.
#ifndef ATTNJIT_GENERATOR_PLAN_JSON_H_
#define ATTNJIT_GENERATOR_PLAN_JSON_H_

#include <string>

#include "generator/planner.h"

namespace attnjit {

/// One line: name, arch, family, what launching needs, every field of the family's plan under
/// "plan", the shared-memory map and the reasons. Equal plans give equal text.
std::string PlanJson(const KernelPlan& plan);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_PLAN_JSON_H_
