// The generator's errors: what is wrong with a request, and what the caller can do.
#ifndef ATTNJIT_GENERATOR_ERROR_H_
#define ATTNJIT_GENERATOR_ERROR_H_

#include <string>
#include <system_error>
#include <vector>

#include "llvm/Support/Error.h"

namespace attnjit {

/// One thing wrong with a request.
struct SpecDiagnostic {
  std::string pointer;  ///< JSON pointer (RFC 6901) to the value; "" is the document.
  std::string value;    ///< The offending value as compact JSON, at most 80 characters.
  std::string message;  ///< What is wrong, and what is allowed.
  std::string nearest;  ///< The nearest allowed name, or "".
};

/// An invalid request: every diagnostic found, in document order. Command line exit code 2.
class SpecError : public llvm::ErrorInfo<SpecError> {
 public:
  static char ID;
  explicit SpecError(std::vector<SpecDiagnostic> diagnostics)
      : diagnostics_(std::move(diagnostics)) {}
  const std::vector<SpecDiagnostic>& diagnostics() const { return diagnostics_; }
  void log(llvm::raw_ostream& os) const override;  ///< One line for each diagnostic.
  std::error_code convertToErrorCode() const override;

 private:
  std::vector<SpecDiagnostic> diagnostics_;
};

/// A valid request that this GPU cannot run: every unmet requirement of every kernel family that
/// was tried, e.g. "sm90: q and kv must have one dtype (wgmma), got bf16 and fp16". Exit code 3.
class PlanError : public llvm::ErrorInfo<PlanError> {
 public:
  static char ID;
  explicit PlanError(std::vector<std::string> unmet) : unmet_(std::move(unmet)) {}
  const std::vector<std::string>& unmet() const { return unmet_; }
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::vector<std::string> unmet_;
};

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_ERROR_H_
