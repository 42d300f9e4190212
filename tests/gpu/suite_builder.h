// Compiles the kernels of the suite's cases ahead, in parallel.
#ifndef ATTNJIT_TESTS_GPU_SUITE_BUILDER_H_
#define ATTNJIT_TESTS_GPU_SUITE_BUILDER_H_

#include <map>
#include <string>
#include <vector>

#include "runtime/engine.h"
#include "tests/gpu/suite_case.h"

namespace attnjit {

struct KernelBuilds {
  int kernels = 0;
  int compiled = 0;                           ///< The others were in the cache.
  int spilling = 0;                           ///< Kernels with spills to local memory.
  double seconds = 0;                         ///< Wall time.
  std::map<std::string, std::string> errors;  ///< By kernel name.
};

/// The kernel of a case: KernelName(spec, arch). The grid's requests are valid and name an arch.
std::string KernelNameOf(const SuiteCase& suite_case);

/// Builds each kernel of these cases once.
KernelBuilds BuildKernels(Engine& engine, const std::vector<SuiteCase>& cases,
                          const std::vector<size_t>& indices, int threads);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_SUITE_BUILDER_H_
