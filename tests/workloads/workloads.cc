#include "tests/workloads/workloads.h"

#include <nlohmann/json.hpp>

namespace attnjit {
namespace {

llvm::Error Invalid(const std::string& what) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), "workloads: %s", what.c_str());
}

llvm::Expected<Workload> ParseWorkload(const nlohmann::json& item, size_t index) {
  std::string where = "/workloads/" + std::to_string(index);
  if (!item.is_object() || !item.contains("name") || !item["name"].is_string()) {
    return Invalid(where + "/name must be a string");
  }
  if (!item.contains("spec") || !item["spec"].is_object()) {
    return Invalid(where + "/spec must be an object");
  }
  if (!item.contains("problems") || !item["problems"].is_array()) {
    return Invalid(where + "/problems must be an array");
  }
  Workload workload;
  workload.name = item["name"].get<std::string>();
  workload.spec = item["spec"].dump();
  if (item.contains("title") && item["title"].is_string()) {
    workload.title = item["title"].get<std::string>();
  }
  for (const nlohmann::json& problem : item["problems"]) {
    if (!problem.is_string()) return Invalid(where + "/problems must hold strings");
    workload.problems.push_back(problem.get<std::string>());
  }
  return workload;
}

}  // namespace

llvm::Expected<std::vector<Workload>> ParseWorkloads(llvm::StringRef json) {
  nlohmann::json document = nlohmann::json::parse(json.begin(), json.end(), nullptr,
                                                  /*allow_exceptions=*/false);
  if (document.is_discarded()) return Invalid("not JSON");
  if (!document.is_object() || !document.contains("workloads") ||
      !document["workloads"].is_array()) {
    return Invalid("/workloads must be an array");
  }
  std::vector<Workload> workloads;
  for (size_t i = 0; i < document["workloads"].size(); ++i) {
    llvm::Expected<Workload> workload = ParseWorkload(document["workloads"][i], i);
    if (!workload) return workload.takeError();
    workloads.push_back(std::move(*workload));
  }
  return workloads;
}

}  // namespace attnjit
