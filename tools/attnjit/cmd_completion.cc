// attnjit completion: scripts for shells (completions/). Commands, archs and workloads are filled
// in; options are asked for, from the command's own --help, when they are completed, so that they
// cannot go stale.
#include "generator/arch.h"
#include "generator/nearest.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/bundled_workloads.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/embedded.h"

namespace attnjit {
namespace {

struct Shell {
  llvm::StringRef name;
  const char* script;
};
constexpr Shell kShells[] = {
    {"bash", kBashCompletion}, {"zsh", kZshCompletion}, {"fish", kFishCompletion}};

void Replace(std::string& text, const std::string& mark, const std::vector<std::string>& words) {
  const std::string joined = llvm::join(words, " ");
  for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
    text.replace(at, mark.size(), joined);
    at += joined.size();
  }
}

std::string FillIn(std::string script) {
  std::vector<std::string> commands, archs, workloads;
  for (const Command& command : AllCommands()) commands.push_back(command.name);
  for (const ArchInfo& info : AllArchs()) archs.push_back(info.name);
  for (const Workload& workload : BundledWorkloads()) {
    workloads.push_back("workload:" + workload.name);
  }
  Replace(script, "%COMMANDS%", commands);
  Replace(script, "%ARCHS%", archs);
  Replace(script, "%WORKLOADS%", workloads);
  return script;
}

}  // namespace

int RunCompletion(llvm::ArrayRef<std::string> args) {
  std::string name;
  CLI::App app("Prints a completion script.", "completion");
  app.add_option("SHELL", name, "bash, zsh or fish")->required();
  app.footer(Example("source <(attnjit completion bash)"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  std::vector<llvm::StringRef> names;
  for (const Shell& shell : kShells) {
    if (shell.name == name) {
      llvm::outs() << FillIn(shell.script);
      return kExitDone;
    }
    names.push_back(shell.name);
  }
  const std::string nearest = NearestName(name, names);
  std::string message = "no completion for " + name;
  message += nearest.empty() ? "." : "; did you mean " + nearest + "?";
  return ReportError(llvm::make_error<UsageError>(message + " There are: bash, zsh, fish"));
}

}  // namespace attnjit
