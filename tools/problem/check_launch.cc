#include "tools/problem/check_launch.h"

#include <algorithm>
#include <chrono>

#include "tools/problem/run_launch.h"

namespace attnjit {
namespace {

constexpr int64_t kMaxRounds = 64;

/// One draw of inputs: `found` gets what is wrong beside the numbers.
llvm::Expected<Comparison> CheckOnce(const DriverTable& driver, const Kernel& kernel,
                                     LaunchImage& image, int threads, std::string& found,
                                     double& reference_seconds) {
  llvm::Expected<DeviceStream> stream = DeviceStream::Create(driver);
  if (!stream) return stream.takeError();
  llvm::Expected<DeviceImage> device = DeviceImage::Create(driver, image, stream->get());
  if (!device) return device.takeError();
  auto run = [&] {
    return RunLaunch(driver, kernel, *device, image, stream->get(), LaunchMode::kStream);
  };
  if (llvm::Error error = run()) return error;
  std::vector<uint16_t> o = image.o.units(), lse = image.lse.units();
  if (llvm::Error error = run()) return error;
  found = FindStrayWrites(image);
  if (found.empty() && (o != image.o.units() || lse != image.lse.units())) {
    found = "a second run gives other bits";
  }
  auto start = std::chrono::steady_clock::now();
  Reference reference = ComputeReference(image.problem, image.Q(), image.K(), image.V(), threads);
  reference_seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return Compare(image.problem, reference, image.O(), image.Lse());
}

/// Adds one round to the figures of those before.
void Merge(const Comparison& round, Comparison& all) {
  double error = std::max(all.error_ratio * all.bound, round.error_ratio * round.bound);
  all.bound = std::max(all.bound, round.bound);
  all.error_ratio =
      all.bound > 0 ? error / all.bound : std::max(all.error_ratio, round.error_ratio);
  all.elements += round.elements;
  all.max_error = std::max(all.max_error, round.max_error);
  all.cosine = std::min(all.cosine, round.cosine);
  all.min_cosine = round.min_cosine;
  all.has_lse = round.has_lse;
  all.max_lse_error = std::max(all.max_lse_error, round.max_lse_error);
  all.lse_ratio = std::max(all.lse_ratio, round.lse_ratio);
  all.special_mismatches += round.special_mismatches;
  if (all.first_problem.empty()) all.first_problem = round.first_problem;
}

}  // namespace

llvm::Expected<CheckFigures> CheckLaunch(const DriverTable& driver, const Kernel& kernel,
                                         const ForwardProblem& problem, Layout layout,
                                         uint64_t seed, int threads) {
  int64_t outputs = problem.TotalQ() * problem.heads_q * problem.problem.head_dim_v;
  int64_t rounds = outputs == 0 ? 1 : (kMinClassElements + outputs - 1) / outputs;
  CheckFigures figures;
  for (int64_t round = 0; round < std::min(rounds, kMaxRounds); ++round) {
    LaunchImage image = MakeLaunchImage(problem, layout, {});
    FillInputs(image, seed + round, {}, {}, {}, {});
    std::string found;
    llvm::Expected<Comparison> comparison =
        CheckOnce(driver, kernel, image, threads, found, figures.reference_seconds);
    if (!comparison) return comparison.takeError();
    Merge(*comparison, figures.comparison);
    if (figures.problem.empty()) figures.problem = found;
    ++figures.rounds;
  }
  Comparison& all = figures.comparison;
  all.passed = all.special_mismatches == 0 && all.error_ratio <= 1 && all.lse_ratio <= 1 &&
               all.cosine >= all.min_cosine;
  if (figures.problem.empty() && !all.passed) figures.problem = all.first_problem;
  figures.passed = figures.problem.empty() && all.passed;
  return figures;
}

}  // namespace attnjit
