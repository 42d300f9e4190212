// The cases that CI runs in the emulator: few kernels, many sizes of each, all of them small.
#ifndef ATTNJIT_TESTS_EMULATOR_GRID_EMULATOR_GRID_H_
#define ATTNJIT_TESTS_EMULATOR_GRID_EMULATOR_GRID_H_

#include <vector>

#include "generator/arch.h"
#include "tests/gpu/suite_case.h"

namespace attnjit {

/// Cases of one GPU, those of one kernel together. The same call gives the same cases.
std::vector<SuiteCase> MakeEmulatorGrid(Arch arch);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_EMULATOR_GRID_EMULATOR_GRID_H_
