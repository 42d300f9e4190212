// The kernels whose emitted source is kept under tests/golden/sources.
#ifndef ATTNJIT_TESTS_GOLDEN_GOLDEN_CASES_H_
#define ATTNJIT_TESTS_GOLDEN_GOLDEN_CASES_H_

#include <string>
#include <vector>

namespace attnjit {

struct GoldenKernel {
  std::string name;    ///< The kernel's name; its file is <name>.cu.
  std::string source;  ///< What EmitSource gives.
};

/// One of each kind: both families, dtypes, head dims, masks, layouts, GQA, hints. Aborts with the
/// error if one cannot be planned.
std::vector<GoldenKernel> GoldenKernels();

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GOLDEN_GOLDEN_CASES_H_
