// What attnjit_candidate_bench printed, beside what the resource model predicts for the same plans.
#ifndef ATTNJIT_TOOLS_BENCH_MEASURED_CANDIDATES_H_
#define ATTNJIT_TOOLS_BENCH_MEASURED_CANDIDATES_H_

#include <string>
#include <vector>

#include "generator/model/gpu.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct MeasuredCandidate {
  std::string choices;  ///< generator/plan_choices.h
  double measured_us = 0;
  double predicted_us = 0;
};

struct MeasuredProblem {
  std::string name;                           ///< "d128 16/16 causal 8x2048x2048"
  std::vector<MeasuredCandidate> candidates;  ///< The planner's choice of that day first.

  /// Spearman's rank correlation of predicted and measured times, equal predictions sharing their
  /// mean rank; 0 where all predictions are equal.
  double RankCorrelation() const;
  /// Measured time of the plan that the model puts first (of equal ones the first), over the best.
  double LossOfFirst() const;
};

/// Reads the bench's output; lines that are neither problems nor candidates are passed over, and
/// candidates that do not fit today's kernels left out. Errors: a problem that does not parse.
llvm::Expected<std::vector<MeasuredProblem>> ReadMeasured(llvm::StringRef text, const GpuInfo& gpu);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_BENCH_MEASURED_CANDIDATES_H_
