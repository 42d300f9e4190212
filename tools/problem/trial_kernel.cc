#include "tools/problem/trial_kernel.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "generator/emit.h"

namespace attnjit {

llvm::Expected<std::unique_ptr<TrialKernel>> TrialKernel::Load(const OpenedGpu& gpu,
                                                               const KernelPlan& plan,
                                                               const LaunchDefaults& defaults,
                                                               const CompileOutput& compiled) {
  auto kernel = std::make_unique<TrialKernel>();
  kernel->build_.plan = plan;
  kernel->defaults_ = defaults;
  kernel->figures_ = compiled.figures;
  kernel->device_ = gpu.device;
  const bool ptx = gpu.driver->image_format == ImageFormat::kPtx;
  auto module = Module::Load(gpu.driver, ptx ? compiled.ptx : compiled.cubin, plan.name);
  if (!module) return module.takeError();
  kernel->module_ = std::move(*module);
  auto function = kernel->module_->FunctionOn(gpu.device, plan.threads, plan.smem_bytes);
  if (!function) return function.takeError();
  kernel->target_ = {&kernel->build_.plan, gpu.device.get(), *function, false};
  return kernel;
}

llvm::Expected<int64_t> TrialKernel::WorkspaceBytes(const ForwardArgs& args) const {
  return ForwardWorkspaceBytes(build_.plan, defaults_, args);
}

llvm::Error TrialKernel::Launch(const ForwardArgs& args, void* stream) const {
  return LaunchForward(target_, defaults_, args, static_cast<cu::Stream>(stream));
}

std::vector<CompiledPlan> CompilePlans(const Compiler& compiler,
                                       const std::vector<const KernelPlan*>& plans) {
  std::vector<CompiledPlan> compiled(plans.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < plans.size(); i = next++) {
      const KernelPlan& plan = *plans[i];
      auto output = compiler.Compile(EmitSource(plan), plan.name, CompileOptions(plan));
      if (output) {
        compiled[i].output = std::make_unique<CompileOutput>(std::move(*output));
      } else {
        compiled[i].problem = llvm::toString(output.takeError());
      }
    }
  };
  std::vector<std::thread> threads;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  for (size_t n = 1; n < std::min(cores, plans.size()); ++n) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return compiled;
}

}  // namespace attnjit
