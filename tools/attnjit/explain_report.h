// What explain prints about one plan, as text and as JSON.
#ifndef ATTNJIT_TOOLS_ATTNJIT_EXPLAIN_REPORT_H_
#define ATTNJIT_TOOLS_ATTNJIT_EXPLAIN_REPORT_H_

#include <string>
#include <vector>

#include "generator/planner.h"
#include "generator/spec.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/sized_problem.h"

namespace attnjit {

/// `problems` are what the resource model predicts times for.
void PrintExplanation(const AttentionSpec& spec, const ArchChoice& choice, const KernelPlan& plan,
                      const std::vector<SizedProblem>& problems, llvm::raw_ostream& os);

/// One line.
std::string ExplanationJson(const AttentionSpec& spec, const ArchChoice& choice,
                            const KernelPlan& plan, const std::vector<SizedProblem>& problems);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_EXPLAIN_REPORT_H_
