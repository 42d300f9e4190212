#include "tools/attnjit/emulation.h"

#include <vector>

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "runtime/compiler.h"
#include "runtime/emulator/machine/device_model.h"
#include "runtime/emulator/program/line_map.h"
#include "runtime/emulator/ptx/parser.h"
#include "runtime/engine_parts.h"
#include "tools/attnjit/cli.h"

namespace attnjit {
namespace {

using emulator::DeviceModel;
using emulator::LineMap;

/// From the shipped PTX's lines to those of its source. Errors: of compiling and parsing.
llvm::Expected<LineMap> MakeLineMap(const CacheEntry& entry, const std::string& nvrtc_path) {
  llvm::SmallVector<llvm::StringRef> given;
  llvm::StringRef(entry.compile_options).split(given, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::vector<std::string> options(given.begin(), given.end());
  options.push_back("-lineinfo");
  llvm::Expected<CompileOutput> output =
      Compiler({nvrtc_path, ""}).Compile(entry.source, entry.name, options);
  if (!output) return output.takeError();
  llvm::Expected<emulator::ptx::Module> with_lines = emulator::ptx::ParsePtx(output->ptx);
  if (!with_lines) return with_lines.takeError();
  llvm::Expected<emulator::ptx::Module> shipped = emulator::ptx::ParsePtx(entry.ptx);
  if (!shipped) return shipped.takeError();
  return LineMap::Make(*shipped, *with_lines);
}

void SetLine(const LineMap& lines, emulator::Actor& actor) {
  const int32_t line = lines.Find(actor.place.ptx_line).line;
  if (line > 0) actor.place.cuda_line = static_cast<uint32_t>(line);
}

}  // namespace

llvm::Expected<std::string> ParseEmulatedDevice(llvm::StringRef name) {
  if (const DeviceModel* model = emulator::FindDeviceModel(name)) return model->arch;
  std::vector<std::string> known;
  for (const DeviceModel& model : emulator::DeviceModels()) known.push_back(model.arch);
  return llvm::make_error<UsageError>("--device emulator:" + name.str() + ": there are " +
                                      llvm::join(known, ", "));
}

std::string EmulatedDeviceFor(Arch arch) {
  for (const DeviceModel& model : emulator::DeviceModels()) {
    if (RunsOn(arch, model.major, model.minor)) return model.arch;
  }
  return "";
}

llvm::Expected<Emulation> OpenEmulation(const EmulationOptions& options,
                                        const EngineOptions& engine_options) {
  emulator::EmulatorOptions emulator_options;
  emulator_options.devices = {options.device};
  emulator_options.policy = options.policy;
  emulator_options.sanitize = options.sanitize;
  Emulation emulation;
  llvm::Expected<std::shared_ptr<emulator::Emulator>> made = emulator::MakeDriver(emulator_options);
  if (!made) return made.takeError();
  emulation.emulator = std::move(*made);
  const std::shared_ptr<const DriverTable> table = emulation.emulator->table();
  llvm::Expected<OpenedGpu> gpu = OpenGpuOf(table, 0);
  if (!gpu) return gpu.takeError();
  emulation.gpu = std::move(*gpu);
  EngineParts parts = DefaultParts(engine_options);
  parts.open_driver = [table]() -> llvm::Expected<std::shared_ptr<const DriverTable>> {
    return table;
  };
  llvm::Expected<std::unique_ptr<Engine>> engine = CreateEngine(engine_options, std::move(parts));
  if (!engine) return engine.takeError();
  emulation.engine = std::move(*engine);
  return emulation;
}

bool AddCudaLines(const CacheEntry& entry, const std::string& nvrtc_path,
                  emulator::Findings& findings) {
  llvm::Expected<LineMap> lines = MakeLineMap(entry, nvrtc_path);
  if (!lines) {
    llvm::consumeError(lines.takeError());
    return false;
  }
  for (emulator::Report& report : findings.reports) {
    if (report.kernel != entry.name) continue;
    SetLine(*lines, report.actor);
    SetLine(*lines, report.other);
  }
  return true;
}

llvm::Error ApplySilences(llvm::StringRef source, emulator::Findings& findings) {
  llvm::Expected<std::vector<emulator::Silence>> silences = emulator::FindSilences(source);
  if (!silences) return silences.takeError();
  emulator::ReportSink sink;
  sink.AddSilences(std::move(*silences));
  std::vector<emulator::Report> kept;
  for (emulator::Report& report : findings.reports) {
    if (sink.Add(report)) {
      kept.push_back(std::move(report));
    } else {
      findings.total -= report.count;
    }
  }
  findings.reports = std::move(kept);
  for (emulator::Silence& silence : sink.silences())
    findings.silences.push_back(std::move(silence));
  return llvm::Error::success();
}

}  // namespace attnjit
