// How much a problem asks of a GPU.
#ifndef ATTNJIT_TOOLS_PROBLEM_WORK_H_
#define ATTNJIT_TOOLS_PROBLEM_WORK_H_

#include "tests/reference/forward_problem.h"

namespace attnjit {

struct Work {
  double flop = 0;   ///< 2 (head_dim.qk + head_dim.v) for each visible pair and query head.
  double bytes = 0;  ///< q, k, v, o and lse, each moved once.
};

Work WorkOf(const ForwardProblem& problem);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_WORK_H_
