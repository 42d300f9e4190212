#include "tools/attnjit/sized_problem.h"

#include "tests/workloads/problem_size.h"
#include "tools/attnjit/bundled_workloads.h"
#include "tools/attnjit/cli.h"
#include "tools/problem/launch_image.h"

namespace attnjit {
namespace {

constexpr llvm::StringRef kWorkloadPrefix = "workload:";

ForwardProblem MakeSizedProblem(const AttentionSpec& spec, const ProblemSize& size) {
  if (spec.layout != Layout::kThd) {
    return MakeProblem(spec, size.batch, spec.heads_kv, size.seqlen_q, size.seqlen_kv);
  }
  return MakePackedProblem(spec, spec.heads_kv,
                           std::vector<int32_t>(size.batch, static_cast<int32_t>(size.seqlen_q)),
                           std::vector<int32_t>(size.batch, static_cast<int32_t>(size.seqlen_kv)));
}

const char* DefaultSize(const AttentionSpec& spec) {
  return spec.seqlen_q_at_most != 0 ? "decode 32x8192" : "prefill 4x4096";
}

}  // namespace

ProblemShape SizedProblem::shape() const {
  return {.batch = problem.batch,
          .heads_q = problem.heads_q,
          .heads_kv = problem.heads_kv,
          .seqlen_q = problem.SeqlenQ(0),
          .seqlen_kv = problem.SeqlenKv(0),
          .window_left = problem.window_left,
          .window_right = problem.window_right};
}

llvm::Expected<std::vector<SizedProblem>> SizedProblems(const AttentionSpec& spec,
                                                        llvm::StringRef source,
                                                        const std::vector<std::string>& sizes) {
  std::vector<std::string> texts = sizes;
  llvm::StringRef name = source;
  if (texts.empty() && name.consume_front(kWorkloadPrefix)) {
    llvm::Expected<Workload> workload = FindWorkload(name);
    if (!workload) return workload.takeError();
    texts = workload->problems;
  }
  if (texts.empty()) texts.push_back(DefaultSize(spec));
  std::vector<SizedProblem> problems;
  for (const std::string& text : texts) {
    llvm::Expected<ProblemSize> size = ParseProblemSize(text);
    if (!size) return llvm::make_error<UsageError>(llvm::toString(size.takeError()));
    problems.push_back({text, MakeSizedProblem(spec, *size)});
  }
  return problems;
}

}  // namespace attnjit
