#include "tests/gpu/suite_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "llvm/Support/Format.h"

namespace attnjit {
namespace {

constexpr int kMaxFailuresShown = 60;

/// One row of the table.
struct Row {
  int cases = 0;
  int failed = 0;
  int skipped = 0;
  double error_ratio = 0;
  double lse_ratio = 0;
  double cosine = 1;

  void Add(const CaseOutcome& outcome) {
    ++cases;
    if (!outcome.result || outcome.result->status == CaseStatus::kSkipped) {
      ++skipped;
      return;
    }
    if (outcome.result->status == CaseStatus::kFailed) ++failed;
    error_ratio = std::max(error_ratio, outcome.result->comparison.error_ratio);
    lse_ratio = std::max(lse_ratio, outcome.result->comparison.lse_ratio);
    cosine = std::min(cosine, outcome.result->comparison.cosine);
  }
};

std::string ArchOf(const SuiteCase& suite_case) {
  llvm::Expected<AttentionSpec> spec = ParseSpec(suite_case.spec);
  if (!spec || !spec->arch) {
    llvm::consumeError(spec.takeError());
    return "";
  }
  return GetArchInfo(*spec->arch).name;
}

void PrintRow(const std::string& arch, const std::string& category, const Row& row,
              llvm::raw_ostream& os) {
  os << llvm::format("%-9s %-11s %6d %7d %8d %13.3f %11.3f %12.2e\n", arch.c_str(),
                     category.c_str(), row.cases, row.failed, row.skipped, row.error_ratio,
                     row.lse_ratio, 1 - row.cosine);
}

void PrintTable(llvm::ArrayRef<CaseOutcome> outcomes, llvm::raw_ostream& os) {
  std::map<std::pair<std::string, std::string>, Row> rows;
  std::map<std::string, Row> totals;
  for (const CaseOutcome& outcome : outcomes) {
    std::string arch = ArchOf(*outcome.suite_case);
    rows[{arch, outcome.suite_case->category}].Add(outcome);
    totals[arch].Add(outcome);
  }
  os << "arch      category     cases  failed  skipped  worst err/bnd  worst lse  1 - cosine\n";
  for (const auto& [key, row] : rows) PrintRow(key.first, key.second, row, os);
  for (const auto& [arch, row] : totals) PrintRow(arch, "all", row, os);
}

void PrintFailures(llvm::ArrayRef<CaseOutcome> outcomes, llvm::StringRef program,
                   llvm::raw_ostream& os) {
  int shown = 0;
  for (const CaseOutcome& outcome : outcomes) {
    if (!outcome.result || outcome.result->status != CaseStatus::kFailed) continue;
    if (shown++ == kMaxFailuresShown) {
      os << "... further failures are in the JSON report\n";
      break;
    }
    os << "FAILED " << outcome.suite_case->id << ": " << outcome.result->detail << "\n  " << program
       << " --in-process --filter '=" << outcome.suite_case->id << "'\n";
  }
}

void PrintSkipReasons(llvm::ArrayRef<CaseOutcome> outcomes, llvm::raw_ostream& os) {
  std::map<std::string, int> reasons;
  for (const CaseOutcome& outcome : outcomes) {
    if (!outcome.result) {
      ++reasons["not run"];
    } else if (outcome.result->status == CaseStatus::kSkipped) {
      ++reasons[outcome.result->detail];
    }
  }
  for (const auto& [reason, count] : reasons) os << "skipped " << count << ": " << reason << "\n";
}

/// JSON has no NaN or infinity.
nlohmann::ordered_json Finite(double value) {
  if (std::isfinite(value)) return value;
  return std::to_string(value);
}

nlohmann::ordered_json ToJson(const CaseResult& result) {
  const Comparison& c = result.comparison;
  return {{"status", CaseStatusName(result.status)},
          {"detail", result.detail},
          {"device_lost", result.device_lost},
          {"seconds", result.seconds},
          {"elements", c.elements},
          {"max_error", Finite(c.max_error)},
          {"bound", Finite(c.bound)},
          {"error_ratio", Finite(c.error_ratio)},
          {"cosine", Finite(c.cosine)},
          {"max_lse_error", Finite(c.max_lse_error)},
          {"lse_ratio", Finite(c.lse_ratio)},
          {"special_mismatches", c.special_mismatches}};
}

double Number(const nlohmann::json& json, const char* key) {
  const nlohmann::json& value = json.at(key);
  return value.is_string() ? std::stod(value.get<std::string>()) : value.get<double>();
}

CaseResult FromJson(const nlohmann::json& json) {
  CaseResult result;
  std::string status = json.at("status").get<std::string>();
  for (CaseStatus each : {CaseStatus::kPassed, CaseStatus::kFailed, CaseStatus::kSkipped}) {
    if (status == CaseStatusName(each)) result.status = each;
  }
  result.detail = json.at("detail").get<std::string>();
  result.device_lost = json.at("device_lost").get<bool>();
  result.seconds = json.at("seconds").get<double>();
  result.comparison.passed = result.status == CaseStatus::kPassed;
  result.comparison.elements = json.at("elements").get<int64_t>();
  result.comparison.max_error = Number(json, "max_error");
  result.comparison.bound = Number(json, "bound");
  result.comparison.error_ratio = Number(json, "error_ratio");
  result.comparison.cosine = Number(json, "cosine");
  result.comparison.max_lse_error = Number(json, "max_lse_error");
  result.comparison.lse_ratio = Number(json, "lse_ratio");
  result.comparison.special_mismatches = json.at("special_mismatches").get<int64_t>();
  return result;
}

}  // namespace

SuiteTotals CountOutcomes(llvm::ArrayRef<CaseOutcome> outcomes) {
  SuiteTotals totals;
  for (const CaseOutcome& outcome : outcomes) {
    if (!outcome.result || outcome.result->status == CaseStatus::kSkipped) {
      ++totals.skipped;
    } else if (outcome.result->status == CaseStatus::kFailed) {
      ++totals.failed;
    } else {
      ++totals.passed;
    }
  }
  return totals;
}

void PrintReport(llvm::ArrayRef<CaseOutcome> outcomes, llvm::StringRef program,
                 llvm::raw_ostream& os) {
  PrintFailures(outcomes, program, os);
  PrintTable(outcomes, os);
  PrintSkipReasons(outcomes, os);
  SuiteTotals totals = CountOutcomes(outcomes);
  os << totals.passed << " passed, " << totals.failed << " failed, " << totals.skipped
     << " skipped\n";
}

std::string ReportJson(llvm::ArrayRef<CaseOutcome> outcomes, llvm::StringRef facts) {
  SuiteTotals totals = CountOutcomes(outcomes);
  nlohmann::ordered_json json = {
      {"facts", nlohmann::ordered_json::parse(facts.begin(), facts.end(), nullptr, false)},
      {"passed", totals.passed},
      {"failed", totals.failed},
      {"skipped", totals.skipped},
      {"cases", nlohmann::ordered_json::array()}};
  for (const CaseOutcome& outcome : outcomes) {
    nlohmann::ordered_json item = {{"id", outcome.suite_case->id}};
    if (outcome.result) item.update(ToJson(*outcome.result));
    json["cases"].push_back(std::move(item));
  }
  return json.dump();
}

std::string ResultJson(const CaseResult& result) {
  return ToJson(result).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

llvm::Expected<CaseResult> ParseResult(llvm::StringRef text) {
  try {
    return FromJson(nlohmann::json::parse(text.begin(), text.end()));
  } catch (const std::exception& error) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "no result: %s", error.what());
  }
}

}  // namespace attnjit
