#include "generator/error.h"

#include "llvm/Support/raw_ostream.h"

namespace attnjit {

char SpecError::ID = 0;
char PlanError::ID = 0;

void SpecError::log(llvm::raw_ostream& os) const {
  for (size_t i = 0; i < diagnostics_.size(); ++i) {
    const SpecDiagnostic& d = diagnostics_[i];
    if (i != 0) os << '\n';
    os << (d.pointer.empty() ? "(document)" : d.pointer) << ": " << d.message;
    if (!d.value.empty()) os << "; got " << d.value;
    if (!d.nearest.empty()) os << "; did you mean \"" << d.nearest << "\"?";
  }
}

std::error_code SpecError::convertToErrorCode() const {
  return std::make_error_code(std::errc::invalid_argument);
}

void PlanError::log(llvm::raw_ostream& os) const {
  for (size_t i = 0; i < unmet_.size(); ++i) os << (i != 0 ? "\n" : "") << unmet_[i];
}

std::error_code PlanError::convertToErrorCode() const {
  return std::make_error_code(std::errc::not_supported);
}

}  // namespace attnjit
