// The shapes of real models, tests/workloads/workloads.json, embedded at build time.
#ifndef ATTNJIT_TOOLS_ATTNJIT_BUNDLED_WORKLOADS_H_
#define ATTNJIT_TOOLS_ATTNJIT_BUNDLED_WORKLOADS_H_

#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "tests/workloads/workloads.h"

namespace attnjit {

/// In the file's order. Thread safe.
const std::vector<Workload>& BundledWorkloads();

/// By name, without "workload:". Errors: UsageError with the nearest name and all names.
llvm::Expected<Workload> FindWorkload(llvm::StringRef name);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_BUNDLED_WORKLOADS_H_
