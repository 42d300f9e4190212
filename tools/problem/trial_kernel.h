// A kernel of a given plan, compiled and loaded outside of any cache: for plans that are tried out.
#ifndef ATTNJIT_TOOLS_PROBLEM_TRIAL_KERNEL_H_
#define ATTNJIT_TOOLS_PROBLEM_TRIAL_KERNEL_H_

#include <memory>

#include "runtime/compiler.h"
#include "runtime/engine.h"
#include "runtime/launch.h"
#include "runtime/module.h"
#include "tools/problem/opened_gpu.h"

namespace attnjit {

/// Its build() and entry() are empty but for the plan and what the compiler reported.
class TrialKernel final : public Kernel {
 public:
  /// Loads what was compiled of EmitSource(plan). The device's context must be current. Errors:
  /// DriverError.
  static llvm::Expected<std::unique_ptr<TrialKernel>> Load(const OpenedGpu& gpu,
                                                           const KernelPlan& plan,
                                                           const LaunchDefaults& defaults,
                                                           const CompileOutput& compiled);

  const KernelPlan& plan() const override { return build_.plan; }
  const CacheEntry& entry() const override { return entry_; }
  const BuildResult& build() const override { return build_; }
  const PtxasFigures& figures() const { return figures_; }
  int resident() const { return target_.function.blocks_per_sm; }  ///< Blocks on an SM.
  llvm::Expected<int64_t> WorkspaceBytes(const ForwardArgs& args) const override;
  llvm::Error Launch(const ForwardArgs& args, void* stream) const override;

 private:
  BuildResult build_;
  CacheEntry entry_;
  LaunchDefaults defaults_;
  PtxasFigures figures_;
  std::shared_ptr<const Device> device_;
  std::shared_ptr<Module> module_;
  LaunchTarget target_;
};

/// One plan's source, compiled or not.
struct CompiledPlan {
  std::unique_ptr<CompileOutput> output;  ///< Null: `problem` says why.
  std::string problem;
};

/// Compiles every plan, on as many threads as there are cores.
std::vector<CompiledPlan> CompilePlans(const Compiler& compiler,
                                       const std::vector<const KernelPlan*>& plans);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_PROBLEM_TRIAL_KERNEL_H_
