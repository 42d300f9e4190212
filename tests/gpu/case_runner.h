// Runs one case on a device and judges it.
#ifndef ATTNJIT_TESTS_GPU_CASE_RUNNER_H_
#define ATTNJIT_TESTS_GPU_CASE_RUNNER_H_

#include <functional>
#include <memory>
#include <string>

#include "runtime/driver.h"
#include "runtime/engine.h"
#include "tests/gpu/suite_case.h"

namespace attnjit {

enum class CaseStatus { kPassed, kFailed, kSkipped };
const char* CaseStatusName(CaseStatus status);  ///< "passed", "failed", "skipped".

struct CaseResult {
  CaseStatus status = CaseStatus::kSkipped;
  std::string detail;        ///< Why it failed or was skipped; "" if passed.
  bool device_lost = false;  ///< The device's context can no longer be used.
  Comparison comparison;     ///< Of the main run; empty where it did not come to that.
  double seconds = 0;        ///< Wall time of the case, the reference included.
};

/// Told around everything that waits for the device, for a watchdog.
struct DeviceWaits {
  std::function<void()> begin;
  std::function<void()> end;
};

/// Thread safe if `prepare` is. Every thread needs the device's context current.
class CaseRunner {
 public:
  using Prepare =
      std::function<llvm::Expected<std::shared_ptr<const Kernel>>(const AttentionSpec&)>;

  CaseRunner(const DriverTable& driver, Prepare prepare)
      : driver_(driver), prepare_(std::move(prepare)) {}

  /// Every case: outputs poisoned, run, nothing written outside the rows and every row written, run
  /// again with the same bits, compared with the reference; then the case's extra check.
  CaseResult Run(const SuiteCase& suite_case, const DeviceWaits& waits) const;

 private:
  llvm::Error RunCase(const SuiteCase& suite_case, const DeviceWaits& waits,
                      CaseResult& result) const;
  llvm::Error RunTwice(const Kernel& kernel, LaunchImage& image, cu::Stream stream,
                       const DeviceWaits& waits, CaseResult& result) const;
  llvm::Error CheckAlone(const SuiteCase& suite_case, const AttentionSpec& spec,
                         const Kernel& kernel, LaunchImage& together, cu::Stream stream,
                         CaseResult& result) const;
  llvm::Error CheckGraph(const Kernel& kernel, LaunchImage& image, cu::Stream stream,
                         CaseResult& result) const;
  llvm::Error CheckThreads(const Kernel& kernel, LaunchImage& image, CaseResult& result) const;

  const DriverTable& driver_;
  Prepare prepare_;
};

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_CASE_RUNNER_H_
