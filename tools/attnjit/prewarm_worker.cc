#include "tools/attnjit/prewarm_worker.h"

#include <sys/resource.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "generator/error.h"
#include "tools/attnjit/cli.h"

namespace attnjit {
namespace {

using Json = nlohmann::ordered_json;

constexpr PrewarmOutcome kOutcomes[] = {PrewarmOutcome::kCompiled, PrewarmOutcome::kHit,
                                        PrewarmOutcome::kUnsupported, PrewarmOutcome::kFailed};

int64_t PeakRssKib() {
  struct rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

PrewarmResult Build(Engine& engine, const std::string& request) {
  PrewarmResult result;
  llvm::Expected<AttentionSpec> spec = ParseSpec(request);
  if (!spec) {
    result.message = llvm::toString(spec.takeError());
    return result;
  }
  llvm::Expected<BuildResult> built = engine.Build(*spec, *spec->arch);
  if (built) {
    result.outcome =
        built->origin == Origin::kCompiled ? PrewarmOutcome::kCompiled : PrewarmOutcome::kHit;
    result.seconds = built->seconds;
    result.message = built->warning;
    result.path = built->path;
    // A kernel that was built and not kept warms nothing.
    if (result.path.empty()) result.outcome = PrewarmOutcome::kFailed;
    return result;
  }
  llvm::Error error = built.takeError();
  if (error.isA<PlanError>()) result.outcome = PrewarmOutcome::kUnsupported;
  result.message = llvm::toString(std::move(error));
  return result;
}

}  // namespace

const char* PrewarmOutcomeName(PrewarmOutcome outcome) {
  switch (outcome) {
    case PrewarmOutcome::kCompiled:
      return "compiled";
    case PrewarmOutcome::kHit:
      return "hit";
    case PrewarmOutcome::kUnsupported:
      return "unsupported";
    case PrewarmOutcome::kFailed:
      return "failed";
  }
  return "";
}

std::string PrewarmResultLine(const PrewarmResult& result) {
  const Json json = {{"outcome", PrewarmOutcomeName(result.outcome)},
                     {"seconds", result.seconds},
                     {"message", result.message},
                     {"path", result.path},
                     {"peak_rss_kib", result.peak_rss_kib}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<PrewarmResult> ParsePrewarmResult(llvm::StringRef line) {
  const Json json = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("outcome") || !json.contains("message")) {
    return std::nullopt;
  }
  PrewarmResult result;
  result.seconds = json.value("seconds", 0.0);
  result.message = json.value("message", "");
  result.path = json.value("path", "");
  result.peak_rss_kib = json.value("peak_rss_kib", int64_t{0});
  for (PrewarmOutcome outcome : kOutcomes) {
    if (json["outcome"] == PrewarmOutcomeName(outcome)) {
      result.outcome = outcome;
      return result;
    }
  }
  return std::nullopt;
}

int RunPrewarmWorker(const EngineOptions& options) {
  llvm::Expected<std::unique_ptr<Engine>> engine = Engine::Create(options);
  if (!engine) return ReportError(engine.takeError());
  for (std::string line; std::getline(std::cin, line);) {
    PrewarmResult result = Build(**engine, line);
    result.peak_rss_kib = PeakRssKib();
    std::cout << PrewarmResultLine(result) << std::endl;
  }
  return kExitDone;
}

}  // namespace attnjit
