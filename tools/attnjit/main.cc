// attnjit: the command line. Finds the command and runs it; each has a file of its own.
#include <string>
#include <vector>

#include "generator/nearest.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"

namespace attnjit {
namespace {

constexpr Command kCommands[] = {
    {"emit", "Print a kernel's CUDA source", RunEmit},
    {"explain", "Show a kernel's plan, shared-memory map, limits, and why", RunExplain},
    {"build", "Compile kernels into the cache", RunBuild},
    {"prewarm", "Fill the cache with a manifest's kernels", RunPrewarm},
    {"check", "Run a kernel against the fp64 reference", RunCheck},
    {"bench", "Time kernels on the GPU", RunBench},
    {"tune", "Measure the plans for a request, keep the fastest", RunTune},
    {"cache", "List, count, verify, prune, export or import the cache", RunCache},
    {"doctor", "Say what works on this machine and what is wrong", RunDoctor},
    {"completion", "Print a completion script for bash, zsh or fish", RunCompletion},
};

void PrintHelp(llvm::raw_ostream& os) {
  os << "attnjit makes a GPU kernel for exactly the attention a JSON request describes.\n\n"
        "Usage: attnjit COMMAND [OPTIONS]\n\nCommands:\n";
  for (const Command& command : kCommands) {
    os << "  " << llvm::left_justify(command.name, 12) << command.summary << '\n';
  }
  os << "\nOptions:\n"
        "  --help      This, or after a command its own help\n"
        "  --version   The version\n\n"
        "A request (SPEC) is a file, - for standard input, inline JSON, or workload:NAME.\n\n"
        "Exit codes: 0 done, 1 failed, 2 usage or invalid request, 3 not supported on that GPU,\n"
        "4 a numeric or sanitizer check failed.\n\n"
        "Example:\n"
        "  attnjit explain '{\"head_dim\":128,\"dtype\":\"bf16\",\"mask\":\"causal\"}' "
        "--arch sm_90a\n";
}

int UnknownCommand(llvm::StringRef name) {
  std::vector<llvm::StringRef> names;
  for (const Command& command : kCommands) names.push_back(command.name);
  names.push_back("--help");
  names.push_back("--version");
  const std::string nearest = NearestName(name, names);
  llvm::errs() << "attnjit: no command " << name;
  if (!nearest.empty()) llvm::errs() << "; did you mean " << nearest << "?";
  llvm::errs() << "\nattnjit --help lists the commands\n";
  return kExitUsage;
}

int Run(const std::vector<std::string>& args) {
  if (args.empty()) {
    PrintHelp(llvm::errs());
    return kExitUsage;
  }
  if (args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    PrintHelp(llvm::outs());
    return kExitDone;
  }
  if (args[0] == "--version") {
    llvm::outs() << "attnjit " << ATTNJIT_VERSION << '\n';
    return kExitDone;
  }
  for (const Command& command : kCommands) {
    if (args[0] == command.name) return command.run(llvm::makeArrayRef(args).drop_front());
  }
  return UnknownCommand(args[0]);
}

}  // namespace

llvm::ArrayRef<Command> AllCommands() { return kCommands; }

}  // namespace attnjit

int main(int argc, char** argv) {
  int exit_code = attnjit::Run(std::vector<std::string>(argv + 1, argv + argc));
  // LLVM's stream would abort at exit over an error that is still set.
  llvm::outs().flush();
  if (llvm::outs().has_error()) {
    llvm::errs() << "attnjit: cannot write to standard output: " << llvm::outs().error().message()
                 << '\n';
    llvm::outs().clear_error();
    if (exit_code == attnjit::kExitDone) exit_code = attnjit::kExitFailed;
  }
  return exit_code;
}
