#include "tools/attnjit/arch_choice.h"

#include "generator/nearest.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "runtime/driver.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/gpus.h"

namespace attnjit {
namespace {

llvm::Expected<Arch> ParseArchName(llvm::StringRef name) {
  if (const std::optional<Arch> arch = ParseArch(name)) return *arch;
  std::vector<llvm::StringRef> names;
  for (const ArchInfo& info : AllArchs()) names.push_back(info.name);
  const std::string nearest = NearestName(name, names);
  std::string message = ("no arch " + name).str();
  message += nearest.empty() ? "." : "; did you mean " + nearest + "?";
  return llvm::make_error<UsageError>(message + " There are: " + llvm::join(names, ", "));
}

/// Of the first GPU here that attnjit knows, with its name; nullopt: no driver, no such GPU.
std::optional<ArchChoice> ArchOfGpuHere() {
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("");
  if (!driver) {
    llvm::consumeError(driver.takeError());
    return std::nullopt;
  }
  llvm::Expected<std::vector<Gpu>> gpus = ListGpus(**driver);
  if (!gpus) {
    llvm::consumeError(gpus.takeError());
    return std::nullopt;
  }
  for (const Gpu& gpu : *gpus) {
    const std::optional<Arch> arch = ArchForComputeCapability(gpu.major, gpu.minor);
    if (arch) return ArchChoice{*arch, "the GPU here: " + gpu.name};
  }
  return std::nullopt;
}

}  // namespace

llvm::Expected<ArchChoice> ChooseArch(llvm::StringRef option, const AttentionSpec& spec) {
  if (!option.empty()) {
    llvm::Expected<Arch> arch = ParseArchName(option);
    if (!arch) return arch.takeError();
    return ArchChoice{*arch, "from --arch"};
  }
  if (spec.arch) return ArchChoice{*spec.arch, "from the request"};
  if (const std::optional<ArchChoice> here = ArchOfGpuHere()) return *here;
  return ArchChoice{Arch::kSm90a, "the default: there is no GPU here"};
}

llvm::Expected<std::vector<Arch>> ParseArchList(llvm::StringRef list) {
  llvm::SmallVector<llvm::StringRef> names;
  list.split(names, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::vector<Arch> archs;
  for (llvm::StringRef name : names) {
    llvm::Expected<Arch> arch = ParseArchName(name.trim());
    if (!arch) return arch.takeError();
    archs.push_back(*arch);
  }
  return archs;
}

}  // namespace attnjit
