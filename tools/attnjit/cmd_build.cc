// attnjit build: requests into the cache.
#include <nlohmann/json.hpp>
#include <vector>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/engine.h"
#include "runtime/kernel_info.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/spec_source.h"
#include "tools/attnjit/text_table.h"

namespace attnjit {
namespace {

/// One request on one GPU.
struct Job {
  std::string label;
  AttentionSpec spec;
  Arch arch;
};

/// Every request on every arch of `archs`; without archs, on the one that suits it.
llvm::Error AddJobs(const std::string& source, llvm::ArrayRef<Arch> archs, std::vector<Job>& jobs) {
  llvm::Expected<AttentionSpec> spec = LoadSpec(source);
  if (!spec) return spec.takeError();
  std::vector<Arch> chosen = archs.vec();
  if (chosen.empty()) {
    llvm::Expected<ArchChoice> choice = ChooseArch("", *spec);
    if (!choice) return choice.takeError();
    chosen.push_back(choice->arch);
  }
  for (Arch arch : chosen) jobs.push_back({SpecLabel(source), *spec, arch});
  return llvm::Error::success();
}

std::string Outcome(const BuildResult& build) {
  std::string text = build.origin == Origin::kCompiled
                         ? "compiled"
                         : std::string("hit (") + OriginName(build.origin) + ")";
  return build.path.empty() ? text + ", not kept" : text;
}

TextTable MakeTable(llvm::ArrayRef<BuildResult> builds) {
  TextTable table({"outcome", "kernel", "key", ">ms", ">registers", ">spill bytes", ">smem bytes",
                   ">cubin bytes"});
  for (const BuildResult& build : builds) {
    const CacheEntry& entry = *build.entry;
    table.Add({Outcome(build), entry.name,
               entry.key.request.substr(0, 12) + "-" + entry.key.toolchain.substr(0, 12),
               llvm::formatv("{0:f1}", build.seconds * 1e3), std::to_string(entry.registers),
               std::to_string(entry.spill_store_bytes + entry.spill_load_bytes),
               std::to_string(entry.smem_dynamic_bytes), std::to_string(entry.cubin.size())});
  }
  return table;
}

void PrintJson(llvm::ArrayRef<BuildResult> builds) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const BuildResult& build : builds) {
    json.push_back(nlohmann::ordered_json::parse(KernelInfoJson(build)));
    json.back()["seconds"] = build.seconds;
  }
  llvm::outs() << json.dump() << '\n';
}

/// The exit code of the first failure; the others are built all the same.
int BuildAll(Engine& engine, llvm::ArrayRef<Job> jobs, std::vector<BuildResult>& builds) {
  int exit_code = kExitDone;
  for (const Job& job : jobs) {
    llvm::Expected<BuildResult> build = engine.Build(job.spec, job.arch);
    if (build) {
      if (!build->warning.empty()) llvm::errs() << "attnjit: warning: " << build->warning << '\n';
      builds.push_back(std::move(*build));
      continue;
    }
    const std::string on = std::string(" on ") + GetArchInfo(job.arch).name;
    const int failure =
        ReportError(build.takeError(), (job.label.empty() ? "request" : job.label) + on);
    if (exit_code == kExitDone) exit_code = failure;
  }
  return exit_code;
}

}  // namespace

int RunBuild(llvm::ArrayRef<std::string> args) {
  std::vector<std::string> sources;
  std::string arch_list;
  bool json = false;
  EngineOptions options;
  CLI::App app("Compiles the kernels of requests into the cache, or finds them there.", "build");
  app.add_option("SPEC", sources, kSpecHelp)->required()->allow_extra_args();
  app.add_option("--arch", arch_list, "GPUs to build for, e.g. sm_80,sm_90a");
  app.add_flag("--json", json, "Print one line of JSON");
  AddEngineOptions(app, options);
  app.footer(Example("attnjit build workload:llama3_8b workload:bert_base --arch sm_80,sm_90a"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  llvm::Expected<std::vector<Arch>> archs = ParseArchList(arch_list);
  if (!archs) return ReportError(archs.takeError());
  int exit_code = kExitDone;
  std::vector<Job> jobs;
  for (const std::string& source : sources) {
    if (llvm::Error error = AddJobs(source, *archs, jobs)) {
      exit_code = ReportError(std::move(error), SpecLabel(source));
    }
  }
  if (exit_code != kExitDone) return exit_code;  // Nothing is built from half a command line.

  llvm::Expected<std::unique_ptr<Engine>> engine = Engine::Create(options);
  if (!engine) return ReportError(engine.takeError());
  std::vector<BuildResult> builds;
  exit_code = BuildAll(**engine, jobs, builds);
  if (json) {
    PrintJson(builds);
  } else if (!builds.empty()) {
    MakeTable(builds).PrintAligned(llvm::outs());
  }
  return exit_code;
}

}  // namespace attnjit
