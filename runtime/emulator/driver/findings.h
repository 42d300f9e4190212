// Reports and counters of many launches, put together.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_FINDINGS_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_FINDINGS_H_

#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/emulator/driver/emulator.h"

namespace attnjit::emulator {

/// Thread safe. Launches of several threads run at once, each with a sink of its own.
class FindingsBox {
 public:
  explicit FindingsBox(std::vector<Silence> silences) : silences_(std::move(silences)) {}

  void Add(const ReportSink& sink, const Counters& counters);
  Findings TakeFindings();
  Counters TakeCounters();

 private:
  using Key = std::tuple<std::string, Rule, Pc, Pc>;
  std::mutex mutex_;
  std::map<Key, Report> reports_;
  uint64_t total_ = 0;
  uint64_t dropped_ = 0;
  std::vector<Silence> silences_;
  Counters counters_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_FINDINGS_H_
