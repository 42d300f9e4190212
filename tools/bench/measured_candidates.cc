#include "tools/bench/measured_candidates.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "generator/model/predict.h"
#include "generator/plan_choices.h"
#include "llvm/ADT/SmallVector.h"

namespace attnjit {
namespace {

/// Ranks from 1; equal values share the mean of theirs.
std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<double> ranks;
  for (const double value : values) {
    double below = 0, equal = 0;
    for (const double other : values) {
      below += other < value;
      equal += other == value;
    }
    ranks.push_back(below + (equal + 1) / 2);
  }
  return ranks;
}

double Correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

struct Shape {
  KernelSpec spec;
  ProblemShape problem;
};

/// "d128 16/16 causal 8x2048x2048", as attnjit_candidate_bench makes its requests.
llvm::Expected<Shape> ParseShape(const std::string& name) {
  int dim = 0, q = 0, kv = 0;
  long batch = 0, seqlen_q = 0, seqlen_kv = 0;
  char mask[8] = {};
  if (std::sscanf(name.c_str(), "d%d %d/%d %7[a-z] %ldx%ldx%ld", &dim, &q, &kv, mask, &batch,
                  &seqlen_q, &seqlen_kv) != 7) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(), "no problem: " + name);
  }
  std::string json = "{\"head_dim\":" + std::to_string(dim) +
                     ",\"dtype\":\"bf16\",\"heads\":{\"q\":" + std::to_string(q) +
                     ",\"kv\":" + std::to_string(kv) + "},\"align\":\"bottom_right\",\"mask\":\"" +
                     (llvm::StringRef(mask) == "causal" ? "causal" : "none") + "\"";
  if (seqlen_q <= 16) {
    json += ",\"hints\":{\"seqlen_q_at_most\":" + std::to_string(seqlen_q) + "}";
  }
  llvm::Expected<AttentionSpec> spec = ParseSpec(json + "}");
  if (!spec) return spec.takeError();
  return Shape{
      ResolveKernelSpec(*spec),
      {.batch = batch, .heads_q = q, .heads_kv = kv, .seqlen_q = seqlen_q, .seqlen_kv = seqlen_kv}};
}

/// "sm90 w2 x1 n128 s2 pp   134.8 us ..."; earlier versions printed no family.
bool ParseCandidate(llvm::StringRef line, const Shape& shape, const GpuInfo& gpu,
                    MeasuredCandidate& candidate) {
  const llvm::StringRef left = line.take_front(line.find(" us")).rtrim();
  auto [label, time] = left.rsplit(' ');
  if (time.getAsDouble(candidate.measured_us)) return false;
  candidate.choices =
      label.rtrim().startswith("sm90 ") ? label.rtrim().str() : ("sm90 " + label.rtrim()).str();
  llvm::Expected<KernelPlan> plan = PlanWithChoices(shape.spec, Arch::kSm90a, candidate.choices);
  if (!plan) {
    llvm::consumeError(plan.takeError());
    return false;
  }
  candidate.predicted_us = Predict(*plan, shape.problem, gpu).seconds * 1e6;
  return true;
}

}  // namespace

double MeasuredProblem::RankCorrelation() const {
  std::vector<double> predicted, measured;
  for (const MeasuredCandidate& c : candidates) {
    predicted.push_back(c.predicted_us);
    measured.push_back(c.measured_us);
  }
  return Correlation(Ranks(predicted), Ranks(measured));
}

double MeasuredProblem::LossOfFirst() const {
  const auto first = std::min_element(
      candidates.begin(), candidates.end(),
      [](const auto& a, const auto& b) { return a.predicted_us < b.predicted_us; });
  const auto best =
      std::min_element(candidates.begin(), candidates.end(),
                       [](const auto& a, const auto& b) { return a.measured_us < b.measured_us; });
  return first->measured_us / best->measured_us;
}

llvm::Expected<std::vector<MeasuredProblem>> ReadMeasured(llvm::StringRef text,
                                                          const GpuInfo& gpu) {
  std::vector<MeasuredProblem> problems;
  Shape shape;
  llvm::SmallVector<llvm::StringRef> lines;
  text.split(lines, '\n');
  for (llvm::StringRef line : lines) {
    if (line.consume_front("== ")) {
      llvm::Expected<Shape> parsed = ParseShape(line.str());
      if (!parsed) return parsed.takeError();
      shape = std::move(*parsed);
      problems.push_back({line.str(), {}});
      continue;
    }
    MeasuredCandidate candidate;
    if (problems.empty() || line.startswith("#") || !line.contains(" us")) continue;
    if (ParseCandidate(line, shape, gpu, candidate)) {
      problems.back().candidates.push_back(std::move(candidate));
    }
  }
  return problems;
}

}  // namespace attnjit
