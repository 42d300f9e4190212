#include "tools/attnjit/bundled_workloads.h"

#include "generator/nearest.h"
#include "llvm/ADT/StringExtras.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/embedded.h"

namespace attnjit {

const std::vector<Workload>& BundledWorkloads() {
  static const std::vector<Workload>* const workloads =
      new std::vector<Workload>(llvm::cantFail(ParseWorkloads(kWorkloadsJson)));
  return *workloads;
}

llvm::Expected<Workload> FindWorkload(llvm::StringRef name) {
  std::vector<llvm::StringRef> names;
  for (const Workload& workload : BundledWorkloads()) {
    if (name == workload.name) return workload;
    names.push_back(workload.name);
  }
  const std::string nearest = NearestName(name, names);
  std::string message = ("no workload " + name).str();
  message += nearest.empty() ? "." : "; did you mean " + nearest + "?";
  return llvm::make_error<UsageError>(message + " There are: " + llvm::join(names, ", "));
}

}  // namespace attnjit
