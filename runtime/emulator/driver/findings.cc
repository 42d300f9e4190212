#include "runtime/emulator/driver/findings.h"

#include <utility>

namespace attnjit::emulator {

void FindingsBox::Add(const ReportSink& sink, const Counters& counters) {
  std::lock_guard<std::mutex> lock(mutex_);
  counters_.Merge(counters);
  for (Report& report : sink.reports()) {
    const Key key = {report.kernel, report.rule, report.actor.pc, report.other.pc};
    const uint64_t count = report.count;
    const auto [found, added] = reports_.try_emplace(key, std::move(report));
    if (!added) found->second.count += count;
  }
  total_ += sink.total();
  dropped_ += sink.dropped();
  // The sink was given these very silences, in this order.
  const std::vector<Silence> used = sink.silences();
  for (size_t i = 0; i < silences_.size(); ++i) silences_[i].used += used[i].used;
}

Findings FindingsBox::TakeFindings() {
  std::lock_guard<std::mutex> lock(mutex_);
  Findings taken;
  for (auto& [key, report] : reports_) taken.reports.push_back(std::move(report));
  reports_.clear();
  taken.total = std::exchange(total_, 0);
  taken.dropped = std::exchange(dropped_, 0);
  taken.silences = silences_;
  for (Silence& silence : silences_) silence.used = 0;
  return taken;
}

Counters FindingsBox::TakeCounters() {
  std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(counters_, Counters());
}

}  // namespace attnjit::emulator
