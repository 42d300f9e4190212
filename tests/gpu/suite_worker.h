// Runs cases in this process, on several threads.
#ifndef ATTNJIT_TESTS_GPU_SUITE_WORKER_H_
#define ATTNJIT_TESTS_GPU_SUITE_WORKER_H_

#include <functional>
#include <vector>

#include "runtime/device.h"
#include "tests/gpu/case_runner.h"

namespace attnjit {

struct WorkerOptions {
  int threads = 1;
  double time_budget = 0;   ///< Seconds after which no case is started; 0: none.
  double hang_timeout = 0;  ///< Seconds that a case may wait for the device; 0: any.
};

/// Called by one thread at a time.
struct WorkerEvents {
  std::function<void(size_t index)> started;
  std::function<void(size_t index, const CaseResult& result)> finished;
  /// A case waits longer than hang_timeout; not expected to return.
  std::function<void(size_t index)> hung;
};

/// Runs cases[index] for each index, starting in that order. After a case that lost the device none
/// is started. `context` is made current in every thread.
void RunCases(const CaseRunner& runner, const DriverTable& driver, cu::Context context,
              const std::vector<SuiteCase>& cases, const std::vector<size_t>& indices,
              const WorkerOptions& options, const WorkerEvents& events);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_SUITE_WORKER_H_
