#include "tools/attnjit/check_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

/// Findings that text shows in full; the rest is counted.
constexpr size_t kShownFindings = 10;

/// Line `number` (from 1) of a text, without its indentation; "" if it has no such line.
llvm::StringRef LineOf(const llvm::SmallVectorImpl<llvm::StringRef>& lines, uint32_t number) {
  return number >= 1 && number <= lines.size() ? lines[number - 1].trim() : "";
}

void PrintFindings(const CheckReport& report, llvm::raw_ostream& os) {
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(report.source).split(lines, '\n');
  const std::vector<emulator::Report>& reports = report.findings.reports;
  for (size_t i = 0; i < std::min(reports.size(), kShownFindings); ++i) {
    os << '\n' << emulator::ToText(reports[i]);
    for (const emulator::Actor* actor : {&reports[i].actor, &reports[i].other}) {
      const llvm::StringRef line = LineOf(lines, actor->place.cuda_line);
      if (!line.empty()) os << llvm::formatv("  cuda {0}: {1}\n", actor->place.cuda_line, line);
    }
  }
  const uint64_t more = reports.size() - std::min(reports.size(), kShownFindings);
  if (more + report.findings.dropped > 0) {
    os << llvm::formatv("\n... and {0} others\n", more + report.findings.dropped);
  }
}

void PrintEmulation(const CheckReport& report, llvm::raw_ostream& os) {
  os << "emulation   asynchronous operations " << report.policy << ", sanitizer ";
  if (!report.sanitized) {
    os << "off\n";
  } else if (report.findings.total == 0) {
    os << "found nothing\n";
  } else {
    os << llvm::formatv("found {0} places, {1} times\n",
                        report.findings.reports.size() + report.findings.dropped,
                        report.findings.total);
  }
  for (const emulator::Silence& silence : report.findings.silences) {
    os << llvm::formatv("silenced    {0}, {1} times: {2}\n", emulator::RuleName(silence.rule),
                        silence.used, silence.reason);
  }
}

void PrintFigures(const CheckReport& report, llvm::raw_ostream& os) {
  const Comparison& c = report.figures.comparison;
  if (report.figures.rounds == 0) return;  // It did not come to a result.
  os << llvm::formatv(
            "outputs     {0} compared with fp64, {1} draws of inputs, reference {2:f1} s\n",
            c.elements, report.figures.rounds, report.figures.reference_seconds)
     << llvm::formatv("max error   {0:e2}, {1:f3} of its bound {2:e2}\n", c.max_error,
                      c.error_ratio, c.bound)
     << llvm::formatv("cosine      1 - {0:e2} (at most 1 - {1:e2} apart)\n", 1 - c.cosine,
                      1 - c.min_cosine);
  if (c.has_lse) {
    os << llvm::formatv("LSE error   {0:e2}, {1:f3} of its bound\n", c.max_lse_error, c.lse_ratio);
  }
}

Json ActorJson(const emulator::Actor& actor) {
  Json json = {{"kind", actor.kind},
               {"cta", actor.cta},
               {"warp", actor.warp},
               {"lane", actor.lane},
               {"ptx_line", actor.place.ptx_line},
               {"instruction", actor.place.instruction}};
  if (actor.place.cuda_line != 0) json["cuda_line"] = actor.place.cuda_line;
  if (!actor.place.label.empty()) json["label"] = actor.place.label;
  return json;
}

Json FindingsJson(const emulator::Findings& findings) {
  Json list = Json::array(), silenced = Json::array();
  for (const emulator::Report& report : findings.reports) {
    Json json = {{"rule", emulator::RuleName(report.rule).str()},
                 {"message", report.message},
                 {"count", report.count},
                 {"actor", ActorJson(report.actor)}};
    if (report.space != emulator::MemorySpace::kNone) {
      json["space"] = emulator::SpaceName(report.space).str();
      json["address"] = report.address;
      json["bytes"] = report.size;
    }
    if (!report.other.kind.empty()) json["other"] = ActorJson(report.other);
    list.push_back(std::move(json));
  }
  for (const emulator::Silence& silence : findings.silences) {
    silenced.push_back({{"rule", emulator::RuleName(silence.rule).str()},
                        {"reason", silence.reason},
                        {"count", silence.used}});
  }
  return {{"total", findings.total},
          {"dropped", findings.dropped},
          {"reports", std::move(list)},
          {"silenced", std::move(silenced)}};
}

Json FiguresJson(const CheckReport& report) {
  const ForwardProblem& p = report.problem;
  const Comparison& c = report.figures.comparison;
  return {{"device", report.device},
          {"batch", p.batch},
          {"heads_q", p.heads_q},
          {"heads_kv", p.heads_kv},
          {"seqlen_q", p.seqlen_q},
          {"seqlen_kv", p.seqlen_kv},
          {"seed", report.seed},
          {"rounds", report.figures.rounds},
          {"elements", c.elements},
          {"max_error", c.max_error},
          {"error_over_bound", c.error_ratio},
          {"bound", c.bound},
          {"cosine", c.cosine},
          {"min_cosine", c.min_cosine},
          {"max_lse_error", c.has_lse ? Json(c.max_lse_error) : nullptr},
          {"lse_error_over_bound", c.has_lse ? Json(c.lse_ratio) : nullptr},
          {"reference_seconds", report.figures.reference_seconds},
          {"problem", report.figures.problem}};
}

}  // namespace

void PrintText(const CheckReport& report, llvm::raw_ostream& os) {
  os << "kernel      " << report.kernel << '\n';
  if (report.status == "skipped") {
    os << "execution   skipped: " << report.reason << '\n';
    return;
  }
  const ForwardProblem& p = report.problem;
  os << "device      " << report.device << '\n'
     << llvm::formatv("problem     batch {0}, heads {1}/{2}, {3} queries x {4} keys, seed {5}\n",
                      p.batch, p.heads_q, p.heads_kv, p.seqlen_q, p.seqlen_kv, report.seed);
  if (report.emulated) PrintEmulation(report, os);
  PrintFigures(report, os);
  os << "result      " << report.status;
  if (!report.figures.problem.empty()) os << ": " << report.figures.problem;
  os << '\n';
  PrintFindings(report, os);
}

void PrintJson(const CheckReport& report, llvm::raw_ostream& os) {
  Json json = {{"status", report.status}, {"kernel", report.kernel}};
  if (report.status == "skipped") {
    json["reason"] = report.reason;
  } else {
    json.update(FiguresJson(report));
  }
  if (report.emulated) {
    json["emulation"] = {{"async", report.policy},
                         {"sanitizer", report.sanitized ? FindingsJson(report.findings) : nullptr}};
  }
  os << json.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace attnjit
