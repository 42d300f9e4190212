// The resource model against measured candidates, as Markdown.
//
//   attnjit_model_compare GPU FILE..
//
// GPU: part of a name in generator/model/gpu.cc, e.g. H200. FILE: attnjit_candidate_bench's output.
#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "tools/bench/measured_candidates.h"

namespace attnjit {
namespace {

void Print(const MeasuredProblem& problem, llvm::raw_ostream& os) {
  double lowest = 1e9, highest = 0;
  for (const MeasuredCandidate& c : problem.candidates) {
    lowest = std::min(lowest, c.predicted_us / c.measured_us);
    highest = std::max(highest, c.predicted_us / c.measured_us);
  }
  os << llvm::formatv("| {0} | {1} | {2:f2} | {3:f2} to {4:f2} | {5:f3} |\n", problem.name,
                      problem.candidates.size(), problem.RankCorrelation(), lowest, highest,
                      problem.LossOfFirst());
}

llvm::Error Compare(const GpuInfo& gpu, llvm::StringRef file, llvm::raw_ostream& os) {
  auto buffer = llvm::MemoryBuffer::getFile(file);
  if (!buffer) return llvm::createStringError(buffer.getError(), "cannot read " + file);
  auto problems = ReadMeasured((*buffer)->getBuffer(), gpu);
  if (!problems) return problems.takeError();
  os << "| problem | plans | rank correlation | predicted / measured | time of the model's first / "
        "the fastest |\n|---|---|---|---|---|\n";
  double correlation = 0, loss = 0;
  int count = 0;
  for (const MeasuredProblem& problem : *problems) {
    if (problem.candidates.size() < 2) continue;
    Print(problem, os);
    correlation += problem.RankCorrelation();
    loss += problem.LossOfFirst();
    ++count;
  }
  os << llvm::formatv("| mean of {0} | | {1:f2} | | {2:f3} |\n", count, correlation / count,
                      loss / count);
  return llvm::Error::success();
}

}  // namespace
}  // namespace attnjit

int main(int argc, char** argv) {
  const attnjit::GpuInfo* gpu = argc > 2 ? attnjit::FindGpu(argv[1]) : nullptr;
  if (gpu == nullptr) {
    llvm::errs() << "usage: attnjit_model_compare GPU FILE..\n";
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    if (llvm::Error error = attnjit::Compare(*gpu, argv[i], llvm::outs())) {
      llvm::errs() << llvm::toString(std::move(error)) << '\n';
      return 1;
    }
  }
  return 0;
}
