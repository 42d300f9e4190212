// The commands of the command line. Each takes the arguments after its name and returns the
// process's exit code (cli.h).
#ifndef ATTNJIT_TOOLS_ATTNJIT_COMMANDS_H_
#define ATTNJIT_TOOLS_ATTNJIT_COMMANDS_H_

#include <string>

#include "llvm/ADT/ArrayRef.h"

namespace attnjit {

int RunEmit(llvm::ArrayRef<std::string> args);
int RunExplain(llvm::ArrayRef<std::string> args);
int RunBuild(llvm::ArrayRef<std::string> args);
int RunPrewarm(llvm::ArrayRef<std::string> args);
int RunCheck(llvm::ArrayRef<std::string> args);
int RunBench(llvm::ArrayRef<std::string> args);
int RunTune(llvm::ArrayRef<std::string> args);
int RunCache(llvm::ArrayRef<std::string> args);
int RunDoctor(llvm::ArrayRef<std::string> args);
int RunCompletion(llvm::ArrayRef<std::string> args);

struct Command {
  const char* name;
  const char* summary;
  int (*run)(llvm::ArrayRef<std::string> args);
};

/// Every command, in the order of --help.
llvm::ArrayRef<Command> AllCommands();

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_COMMANDS_H_
