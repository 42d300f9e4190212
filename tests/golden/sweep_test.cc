// Compiles kernels over the whole request for every GPU and checks what ptxas made of them.
//
// ATTNJIT_SWEEP=full compiles each spec for each GPU (thousands of kernels); without it each spec
// is compiled for sm_90a and for one other GPU, in rotation.
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "generator/emit.h"
#include "generator/planner.h"
#include "gtest/gtest.h"
#include "runtime/compiler.h"
#include "tests/golden/sweep_specs.h"

namespace attnjit {
namespace {

constexpr int kSpecs = 320;

struct Job {
  KernelSpec spec;
  Arch arch;
};

std::vector<Job> Jobs() {
  const char* mode = std::getenv("ATTNJIT_SWEEP");
  const bool full = mode != nullptr && std::string(mode) == "full";
  std::vector<Job> jobs;
  size_t turn = 0;
  for (const KernelSpec& spec : SweepSpecs(kSpecs)) {
    if (full) {
      for (const ArchInfo& info : AllArchs()) jobs.push_back({spec, info.arch});
      continue;
    }
    jobs.push_back({spec, Arch::kSm90a});
    const ArchInfo* other = &AllArchs()[turn++ % AllArchs().size()];
    if (other->arch == Arch::kSm90a) other = &AllArchs()[turn++ % AllArchs().size()];
    jobs.push_back({spec, other->arch});
  }
  return jobs;
}

/// "" or what is wrong with the kernel.
std::string Problems(const Compiler& compiler, const Job& job) {
  llvm::Expected<KernelPlan> plan = PlanKernel(job.spec, job.arch);
  if (!plan) return llvm::toString(plan.takeError());
  llvm::Expected<CompileOutput> output =
      compiler.Compile(EmitSource(*plan), plan->name, CompileOptions(*plan));
  if (!output) return plan->name + ": " + llvm::toString(output.takeError());
  const PtxasFigures& figures = output->figures;
  const ArchInfo& info = GetArchInfo(job.arch);
  std::string problems;
  const auto require = [&](bool holds, const std::string& what) {
    if (!holds) problems += " " + what + ";";
  };
  require(figures.spill_store_bytes + figures.spill_load_bytes == 0, "registers spill");
  require(figures.stack_bytes == 0, "local memory is used");
  require(!figures.serialized_wgmma, "wgmma is serialised");
  require(!figures.injected_wgmma_sync, "ptxas had to insert wgmma fences");
  require(figures.registers * plan->threads * plan->blocks_per_sm <= info.registers_per_sm,
          "too many registers for the planned blocks");
  require(plan->smem_bytes <= info.smem_per_block, "too much shared memory for a block");
  require((plan->smem_bytes + kSmemReservedPerBlock) * plan->blocks_per_sm <= info.smem_per_sm,
          "too much shared memory for the planned blocks");
  require(!output->ptx.empty() && !output->cubin.empty(), "no PTX or no cubin");
  return problems.empty() ? "" : plan->name + ":" + problems;
}

TEST(Sweep, KernelsOfTheWholeRequestCompileForEveryGpuWithoutSpills) {
  const Compiler compiler{CompilerOptions{}};
  if (llvm::Expected<NvrtcInfo> nvrtc = compiler.Describe(); !nvrtc) {
    GTEST_SKIP() << "no NVRTC: " << llvm::toString(nvrtc.takeError());
  }
  const std::vector<Job> jobs = Jobs();
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::vector<std::string> problems;
  const auto work = [&] {
    for (size_t i = next++; i < jobs.size(); i = next++) {
      std::string found = Problems(compiler, jobs[i]);
      if (found.empty()) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      problems.push_back(std::move(found));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& problem : problems) ADD_FAILURE() << problem;
  RecordProperty("kernels", static_cast<int>(jobs.size()));
}

}  // namespace
}  // namespace attnjit
