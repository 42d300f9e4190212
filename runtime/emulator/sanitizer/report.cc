#include "runtime/emulator/sanitizer/report.h"

#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "nlohmann/json.hpp"

namespace attnjit::emulator {
namespace {

using Json = nlohmann::ordered_json;

void PrintActor(llvm::raw_ostream& out, const Actor& actor) {
  if (!actor.kind.empty()) out << actor.kind << " ";
  if (actor.cta >= 0) out << "by CTA " << actor.cta;
  if (actor.warp >= 0) out << " warp " << actor.warp;
  if (actor.lane >= 0) out << " lane " << actor.lane;
  if (actor.place.ptx_line != 0) out << " at PTX line " << actor.place.ptx_line;
  if (actor.place.cuda_line != 0) out << ", CUDA line " << actor.place.cuda_line;
  if (!actor.place.instruction.empty()) out << ": " << actor.place.instruction;
  out << "\n";
}

Json ActorJson(const Actor& actor) {
  Json json = {
      {"kind", actor.kind}, {"cta", actor.cta}, {"warp", actor.warp}, {"lane", actor.lane}};
  if (actor.place.ptx_line != 0) json["ptx_line"] = actor.place.ptx_line;
  if (actor.place.cuda_line != 0) json["cuda_line"] = actor.place.cuda_line;
  if (!actor.place.label.empty()) json["label"] = actor.place.label;
  if (!actor.place.instruction.empty()) json["instruction"] = actor.place.instruction;
  return json;
}

Json ReportJson(const Report& report) {
  Json json = {{"rule", RuleName(report.rule).str()},
               {"message", report.message},
               {"kernel", report.kernel},
               {"count", report.count},
               {"actor", ActorJson(report.actor)}};
  if (report.space != MemorySpace::kNone) {
    json["space"] = SpaceName(report.space).str();
    json["address"] = report.address;
    json["size"] = report.size;
  }
  if (!report.other.kind.empty()) json["other"] = ActorJson(report.other);
  return json;
}

std::string PlaceText(const Silence& silence) {
  std::string text;
  const auto add = [&text](llvm::StringRef name, const std::string& value) {
    text += (text.empty() ? "" : ",") + name.str() + "=" + value;
  };
  if (!silence.kernel.empty()) add("kernel", silence.kernel);
  if (silence.ptx_line != 0) add("ptx", std::to_string(silence.ptx_line));
  if (silence.cuda_line != 0) add("cuda", std::to_string(silence.cuda_line));
  if (!silence.label.empty()) add("label", silence.label);
  return text;
}

bool Covers(const Silence& silence, const Actor& actor) {
  return (silence.ptx_line == 0 || silence.ptx_line == actor.place.ptx_line) &&
         (silence.cuda_line == 0 || silence.cuda_line == actor.place.cuda_line) &&
         (silence.label.empty() || silence.label == actor.place.label);
}

}  // namespace

llvm::StringRef SpaceName(MemorySpace space) {
  switch (space) {
    case MemorySpace::kShared:
      return "shared";
    case MemorySpace::kGlobal:
      return "global";
    case MemorySpace::kLocal:
      return "local";
    case MemorySpace::kTensor:
      return "tensor";
    case MemorySpace::kNone:
      break;
  }
  return "none";
}

std::string ToText(const Report& report) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << RuleName(report.rule) << ": " << report.message << "\n";
  if (report.actor.cta >= 0) PrintActor(out << "  ", report.actor);
  if (!report.other.kind.empty()) PrintActor(out << "  conflicts with ", report.other);
  if (report.space != MemorySpace::kNone) {
    out << "  " << SpaceName(report.space) << " memory, " << llvm::formatv("{0:x}", report.address)
        << ", " << report.size << " bytes\n";
  }
  if (!report.kernel.empty()) out << "  in " << report.kernel << "\n";
  if (report.count > 1) out << "  found " << report.count << " times\n";
  return text;
}

void ReportSink::AddSilences(std::vector<Silence> silences) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Silence& silence : silences) silences_.push_back(std::move(silence));
}

void ReportSink::SetKernel(std::string name, std::vector<SourcePlace> places) {
  const std::lock_guard<std::mutex> lock(mutex_);
  kernel_ = std::move(name);
  places_ = std::move(places);
}

const SourcePlace* ReportSink::PlaceOf(Pc pc) const {
  return pc < places_.size() ? &places_[pc] : nullptr;
}

Silence* ReportSink::FindSilence(const Report& report) {
  const auto covers = [&report](const Silence& silence) {
    return silence.rule == report.rule &&
           (silence.kernel.empty() || silence.kernel == report.kernel) &&
           (Covers(silence, report.actor) ||
            (!report.other.kind.empty() && Covers(silence, report.other)));
  };
  const auto found = std::find_if(silences_.begin(), silences_.end(), covers);
  return found == silences_.end() ? nullptr : &*found;
}

bool ReportSink::Add(Report report) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (report.kernel.empty()) report.kernel = kernel_;
  for (Actor* actor : {&report.actor, &report.other}) {
    const SourcePlace* place = PlaceOf(actor->pc);
    if (place != nullptr && actor->place.ptx_line == 0) actor->place = *place;
  }
  if (Silence* silence = FindSilence(report)) {
    silence->used += report.count;
    return false;
  }
  total_ += report.count;
  const Key key = {report.kernel, report.rule, report.actor.pc, report.other.pc};
  const auto found = reports_.find(key);
  if (found != reports_.end()) {
    found->second.count += report.count;
  } else if (reports_.size() < limit_) {
    reports_.emplace(key, std::move(report));
  } else {
    ++dropped_;
  }
  return true;
}

std::vector<Report> ReportSink::reports() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<Report> all;
  for (const auto& [key, report] : reports_) all.push_back(report);
  return all;
}

std::vector<Silence> ReportSink::silences() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return silences_;
}

uint64_t ReportSink::total() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return total_;
}

uint64_t ReportSink::dropped() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return dropped_;
}

void ReportSink::Clear() {
  const std::lock_guard<std::mutex> lock(mutex_);
  reports_.clear();
  total_ = 0;
  dropped_ = 0;
  for (Silence& silence : silences_) silence.used = 0;
}

std::string ReportSink::ToText() const {
  std::string text;
  for (const Report& report : reports()) text += emulator::ToText(report);
  if (const uint64_t more = dropped()) {
    text += llvm::formatv("{0} more findings at other places are not shown\n", more).str();
  }
  for (const Silence& silence : silences()) {
    text += llvm::formatv("silenced {0} times: {1} at {2}: {3}\n", silence.used,
                          RuleName(silence.rule), PlaceText(silence), silence.reason)
                .str();
  }
  return text;
}

std::string ReportSink::ToJson() const {
  Json all = Json::array();
  for (const Report& report : reports()) all.push_back(ReportJson(report));
  Json silenced = Json::array();
  for (const Silence& silence : silences()) {
    silenced.push_back({{"rule", RuleName(silence.rule).str()},
                        {"place", PlaceText(silence)},
                        {"reason", silence.reason},
                        {"used", silence.used}});
  }
  const Json json = {
      {"total", total()}, {"dropped", dropped()}, {"reports", all}, {"silenced", silenced}};
  // Texts from PTX may hold any bytes.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attnjit::emulator
