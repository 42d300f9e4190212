// Requests spread over everything that can be asked for, to compile for every GPU.
#ifndef ATTNJIT_TESTS_GOLDEN_SWEEP_SPECS_H_
#define ATTNJIT_TESTS_GOLDEN_SWEEP_SPECS_H_

#include <vector>

#include "generator/spec.h"

namespace attnjit {

/// `count` different kernels, the same ones on every machine: every head dim with qk == v first,
/// then head dims that differ, with masks, dtypes, layouts, groups and hints drawn from a seed.
std::vector<KernelSpec> SweepSpecs(int count);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GOLDEN_SWEEP_SPECS_H_
