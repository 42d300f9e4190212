// Where a request on the command line comes from: a file, "-" for standard input, inline JSON that
// begins with "{", or "workload:NAME", a shape of a real model (tests/workloads/workloads.json).
#ifndef ATTNJIT_TOOLS_ATTNJIT_SPEC_SOURCE_H_
#define ATTNJIT_TOOLS_ATTNJIT_SPEC_SOURCE_H_

#include <string>

#include "generator/spec.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

/// The help text of a SPEC argument.
inline constexpr const char* kSpecHelp =
    "The request: a file, - for standard input, inline JSON, or workload:NAME";

/// The text of a request. Errors: UsageError (no such file, a directory, too large, ...).
llvm::Expected<std::string> ReadSpecText(llvm::StringRef source);

/// Errors: UsageError, SpecError.
llvm::Expected<AttentionSpec> LoadSpec(llvm::StringRef source);

/// `source` as a name in messages: the file or workload, "" for inline JSON.
std::string SpecLabel(llvm::StringRef source);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_SPEC_SOURCE_H_
