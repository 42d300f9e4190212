// What check prints about one kernel, as text and as JSON.
#ifndef ATTNJIT_TOOLS_ATTNJIT_CHECK_REPORT_H_
#define ATTNJIT_TOOLS_ATTNJIT_CHECK_REPORT_H_

#include <string>

#include "llvm/Support/raw_ostream.h"
#include "runtime/emulator/driver/emulator.h"
#include "tools/problem/check_launch.h"

namespace attnjit {

/// What there is to say about one check.
struct CheckReport {
  std::string status;  ///< "passed", "failed", "skipped".
  std::string reason;  ///< Why it was skipped.
  std::string device;  ///< The GPU's name.
  std::string kernel;
  ForwardProblem problem;
  uint64_t seed = 0;
  CheckFigures figures;

  // On an emulated GPU.
  bool emulated = false;
  std::string policy;  ///< "eager"
  bool sanitized = false;
  emulator::Findings findings;
  std::string source;  ///< The CUDA that the findings' lines are of; "" without findings.
};

void PrintText(const CheckReport& report, llvm::raw_ostream& os);

/// One line.
void PrintJson(const CheckReport& report, llvm::raw_ostream& os);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_CHECK_REPORT_H_
