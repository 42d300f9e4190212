// attnjit tune: plans for a request against each other on the GPU at hand; the winner is kept.
#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cache/tuning.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/attnjit/arch_choice.h"
#include "tools/attnjit/cli.h"
#include "tools/attnjit/commands.h"
#include "tools/attnjit/device_choice.h"
#include "tools/attnjit/engine_options.h"
#include "tools/attnjit/spec_source.h"
#include "tools/attnjit/text_table.h"
#include "tools/attnjit/tuner.h"

namespace attnjit {
namespace {

struct TuneOptions {
  std::string source;
  std::string problem;
  std::string device = "auto";
  TunerOptions tuner;
  bool no_record = false;
  bool json = false;
  EngineOptions engine;
};

/// What was tried, and what came of it.
struct TuneReport {
  KernelPlan own;  ///< The planner's choice.
  SizedProblem sized;
  std::string device;
  bool measured = false;  ///< Else ranked by prediction.
  std::vector<TuneRow> rows;
  size_t winner = 0;
  std::string record;  ///< The record's path, or "".
};

llvm::Expected<KernelPlan> OwnPlan(const AttentionSpec& spec, Arch arch) {
  return PlanKernel(ResolveKernelSpec(spec), arch);
}

/// By the model alone, fastest first.
llvm::Error Rank(const AttentionSpec& spec, const std::string& emulated, TuneReport& report) {
  llvm::Expected<ArchChoice> choice = ChooseArch(emulated, spec);
  if (!choice) return choice.takeError();
  const GpuInfo* gpu = TypicalGpu(choice->arch);
  if (gpu == nullptr) {
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        std::string("no GPU of ") + GetArchInfo(choice->arch).name + " is in the table of rates");
  }
  llvm::Expected<KernelPlan> own = OwnPlan(spec, choice->arch);
  if (!own) return own.takeError();
  report.own = std::move(*own);
  report.device = gpu->name;
  report.rows = TuneRows(spec, report.own, report.sized.shape(), gpu);
  const auto faster = [](const TuneRow& a, const TuneRow& b) {
    return a.predicted_ms < b.predicted_ms;
  };
  report.winner =
      std::min_element(report.rows.begin(), report.rows.end(), faster) - report.rows.begin();
  return llvm::Error::success();
}

llvm::Error Record(const TuneOptions& options, TuneReport& report) {
  llvm::Expected<std::string> dir = ResolveCacheDir(options.engine.cache_dir);
  if (!dir) return dir.takeError();
  const TuneRow& winner = report.rows[report.winner];
  TuningRecord record;
  record.canonical_spec = CanonicalJson(report.own.spec, report.own.arch);
  record.gpu = report.device;
  record.attnjit_version = ATTNJIT_VERSION;
  record.choices = winner.choices;
  record.own_choices = report.rows[0].choices;
  record.problem = llvm::formatv("{0} {1}/{2}", report.sized.size, report.sized.problem.heads_q,
                                 report.sized.problem.heads_kv);
  record.milliseconds = winner.measured_ms;
  record.own_milliseconds = report.rows[0].measured_ms;
  record.created_unix = std::time(nullptr);
  llvm::Expected<std::string> path = TuningStore(*dir).Put(record);
  if (!path) return path.takeError();
  report.record = std::move(*path);
  return llvm::Error::success();
}

llvm::Error Measure(const TuneOptions& options, const AttentionSpec& spec, int ordinal,
                    TuneReport& report) {
  llvm::Expected<OpenedGpu> gpu = OpenGpu(ordinal);
  if (!gpu) {
    return llvm::joinErrors(
        gpu.takeError(),
        llvm::createStringError(llvm::inconvertibleErrorCode(),
                                "tune measures on a GPU alone; `--device emulator:ARCH` ranks the "
                                "candidates by the resource model's prediction"));
  }
  const std::optional<Arch> here = gpu->device->arch();
  llvm::Expected<ArchChoice> choice =
      ChooseArch(here && !spec.arch ? GetArchInfo(*here).name : "", spec);
  if (!choice) return choice.takeError();
  llvm::Expected<KernelPlan> own = OwnPlan(spec, choice->arch);
  if (!own) return own.takeError();
  report.own = std::move(*own);
  report.device = gpu->device->name();
  report.measured = true;
  const GpuInfo* info = FindGpu(report.device);
  if (info == nullptr) info = TypicalGpu(report.own.arch);
  report.rows = TuneRows(spec, report.own, report.sized.shape(), info);
  ScopedContext current(*gpu->driver, gpu->device->context());
  if (llvm::Error error = current.TakeError()) return error;
  const Compiler compiler({options.engine.nvrtc_path, ""});
  if (llvm::Error error =
          MeasureRows(*gpu, compiler, spec, report.sized, options.tuner, report.rows)) {
    return error;
  }
  report.winner = WinnerOf(report.rows);
  // One candidate was no choice.
  if (options.no_record || report.rows.size() == 1) return llvm::Error::success();
  return Record(options, report);
}

int StagesOf(const KernelPlan& plan) {
  if (const auto* p = std::get_if<Sm100Plan>(&plan.plan)) return p->k_stages;
  if (const auto* p = std::get_if<Sm90Plan>(&plan.plan)) return p->stages;
  return std::get<MmaPlan>(plan.plan).stages;
}

std::string Ms(double milliseconds) {
  return milliseconds > 0 ? llvm::formatv("{0:f4}", milliseconds).str() : "-";
}

void PrintText(const TuneReport& report, llvm::raw_ostream& os) {
  os << llvm::formatv("{0}, {1}, {2}/{3} heads, on {4}\n", report.own.name, report.sized.size,
                      report.sized.problem.heads_q, report.sized.problem.heads_kv, report.device);
  TextTable table({"", "candidate", ">registers", ">stages", ">blocks/SM", ">predicted ms",
                   ">measured ms", ">speed", "problem"});
  for (size_t i = 0; i < report.rows.size(); ++i) {
    const TuneRow& row = report.rows[i];
    const double own = report.measured ? report.rows[0].measured_ms : report.rows[0].predicted_ms;
    const double mine = report.measured ? row.measured_ms : row.predicted_ms;
    table.Add({i == report.winner ? ">" : "", row.choices,
               row.registers > 0 ? std::to_string(row.registers) : "-",
               std::to_string(StagesOf(row.plan)),
               std::to_string(row.resident > 0 ? row.resident : row.plan.blocks_per_sm),
               Ms(row.predicted_ms), Ms(row.measured_ms),
               mine > 0 ? llvm::formatv("{0:f3}", own / mine).str() : "-", row.problem});
  }
  table.PrintAligned(os);
  if (!report.measured) {
    os << "ranked by the resource model's prediction: nothing was measured, nothing is recorded\n";
  } else if (report.rows.size() == 1) {
    os << "this kernel family has no choice to make\n";
  } else if (report.winner == 0) {
    os << "the planner's choice stands: none is faster by more than 1 %\n";
  }
  if (!report.record.empty()) {
    os << "recorded for every batch and length of this kernel on this GPU: " << report.record
       << '\n';
  }
}

void PrintJson(const TuneReport& report, llvm::raw_ostream& os) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const TuneRow& row : report.rows) {
    rows.push_back({{"candidate", row.choices},
                    {"registers", row.registers},
                    {"spill_bytes", row.spill_bytes},
                    {"stages", StagesOf(row.plan)},
                    {"blocks_per_sm", row.resident > 0 ? row.resident : row.plan.blocks_per_sm},
                    {"predicted_ms", row.predicted_ms},
                    {"measured_ms", row.measured_ms},
                    {"difference", row.difference},
                    {"problem", row.problem}});
  }
  const Json json = {
      {"kernel", report.own.name},         {"arch", GetArchInfo(report.own.arch).name},
      {"problem", report.sized.size},      {"device", report.device},
      {"measured", report.measured},       {"winner", report.rows[report.winner].choices},
      {"planner", report.rows[0].choices}, {"record", report.record},
      {"candidates", std::move(rows)}};
  os << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

