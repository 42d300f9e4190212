#include "tests/gpu/suite_builder.h"

#include <chrono>
#include <mutex>

#include "tests/reference/parallel.h"

namespace attnjit {

std::string KernelNameOf(const SuiteCase& suite_case) {
  AttentionSpec spec = llvm::cantFail(ParseSpec(suite_case.spec));
  return KernelName(ResolveKernelSpec(spec), *spec.arch);
}

KernelBuilds BuildKernels(Engine& engine, const std::vector<SuiteCase>& cases,
                          const std::vector<size_t>& indices, int threads) {
  auto start = std::chrono::steady_clock::now();
  std::map<std::string, AttentionSpec> kernels;
  for (size_t index : indices) {
    kernels.emplace(KernelNameOf(cases[index]), llvm::cantFail(ParseSpec(cases[index].spec)));
  }
  std::vector<std::pair<std::string, AttentionSpec>> jobs(kernels.begin(), kernels.end());
  KernelBuilds builds;
  builds.kernels = static_cast<int>(jobs.size());
  std::mutex mutex;
  ParallelFor(static_cast<int64_t>(jobs.size()), threads, [&](int64_t n, int) {
    const auto& [name, spec] = jobs[n];
    llvm::Expected<BuildResult> built = engine.Build(spec, *spec.arch);
    std::lock_guard<std::mutex> lock(mutex);
    if (!built) {
      builds.errors[name] = llvm::toString(built.takeError());
      return;
    }
    if (built->origin == Origin::kCompiled) ++builds.compiled;
    if (built->entry->spill_store_bytes > 0) ++builds.spilling;
  });
  builds.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return builds;
}

}  // namespace attnjit
