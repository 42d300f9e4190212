// attnjit explain: the plan and why it is this one; or what is supported.
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/explain_report.h"
#include "tools/attnjit/spec_source.h"
#include "tools/attnjit/support_table.h"

namespace attnjit {
namespace {

llvm::Error Explain(const std::string& source, const std::string& arch_option, bool json) {
  llvm::Expected<AttentionSpec> spec = LoadSpec(source);
  if (!spec) return spec.takeError();
  llvm::Expected<ArchChoice> choice = ChooseArch(arch_option, *spec);
  if (!choice) return choice.takeError();
  llvm::Expected<KernelPlan> plan = PlanKernel(ResolveKernelSpec(*spec), choice->arch);
  if (!plan) return plan.takeError();
  if (json) {
    llvm::outs() << ExplanationJson(*spec, *choice, *plan) << '\n';
  } else {
    PrintExplanation(*spec, *choice, *plan, llvm::outs());
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
  std::string source, arch;
  bool json = false, support = false;
  CLI::App app(
      "Shows what would be made for a request: the plan, the shared-memory map, registers, "
      "the GPU's limits and the share used, and why.",
      "explain");
  CLI::Option* spec_option = app.add_option("SPEC", source, kSpecHelp);
  app.add_option("--arch", arch,
                 "The GPU to plan for; else the request's, else the GPU here, else sm_90a");
  app.add_flag("--json", json, "Print one line of JSON");
  app.add_flag("--support", support, "Instead: what is supported on which GPU, as Markdown")
      ->excludes(spec_option);
  app.footer(Example("attnjit explain workload:llama3_8b --arch sm_90a"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  if (support) {
    ExplainSupport(json);
    return kExitDone;
  }
  if (spec_option->count() == 0) {
    return ReportError(llvm::make_error<UsageError>("explain needs a SPEC, or --support"));
  }
  if (llvm::Error error = Explain(source, arch, json)) {
    return ReportError(std::move(error), SpecLabel(source));
  }
  return kExitDone;
}

}  // namespace attnjit
