// What all commands share: exit codes, reading arguments, reporting errors.
#ifndef ATTNJIT_TOOLS_ATTNJIT_CLI_H_
#define ATTNJIT_TOOLS_ATTNJIT_CLI_H_

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <optional>
#include <string>
#include <system_error>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,
  kExitUsage = 2,        ///< Usage, or an invalid request.
  kExitUnsupported = 3,  ///< A valid request that this GPU cannot run.
  kExitCheckFailed = 4,  ///< A numeric or sanitizer check failed.
};

/// A mistake on the command line: exit code 2.
class UsageError : public llvm::ErrorInfo<UsageError> {
 public:
  static char ID;
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  void log(llvm::raw_ostream& os) const override;
  std::error_code convertToErrorCode() const override;

 private:
  std::string message_;
};

/// Reads `args` into the options bound to `app`, whose name is the command's. nullopt: go on. Else
/// the exit code: help was printed, or the usage is wrong and what is was printed, with the nearest
/// option for one that is not known.
std::optional<int> ParseArgs(CLI::App& app, llvm::ArrayRef<std::string> args);

/// Prints an error to standard error as "attnjit: SUBJECT: ..." (no subject if empty), every line
/// of it, and returns its exit code: 2 for SpecError, LaunchError and UsageError, 3 for PlanError,
/// else 1.
int ReportError(llvm::Error error, llvm::StringRef subject = "");

/// The "example" part of a command's help.
std::string Example(llvm::StringRef text);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_CLI_H_
