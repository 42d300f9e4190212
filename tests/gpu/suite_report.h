// What the suite found: a table for people, JSON for programs.
#ifndef ATTNJIT_TESTS_GPU_SUITE_REPORT_H_
#define ATTNJIT_TESTS_GPU_SUITE_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include "tests/gpu/case_runner.h"

namespace attnjit {

/// A case and what came of it; no result: it was not run.
struct CaseOutcome {
  const SuiteCase* suite_case = nullptr;
  std::optional<CaseResult> result;
};

struct SuiteTotals {
  int passed = 0;
  int failed = 0;
  int skipped = 0;  ///< Those not run, too.
};
SuiteTotals CountOutcomes(llvm::ArrayRef<CaseOutcome> outcomes);

/// Every failure with the command that runs it again, the table by arch and category (cases,
/// failures, worst error / bound), and last "N passed, N failed, N skipped". `program` names the
/// suite in the commands.
void PrintReport(llvm::ArrayRef<CaseOutcome> outcomes, llvm::StringRef program,
                 llvm::raw_ostream& os);

/// The report as JSON, every case included. `facts` is a JSON object of what it ran on.
std::string ReportJson(llvm::ArrayRef<CaseOutcome> outcomes, llvm::StringRef facts);

/// One result as a line of JSON, and back. Errors: text that ResultJson did not write.
std::string ResultJson(const CaseResult& result);
llvm::Expected<CaseResult> ParseResult(llvm::StringRef json);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_SUITE_REPORT_H_
