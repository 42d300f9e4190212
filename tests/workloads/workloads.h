// The attention shapes of real models: tests/workloads/workloads.json.
#ifndef ATTNJIT_TESTS_WORKLOADS_WORKLOADS_H_
#define ATTNJIT_TESTS_WORKLOADS_WORKLOADS_H_

#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace attnjit {

struct Workload {
  std::string name;                   ///< "llama3_8b"
  std::string title;                  ///< "Llama 3.1 8B"
  std::string spec;                   ///< The request, as compact JSON.
  std::vector<std::string> problems;  ///< As ParseProblemSize takes them.
};

/// Parses the text of a workloads file. Errors say what is missing or of the wrong type, and where.
llvm::Expected<std::vector<Workload>> ParseWorkloads(llvm::StringRef json);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_WORKLOADS_WORKLOADS_H_
