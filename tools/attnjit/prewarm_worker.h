// One kernel built in a process of its own, and what came of it.
#ifndef ATTNJIT_TOOLS_ATTNJIT_PREWARM_WORKER_H_
#define ATTNJIT_TOOLS_ATTNJIT_PREWARM_WORKER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "llvm/ADT/StringRef.h"
#include "runtime/engine.h"

namespace attnjit {

enum class PrewarmOutcome { kCompiled, kHit, kUnsupported, kFailed };
const char* PrewarmOutcomeName(PrewarmOutcome outcome);

struct PrewarmResult {
  PrewarmOutcome outcome = PrewarmOutcome::kFailed;
  double seconds = 0;
  std::string message;  ///< Why not; or a warning, where the kernel was built.
  std::string path;
  int64_t peak_rss_kib = 0;  ///< Of the process so far.
};

std::string PrewarmResultLine(const PrewarmResult& result);
/// nullopt: not such a line.
std::optional<PrewarmResult> ParsePrewarmResult(llvm::StringRef line);

/// Reads requests that name their arch, one on a line, from standard input, builds each, and writes
/// a PrewarmResult for each to standard output; until the input ends. Returns the exit code.
int RunPrewarmWorker(const EngineOptions& options);

}  // namespace attnjit

#endif  // ATTNJIT_TOOLS_ATTNJIT_PREWARM_WORKER_H_
