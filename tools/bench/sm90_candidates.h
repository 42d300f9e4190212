// Plans of the sm90 family to time against each other: the planner's own choice and its neighbours.
#ifndef ATTNJIT_TOOLS_BENCH_SM90_CANDIDATES_H_
#define ATTNJIT_TOOLS_BENCH_SM90_CANDIDATES_H_

#include <string>
#include <vector>

#include "generator/planner_sm90.h"

namespace attnjit {

struct Candidate {
  std::string label;  ///< ChoicesText(choices).
  Sm90Choices choices;
  KernelPlan plan;  ///< Its name has a number behind it.
};

/// The planner's choice first. All of them fit the GPU and compute the same.
std::vector<Candidate> Sm90Candidates(const KernelSpec& spec, Arch arch);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_BENCH_SM90_CANDIDATES_H_
