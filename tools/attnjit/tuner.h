// Plans for a request tried against each other on a GPU, or ranked by the resource model.
#ifndef ATTNJIT_TOOLS_ATTNJIT_TUNER_H_
#define ATTNJIT_TOOLS_ATTNJIT_TUNER_H_

#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/compiler.h"
#include "tools/attnjit/sized_problem.h"
#include "tools/bench/sm90_candidates.h"
#include "tools/problem/opened_gpu.h"
#include "tools/problem/timing.h"

namespace attnjit {

/// One candidate's row.
struct TuneRow {
  std::string choices;  ///< generator/plan_choices.h
  KernelPlan plan;
  double predicted_ms = 0;  ///< By the resource model; 0: no rates for this GPU.
  double measured_ms = 0;   ///< Median; 0: not measured.
  int registers = 0;
  int spill_bytes = 0;
  int resident = 0;       ///< Thread blocks on an SM.
  double difference = 0;  ///< Largest, of o from the planner's choice.
  std::string problem;    ///< Why it was not measured, or "".
};

/// The planner's choice first. One row: there is nothing to choose from.
std::vector<TuneRow> TuneRows(const AttentionSpec& spec, const KernelPlan& own,
                              const ProblemShape& shape, const GpuInfo* gpu);

struct TunerOptions {
  TimingOptions timing = {2, 10};  ///< In each round.
  int rounds = 3;                  ///< Candidates take turns, so that a drifting clock hits all.
};

/// Compiles, checks and times every row on `gpu`, whose context must be current. A row is only
/// timed if its o agrees with that of the first to what rounding explains. Errors: of the device,
/// or the first row's.
llvm::Error MeasureRows(const OpenedGpu& gpu, const Compiler& compiler, const AttentionSpec& spec,
                        const SizedProblem& sized, const TunerOptions& options,
                        std::vector<TuneRow>& rows);

/// The row with the smallest measured time; the first (the planner's own) unless another is ahead
/// by more than noise, 1 %.
size_t WinnerOf(const std::vector<TuneRow>& rows);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_TUNER_H_
