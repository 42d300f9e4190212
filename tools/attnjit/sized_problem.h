// A request at the sizes of "--problem": what bench, tune and explain measure or predict.
#ifndef ATTNJIT_TOOLS_ATTNJIT_SIZED_PROBLEM_H_
#define ATTNJIT_TOOLS_ATTNJIT_SIZED_PROBLEM_H_

#include <string>
#include <vector>

#include "generator/model/predict.h"
#include "generator/spec.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "tests/reference/forward_problem.h"

namespace attnjit {

/// The help text of --problem.
inline constexpr const char* kProblemHelp =
    "Sizes, e.g. \"prefill 4x4096\", \"decode 32x8192\", \"cross 16x448x1500\"; else the "
    "workload's, else prefill 4x4096, or decode 32x8192 where few queries are promised";

struct SizedProblem {
  std::string size;  ///< As given: "prefill 4x4096".
  ForwardProblem problem;
  ProblemShape shape() const;
};

/// The sizes asked for; else those of the workload that `source` names; else one that suits the
/// request: decoding where few queries are promised. Errors: UsageError.
llvm::Expected<std::vector<SizedProblem>> SizedProblems(const AttentionSpec& spec,
                                                        llvm::StringRef source,
                                                        const std::vector<std::string>& sizes);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_SIZED_PROBLEM_H_
