// Cold builds, spec to cubin, of every kernel of a workloads file: nothing in memory, no disk.
//
//   attnjit_cold_build tests/workloads/workloads.json [ARCH [ROUNDS]]
//
// Prints a line for each workload and the median over the workloads, each the median of its rounds:
// elapsed time, and the process's CPU time, which other processes on the machine disturb less.
// NVRTC is opened by a first build that is not counted: a process does that once.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "llvm/Support/MemoryBuffer.h"
#include "runtime/engine_parts.h"
#include "tests/workloads/workloads.h"

namespace attnjit {
namespace {

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct ColdBuild {
  double seconds = 0;  ///< JSON text to cubin.
  double cpu_seconds = 0;
  double compile_seconds = 0;  ///< Of `seconds`, in NVRTC.
  std::shared_ptr<const CacheEntry> entry;
};

llvm::Expected<ColdBuild> BuildOnce(const EngineParts& parts, const std::string& json, Arch arch) {
  EngineOptions options;
  options.disk_cache = false;
  llvm::Expected<std::unique_ptr<Engine>> engine = CreateEngine(options, parts);
  if (!engine) return engine.takeError();
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  llvm::Expected<AttentionSpec> spec = ParseSpec(json);
  if (!spec) return spec.takeError();
  llvm::Expected<BuildResult> built = (*engine)->Build(*spec, arch);
  if (!built) return built.takeError();
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  const double cpu_seconds = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  return ColdBuild{elapsed.count(), cpu_seconds, built->entry->compile_seconds, built->entry};
}

llvm::Error Run(const char* path, Arch arch, int rounds) {
  auto file = llvm::errorOrToExpected(llvm::MemoryBuffer::getFile(path));
  if (!file) return file.takeError();
  llvm::Expected<std::vector<Workload>> workloads = ParseWorkloads((*file)->getBuffer());
  if (!workloads) return workloads.takeError();
  const EngineParts parts = DefaultParts({});
  if (workloads->empty()) return llvm::Error::success();
  if (auto first = BuildOnce(parts, workloads->front().spec, arch); !first) {
    return first.takeError();
  }
  std::printf("%-24s %8s %8s %8s %5s %7s %9s  %s\n", "workload", "ms", "cpu ms", "nvrtc", "regs",
              "spills", "cubin", "kernel");
  std::vector<double> medians, cpu_medians;
  for (const Workload& workload : *workloads) {
    std::vector<double> seconds, cpu_seconds, compile_seconds;
    std::shared_ptr<const CacheEntry> entry;
    for (int i = 0; i < rounds; ++i) {
      llvm::Expected<ColdBuild> build = BuildOnce(parts, workload.spec, arch);
      if (!build) return build.takeError();
      seconds.push_back(build->seconds);
      cpu_seconds.push_back(build->cpu_seconds);
      compile_seconds.push_back(build->compile_seconds);
      entry = build->entry;
    }
    medians.push_back(Median(seconds));
    cpu_medians.push_back(Median(cpu_seconds));
    std::printf("%-24s %8.1f %8.1f %8.1f %5d %7d %9zu  %s\n", workload.name.c_str(),
                medians.back() * 1e3, cpu_medians.back() * 1e3, Median(compile_seconds) * 1e3,
                entry->registers, entry->spill_store_bytes + entry->spill_load_bytes,
                entry->cubin.size(), entry->name.c_str());
  }
  std::printf("median of %zu workloads on %s: %.1f ms, CPU time %.1f ms\n", medians.size(),
              GetArchInfo(arch).name, Median(medians) * 1e3, Median(cpu_medians) * 1e3);
  return llvm::Error::success();
}

}  // namespace
}  // namespace attnjit

int main(int argc, char** argv) {
  const std::optional<attnjit::Arch> arch = attnjit::ParseArch(argc > 2 ? argv[2] : "sm_90a");
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  if (argc < 2 || argc > 4 || !arch || rounds < 1) {
    std::fprintf(stderr, "usage: %s WORKLOADS.json [ARCH [ROUNDS]]\n", argv[0]);
    return 2;
  }
  if (llvm::Error error = attnjit::Run(argv[1], *arch, rounds)) {
    std::fprintf(stderr, "%s\n", llvm::toString(std::move(error)).c_str());
    return 1;
  }
  return 0;
}
