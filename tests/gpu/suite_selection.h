// Which of the grid's cases a run is for.
#ifndef ATTNJIT_TESTS_GPU_SUITE_SELECTION_H_
#define ATTNJIT_TESTS_GPU_SUITE_SELECTION_H_

#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "tests/gpu/suite_case.h"

namespace attnjit {

struct SuiteSelection {
  std::string filter;  ///< Comma separated: parts of ids, or "=id" for one; "": all.
  std::string shard;   ///< "i/n", 0 <= i < n: every n-th case; "": all.
  int limit = 0;       ///< At most so many; 0: all.
};

/// Indices into `cases`, in order: filtered, sharded, limited. Errors: a shard that is none.
llvm::Expected<std::vector<size_t>> SelectCases(const std::vector<SuiteCase>& cases,
                                                const SuiteSelection& selection);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_SUITE_SELECTION_H_
