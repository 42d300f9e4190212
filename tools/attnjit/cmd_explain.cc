// attnjit explain: the plan and why it is this one, and what a tile costs; or what is supported.
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/explain_report.h"
#include "tools/attnjit/profile.h"
#include "tools/attnjit/spec_source.h"
#include "tools/attnjit/support_table.h"

namespace attnjit {
namespace {

struct ExplainOptions {
  std::string source;
  std::string arch;
  std::vector<std::string> problems;
  bool json = false;
  bool profile = false;
  bool support = false;
  EngineOptions engine;  ///< For the profile.
};

llvm::Error PrintProfileOf(const ExplainOptions& options, const AttentionSpec& spec,
                           const KernelPlan& plan) {
  llvm::Expected<Profile> profile = ProfileKernel(spec, plan, options.engine);
  if (!profile) return profile.takeError();
  if (options.json) {
    llvm::outs() << ProfileJson(*profile) << '\n';
  } else {
    PrintProfile(*profile, llvm::outs());
  }
  return llvm::Error::success();
}

llvm::Error Explain(const ExplainOptions& options) {
  llvm::Expected<AttentionSpec> spec = LoadSpec(options.source);
  if (!spec) return spec.takeError();
  llvm::Expected<ArchChoice> choice = ChooseArch(options.arch, *spec);
  if (!choice) return choice.takeError();
  llvm::Expected<KernelPlan> plan = PlanKernel(ResolveKernelSpec(*spec), choice->arch);
  if (!plan) return plan.takeError();
  if (options.profile) return PrintProfileOf(options, *spec, *plan);
  llvm::Expected<std::vector<SizedProblem>> problems =
      SizedProblems(*spec, options.source, options.problems);
  if (!problems) return problems.takeError();
  if (options.json) {
    llvm::outs() << ExplanationJson(*spec, *choice, *plan, *problems) << '\n';
  } else {
    PrintExplanation(*spec, *choice, *plan, *problems, llvm::outs());
  }
  return llvm::Error::success();
}

void ExplainSupport(bool json) {
  if (json) {
    llvm::outs() << SupportJson() << '\n';
  } else {
    PrintSupport(llvm::outs());
  }
}

}  // namespace

int RunExplain(llvm::ArrayRef<std::string> args) {
  ExplainOptions options;
  CLI::App app(
      "Shows what would be made for a request: the plan, the shared-memory map, registers, "
      "the GPU's limits and the share used, what a tile costs each resource, and why.",
      "explain");
  CLI::Option* spec_option = app.add_option("SPEC", options.source, kSpecHelp);
  app.add_option("--arch", options.arch,
                 "The GPU to plan for; else the request's, else the GPU here, else sm_90a");
  app.add_option("--problem", options.problems, kProblemHelp);
  app.add_flag("--json", options.json, "Print one line of JSON");
  CLI::Option* profile_option =
      app.add_flag("--profile", options.profile,
                   "Instead: run one tile on the emulated GPU, and what it costs each resource");
  app.add_flag("--support", options.support, "Instead: what is supported on which GPU, as Markdown")
      ->excludes(spec_option)
      ->excludes(profile_option);
  AddEngineOptions(app, options.engine);
  app.footer(Example("attnjit explain workload:llama3_8b --arch sm_90a"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  if (options.support) {
    ExplainSupport(options.json);
    return kExitDone;
  }
  if (spec_option->count() == 0) {
    return ReportError(llvm::make_error<UsageError>("explain needs a SPEC, or --support"));
  }
  if (llvm::Error error = Explain(options)) {
    return ReportError(std::move(error), SpecLabel(options.source));
  }
  return kExitDone;
}

}  // namespace attnjit
