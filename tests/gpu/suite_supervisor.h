// Runs cases in child processes, so that a kernel that hangs or destroys its context costs one case
// and not the rest.
#ifndef ATTNJIT_TESTS_GPU_SUITE_SUPERVISOR_H_
#define ATTNJIT_TESTS_GPU_SUITE_SUPERVISOR_H_

#include <functional>
#include <string>
#include <vector>

#include "llvm/Support/Error.h"
#include "tests/gpu/case_runner.h"

namespace attnjit {

/// The lines that a child writes: "S 12" when case 12 starts, "R 12 {...}" with its result.
std::string StartedLine(size_t index);
std::string ResultLine(size_t index, const CaseResult& result);

/// How one child ended.
struct ChildEnd {
  bool clean = false;       ///< It says that it did what it was asked.
  std::string description;  ///< "exit code 3", "signal 9".
};

/// Runs a child over these cases with that many threads, calling `line` for each line it writes.
using RunChild =
    std::function<llvm::Expected<ChildEnd>(const std::vector<size_t>& indices, int threads,
                                           const std::function<void(llvm::StringRef)>& line)>;

struct SupervisorOptions {
  int threads = 1;
  int max_restarts = 20;  ///< Children beyond the first before the rest is given up.
};

/// Runs every case of `indices`, calling `finished` for each that has a result. When a child dies,
/// the cases it was at are suspects: they run again on one thread, where the one at which the child
/// dies has failed; the rest then goes on. Errors: a child cannot be run, or dies before any case.
llvm::Error Supervise(const std::vector<size_t>& indices, const SupervisorOptions& options,
                      const RunChild& run_child,
                      const std::function<void(size_t, const CaseResult&)>& finished);

/// Starts `command` with the indices on its standard input, one a line, and reads its standard
/// output. A child that writes nothing for `silence_timeout` seconds is killed; 0: never.
llvm::Expected<ChildEnd> RunProcess(const std::vector<std::string>& command,
                                    const std::vector<size_t>& indices, double silence_timeout,
                                    const std::function<void(llvm::StringRef)>& line);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_SUITE_SUPERVISOR_H_
