// A kernel against the fp64 reference on one problem: what `attnjit check` does once it has both.
#ifndef ATTNJIT_TOOLS_PROBLEM_CHECK_LAUNCH_H_
#define ATTNJIT_TOOLS_PROBLEM_CHECK_LAUNCH_H_

#include <cstdint>
#include <string>

#include "llvm/Support/Error.h"
#include "runtime/driver.h"
#include "runtime/engine.h"
#include "tools/problem/launch_image.h"

namespace attnjit {

struct CheckFigures {
  bool passed = false;
  std::string problem;    ///< The first thing that is wrong, or "".
  Comparison comparison;  ///< The worst of the rounds, its bound that of all of them.
  int rounds = 0;         ///< Draws of inputs: a problem of few outputs takes several.
  double reference_seconds = 0;
};

/// Fresh normal inputs from `seed`, outputs poisoned, two runs that must agree bit for bit, nothing
/// written outside the rows, and the bounds of tests/reference/compare.h. A problem of fewer than
/// kMinClassElements outputs is drawn again until it has as many, at most 64 times, and its error
/// compared with the largest bound of the rounds. The device's context must be current. Errors:
/// LaunchError, DriverError.
llvm::Expected<CheckFigures> CheckLaunch(const DriverTable& driver, const Kernel& kernel,
                                         const ForwardProblem& problem, Layout layout,
                                         uint64_t seed, int threads);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_CHECK_LAUNCH_H_
