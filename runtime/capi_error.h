// llvm::Error -> attnjit_error: every stage's error in the terms of the C interface.
#ifndef ATTNJIT_RUNTIME_CAPI_ERROR_H_
#define ATTNJIT_RUNTIME_CAPI_ERROR_H_

#include <string>

#include "attnjit/attnjit.h"
#include "llvm/Support/Error.h"

struct attnjit_error {
  attnjit_status status = ATTNJIT_FAILED;
  std::string stage;
  std::string message;
  std::string details;  ///< JSON array.
  std::string log;
};

namespace attnjit {

/// Hands `error` to the caller (who may not want it) and returns its status. `error` is a failure.
attnjit_status ReportError(llvm::Error error, attnjit_error** out);

/// An argument of the C interface itself that cannot be: stage "argument".
attnjit_status ReportArgument(const char* message, attnjit_error** out);

/// An exception that reached the boundary: stage "internal".
attnjit_status ReportException(attnjit_error** out) noexcept;

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_CAPI_ERROR_H_
