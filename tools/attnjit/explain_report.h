// What explain prints about one plan, as text and as JSON.
#ifndef ATTNJIT_TOOLS_ATTNJIT_EXPLAIN_REPORT_H_
#define ATTNJIT_TOOLS_ATTNJIT_EXPLAIN_REPORT_H_

#include <string>

#include "generator/planner.h"
#include "generator/spec.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"

namespace attnjit {

void PrintExplanation(const AttentionSpec& spec, const ArchChoice& choice, const KernelPlan& plan,
                      llvm::raw_ostream& os);

/// One line.
std::string ExplanationJson(const AttentionSpec& spec, const ArchChoice& choice,
                            const KernelPlan& plan);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_EXPLAIN_REPORT_H_
