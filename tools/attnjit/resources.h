// What a plan takes of its GPU's limits.
#ifndef ATTNJIT_TOOLS_ATTNJIT_RESOURCES_H_
#define ATTNJIT_TOOLS_ATTNJIT_RESOURCES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "generator/planner.h"

namespace attnjit {

struct ResourceUse {
  std::string name;
  int64_t used = 0;
  int64_t limit = 0;
};

/// Registers of a thread, by role: what the plan grants, not what the compiler then uses.
struct RegisterGrant {
  std::string role;
  int threads = 0;
  int registers = 0;
};
std::vector<RegisterGrant> RegisterGrants(const KernelPlan& plan);

/// Of a block and, with the blocks the plan expects to be resident, of an SM.
std::vector<ResourceUse> ResourceUses(const KernelPlan& plan);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_RESOURCES_H_
