// A whole launch: its clusters over the host's cores.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MACHINE_GRID_H_
#define ATTNJIT_RUNTIME_EMULATOR_MACHINE_GRID_H_

#include "llvm/Support/Error.h"
#include "runtime/emulator/machine/cluster.h"

namespace attnjit::emulator {

struct GridResult {
  bool completed = false;  ///< False: a trap or a deadlock; the sink holds the report.
  Counters counters;
};

/// What stands against the launch: one line that names the limit, the value and the device; "" if
/// nothing does. Threads, registers, shared memory, cluster size, grid, parameters, target.
std::string LaunchProblem(const Launch& launch);

/// Runs the launch; LaunchProblem must be "". Clusters start in the order of their index; results
/// do not depend on the number of threads unless the kernel's do. Reports go to `sink`.
GridResult RunGrid(const Launch& launch, const RunOptions& options, ReportSink& sink);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MACHINE_GRID_H_