llvm::Error Tune(const TuneOptions& options) {
  llvm::Expected<AttentionSpec> spec = LoadSpec(options.source);
  if (!spec) return spec.takeError();
  std::vector<std::string> sizes;
  if (!options.problem.empty()) sizes.push_back(options.problem);
  llvm::Expected<std::vector<SizedProblem>> problems = SizedProblems(*spec, options.source, sizes);
  if (!problems) return problems.takeError();
  llvm::Expected<DeviceChoice> device = ParseDevice(options.device);
  if (!device) return device.takeError();
  TuneReport report;
  report.sized = std::move(problems->front());
  llvm::Error error = device->kind == DeviceChoice::Kind::kEmulator
                          ? Rank(*spec, device->emulated, report)
                          : Measure(options, *spec, device->ordinal, report);
  if (error) return error;
  if (options.json) {
    PrintJson(report, llvm::outs());
  } else {
    PrintText(report, llvm::outs());
  }
  return llvm::Error::success();
}

}  // namespace

int RunTune(llvm::ArrayRef<std::string> args) {
  TuneOptions options;
  CLI::App app(
      "Measures the plans that a request could have on the GPU, each checked against the planner's "
      "own, and records the fastest in the cache: from then on processes use it for that kernel on "
      "that GPU, whatever the batch and the lengths. ATTNJIT_TUNED=0 switches that off.",
      "tune");
  app.add_option("SPEC", options.source, kSpecHelp)->required();
  app.add_option("--problem", options.problem, kProblemHelp);
  app.add_option("--device", options.device,
                 "auto, cuda, cuda:N; emulator or emulator:ARCH: rank by prediction only");
  app.add_option("--warmup", options.tuner.timing.warmup, "Launches before those that count (2)")
      ->check(CLI::Range(0, 1000));
  app.add_option("--iters", options.tuner.timing.iterations, "Launches that count in a round (10)")
      ->check(CLI::Range(1, 100000));
  app.add_option("--rounds", options.tuner.rounds, "Rounds in which candidates take turns (3)")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--no-record", options.no_record, "Show the table, record nothing");
  app.add_flag("--json", options.json, "Print one line of JSON");
  AddEngineOptions(app, options.engine);
  app.footer(Example("attnjit tune workload:llama3_8b --problem \"prefill 4x4096\""));
  if (const std::optional<int> exit_code = ParseArgs(app, args)) return *exit_code;
  if (llvm::Error error = Tune(options)) {
    return ReportError(std::move(error), SpecLabel(options.source));
  }
  return kExitDone;
}

}  // namespace attnjit
