// attnjit emit: the CUDA source, byte for byte what NVRTC compiles.
#include "generator/emit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/spec_source.h"

namespace attnjit {
namespace {

llvm::Error WriteFile(const std::string& path, llvm::StringRef text) {
  std::error_code error;
  llvm::raw_fd_ostream os(path, error);
  if (!error) {
    os << text;
    os.close();
    error = os.error();
    os.clear_error();
  }
  if (!error) return llvm::Error::success();
  return llvm::createStringError(error, "cannot write %s: %s", path.c_str(),
                                 error.message().c_str());
}

llvm::Expected<std::string> MakeSource(const std::string& source, const std::string& arch_option) {
  llvm::Expected<AttentionSpec> spec = LoadSpec(source);
  if (!spec) return spec.takeError();
  llvm::Expected<ArchChoice> choice = ChooseArch(arch_option, *spec);
  if (!choice) return choice.takeError();
  llvm::Expected<KernelPlan> plan = PlanKernel(ResolveKernelSpec(*spec), choice->arch);
  if (!plan) return plan.takeError();
  return EmitSource(*plan);
}

}  // namespace

int RunEmit(llvm::ArrayRef<std::string> args) {
  std::string source, arch, output = "-";
  CLI::App app(
      "Prints the CUDA source of a request's kernel: one translation unit, as NVRTC "
      "compiles it and nvcc -std=c++20 accepts it.",
      "emit");
  app.add_option("SPEC", source, kSpecHelp)->required();
  app.add_option("--arch", arch, "The GPU to generate for, e.g. sm_90a");
  app.add_option("-o,--output", output, "Write to this file instead of standard output");
  app.footer(Example("attnjit emit workload:llama3_8b --arch sm_90a -o kernel.cu"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  llvm::Expected<std::string> text = MakeSource(source, arch);
  if (!text) return ReportError(text.takeError(), SpecLabel(source));
  if (output == "-") {
    llvm::outs() << *text;
    return kExitDone;
  }
  if (llvm::Error error = WriteFile(output, *text)) return ReportError(std::move(error));
  return kExitDone;
}

}  // namespace attnjit
