// attnjit doctor: what works on this machine, what is wrong, and what to do about it.
#include <nlohmann/json.hpp>
#include <vector>

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/compiler.h"
#include "runtime/emulator/machine/device_model.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/doctor.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/gpus.h"

namespace attnjit {
namespace {

using State = FindingState;

const char* StateName(State state) {
  switch (state) {
    case State::kOk:
      return "ok";
    case State::kNote:
      return "note";
    case State::kWrong:
      return "wrong";
  }
  return "";
}

void ExamineGpu(int ordinal, const Gpu& gpu, Findings& findings) {
  const std::string text = llvm::formatv(
      "device {0}: {1}, compute capability {2}.{3}, {4} SMs, {5:f1} GiB", ordinal, gpu.name,
      gpu.major, gpu.minor, gpu.sm_count, static_cast<double>(gpu.memory_bytes) / (1 << 30));
  if (const std::optional<Arch> arch = ArchForComputeCapability(gpu.major, gpu.minor)) {
    findings.push_back({"GPU", State::kOk, text + ", " + GetArchInfo(*arch).name, ""});
  } else {
    findings.push_back({"GPU", State::kNote, text + ": attnjit generates no kernels for it",
                        "attnjit explain --support lists the GPUs it generates for"});
  }
}

/// A cubin of one major version of CUDA loads on drivers for that version and later ones (CUDA
/// Compatibility, "Minor Version Compatibility").
void CompareVersions(int driver_version, int nvrtc_major, Findings& findings) {
  if (driver_version / 1000 >= nvrtc_major) return;
  findings.push_back(
      {"driver", State::kNote,
       llvm::formatv("older than NVRTC {0}: kernels that it compiles may not load here",
                     nvrtc_major),
       llvm::formatv("update the driver, or name NVRTC of CUDA {0} with --nvrtc",
                     driver_version / 1000)});
}

/// `nvrtc_major`: 0 if there is no NVRTC. Returns the driver's version, 0 if there is none.
int ExamineDriver(int nvrtc_major, Findings& findings) {
  llvm::Expected<std::shared_ptr<const DriverTable>> driver = OpenDriver("");
  if (!driver) {
    findings.push_back({"driver", State::kNote, llvm::toString(driver.takeError()), ""});
    return 0;
  }
  int version = 0;
  if (llvm::Error error =
          CheckDriver(**driver, "cuDriverGetVersion", (*driver)->driver_get_version(&version))) {
    findings.push_back({"driver", State::kWrong, llvm::toString(std::move(error)), ""});
    return 0;
  }
  findings.push_back({"driver", State::kOk,
                      llvm::formatv("for CUDA {0}.{1}", version / 1000, version % 1000 / 10), ""});
  CompareVersions(version, nvrtc_major, findings);
  llvm::Expected<std::vector<Gpu>> gpus = ListGpus(**driver);
  if (!gpus) {
    findings.push_back({"GPU", State::kWrong, llvm::toString(gpus.takeError()), ""});
    return version;
  }
  for (size_t i = 0; i < gpus->size(); ++i) {
    ExamineGpu(static_cast<int>(i), (*gpus)[i], findings);
  }
  return version;
}

/// A small compilation: NVRTC can be opened and still lack its builtins.
llvm::Error ProbeCompiler(const Compiler& compiler) {
  const std::string option = "--gpu-architecture=sm_80";
  return compiler
      .Compile("extern \"C\" __global__ void attnjit_probe(int* p) { *p = 1; }", "attnjit_probe",
               option)
      .takeError();
}

/// Returns its major version; 0 if there is none.
int ExamineNvrtc(const std::string& path, Findings& findings) {
  const Compiler compiler({path, ""});
  llvm::Expected<NvrtcInfo> info = compiler.Describe();
  if (!info) {
    findings.push_back({"NVRTC", State::kWrong, llvm::toString(info.takeError()),
                        "no kernel can be built without it; kernels in the cache still run"});
    return 0;
  }
  const std::string text = info->files.library + ", version " + info->version;
  if (llvm::Error error = ProbeCompiler(compiler)) {
    findings.push_back({"NVRTC", State::kWrong,
                        text + ", does not compile: " + llvm::toString(std::move(error)),
                        "install it again with its builtins, or name another one with --nvrtc"});
    return 0;
  }
  findings.push_back({"NVRTC", State::kOk, text, ""});
  std::vector<std::string> missing;
  for (const ArchInfo& arch : AllArchs()) {
    if (!llvm::is_contained(info->supported_archs, arch.major * 10 + arch.minor)) {
      missing.push_back(arch.name);
    }
  }
  if (!missing.empty()) {
    findings.push_back({"NVRTC", State::kNote,
                        "this version does not compile for " + llvm::join(missing, ", "),
                        "install NVRTC of CUDA 13 for these"});
  }
  int major = 0;
  llvm::StringRef version = info->version;
  version.consumeInteger(10, major);
  return major;
}

void ExamineEmulator(Findings& findings) {
  std::vector<std::string> names;
  for (const emulator::DeviceModel& model : emulator::DeviceModels()) names.push_back(model.arch);
  findings.push_back({"emulator", State::kOk,
                      "runs kernels without a GPU, as " + llvm::join(names, ", ") +
                          ": attnjit check SPEC --device emulator:ARCH",
                      ""});
}

/// Every advice once, of what is wrong first.
std::vector<std::string> ToDo(const Findings& findings) {
  std::vector<std::string> todo;
  for (const State state : {State::kWrong, State::kNote}) {
    for (const Finding& finding : findings) {
      if (finding.state != state || finding.advice.empty()) continue;
      if (!llvm::is_contained(todo, finding.advice)) todo.push_back(finding.advice);
    }
  }
  return todo;
}

void Print(const Findings& findings) {
  llvm::outs() << "attnjit " << ATTNJIT_VERSION << '\n';
  for (const Finding& finding : findings) {
    llvm::outs() << llvm::left_justify(StateName(finding.state), 7)
                 << llvm::left_justify(finding.topic, 10);
    std::string text = finding.text;
    if (!finding.advice.empty()) text += "\n-> " + finding.advice;
    llvm::SmallVector<llvm::StringRef> lines;
    llvm::StringRef(text).split(lines, '\n');
    for (size_t i = 0; i < lines.size(); ++i) {
      llvm::outs().indent(i == 0 ? 0 : 17) << lines[i] << '\n';
    }
  }
  const std::vector<std::string> todo = ToDo(findings);
  llvm::outs() << (todo.empty() ? "\nNothing to do.\n" : "\nTo do:\n");
  for (const std::string& line : todo) llvm::outs() << "  - " << line << '\n';
}

void PrintJson(const Findings& findings) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"topic", finding.topic},
                    {"state", StateName(finding.state)},
                    {"text", finding.text},
                    {"advice", finding.advice}});
  }
  const Json json = {
      {"attnjit_version", ATTNJIT_VERSION}, {"findings", list}, {"to_do", ToDo(findings)}};
  llvm::outs() << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace

int RunDoctor(llvm::ArrayRef<std::string> args) {
  bool json = false;
  EngineOptions options;
  CLI::App app(
      "Looks at the driver, the GPUs, NVRTC and the cache, and says what is wrong and what "
      "to do. Exit code 1 if kernels cannot be built and kept here.",
      "doctor");
  app.add_flag("--json", json, "Print one line of JSON");
  AddEngineOptions(app, options);
  app.footer(Example("attnjit doctor"));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;

  Findings findings;
  const int nvrtc_major = ExamineNvrtc(options.nvrtc_path, findings);
  const int driver_version = ExamineDriver(nvrtc_major, findings);
  ExamineEmulator(findings);
  ExamineCache(options.cache_dir, driver_version, findings);
  if (json) {
    PrintJson(findings);
  } else {
    Print(findings);
  }
  const bool wrong =
      llvm::any_of(findings, [](const Finding& f) { return f.state == State::kWrong; });
  return wrong ? kExitFailed : kExitDone;
}

}  // namespace attnjit
