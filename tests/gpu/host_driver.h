// A driver table whose device is host memory, and a kernel that computes the reference there: the
// suite's own tests run on them.
#ifndef ATTNJIT_TESTS_GPU_HOST_DRIVER_H_
#define ATTNJIT_TESTS_GPU_HOST_DRIVER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "runtime/driver.h"
#include "runtime/engine.h"

namespace attnjit {

/// Memory, copies, streams, capture and events; everything happens at once. Contexts are null.
const DriverTable& HostDriver();

/// What a captured stream holds. A cu::Stream of HostDriver points to one.
struct HostStream {
  bool capturing = false;
  std::vector<std::function<void()>> captured;
};

/// How a HostKernel is wrong.
enum class Fault {
  kNone,
  kDropsLastKey,     ///< Of dense problems.
  kWritesPastRow,    ///< One element after the last row of o.
  kSkipsRow,         ///< The last query of the last sequence and head stays unwritten.
  kSpreadsNan,       ///< NaN in V reaches queries that do not see it.
  kNotRepeatable,    ///< Every second launch differs in one bit.
  kDependsOnBatch,   ///< More than one sequence changes one bit.
  kZeroLseForEmpty,  ///< Rows that see nothing get LSE 0.
  kRefuses,          ///< Launch fails.
  kLosesDevice,      ///< Launch reports an illegal address.
};

/// Computes what the request asks for by the reference, rounded.
class HostKernel final : public Kernel {
 public:
  HostKernel(const AttentionSpec& spec, Fault fault);
  const KernelPlan& plan() const override { return plan_; }
  const CacheEntry& entry() const override { return entry_; }
  const BuildResult& build() const override { return build_; }
  llvm::Expected<int64_t> WorkspaceBytes(const ForwardArgs&) const override { return 0; }
  llvm::Error Launch(const ForwardArgs& args, void* stream) const override;

 private:
  void Compute(const ForwardArgs& args) const;

  AttentionSpec spec_;
  Fault fault_;
  KernelPlan plan_;
  CacheEntry entry_;
  BuildResult build_;
  mutable std::atomic<int> launches_ = 0;
};

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_GPU_HOST_DRIVER_H_
