// A kernel whose PTX can be replaced before it is loaded, run and judged in the emulator.
#ifndef ATTNJIT_TESTS_EMULATOR_MUTANTS_MUTANT_KERNEL_H_
#define ATTNJIT_TESTS_EMULATOR_MUTANTS_MUTANT_KERNEL_H_

#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "runtime/compiler.h"
#include "runtime/emulator/async/queue.h"
#include "tests/gpu/suite_case.h"

namespace attnjit::emulator {

/// What one run said.
struct Verdict {
  bool caught = false;
  std::string rule;  ///< The sanitizer's, if it has a finding; else "numbers" or "refused".
  std::string how;   ///< The first finding, or what is wrong with the numbers.
};

/// One case's kernel, compiled once. One thread.
class MutantKernel {
 public:
  /// Errors: PlanError, CompileError, ToolchainError.
  /// `cases`: what a mutant has to get wrong one of; all of one request.
  static llvm::Expected<MutantKernel> Compile(std::vector<SuiteCase> cases);

  const std::string& ptx() const { return output_.ptx; }

  /// Loads `ptx` in the kernel's place and runs the cases under a policy with the sanitizer on,
  /// until one is caught.
  Verdict Run(const std::string& ptx, const AsyncPolicy& policy) const;

 private:
  Verdict RunCase(const SuiteCase& suite_case, const std::string& ptx,
                  const AsyncPolicy& policy) const;

  std::vector<SuiteCase> cases_;
  std::string device_;
  CompileOutput output_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_MUTANTS_MUTANT_KERNEL_H_
