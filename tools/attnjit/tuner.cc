#include "tools/attnjit/tuner.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "generator/plan_choices.h"
#include "llvm/Support/FormatVariadic.h"
#include "tests/reference/half.h"
#include "tools/problem/run_launch.h"
#include "tools/problem/trial_kernel.h"

namespace attnjit {
namespace {

constexpr double kNoise = 0.01;
/// Rounding steps of o's type, at its largest value, that two plans may differ by: their blocks end
/// elsewhere, so that p and sums are rounded at other places.
constexpr double kSteps = 4;

/// One rounding step of numbers around 1.
double StepOf(Element element) { return element == Element::kBf16 ? 0x1p-8 : 0x1p-11; }

/// Measures candidates on one problem's tensors.
class Tuner {
 public:
  Tuner(const OpenedGpu& gpu, const AttentionSpec& spec, const ForwardProblem& problem)
      : gpu_(gpu), image_(MakeLaunchImage(problem, spec.layout, {})) {
    FillInputs(image_, 1, {}, {}, {}, {});
  }

  llvm::Error Open() {
    llvm::Expected<DeviceStream> stream = DeviceStream::Create(*gpu_.driver);
    if (!stream) return stream.takeError();
    stream_.emplace(std::move(*stream));
    llvm::Expected<DeviceImage> device = DeviceImage::Create(*gpu_.driver, image_, stream_->get());
    if (!device) return device.takeError();
    device_.emplace(std::move(*device));
    llvm::Expected<L2Flush> flush = L2Flush::Create(*gpu_.driver, 0);
    if (!flush) return flush.takeError();
    flush_.emplace(std::move(*flush));
    return llvm::Error::success();
  }

  /// Runs the kernel once and compares o with that of the first kernel. False: it differs.
  llvm::Expected<bool> Agrees(const Kernel& kernel, TuneRow& row) {
    if (llvm::Error error = RunLaunch(*gpu_.driver, kernel, *device_, image_, stream_->get(),
                                      LaunchMode::kStream)) {
      return error;
    }
    const std::vector<uint16_t> o = image_.o.units();
    if (truth_.empty()) truth_ = o;
    const Element element = image_.problem.problem.element_o;
    double largest = 0;
    for (size_t i = 0; i < o.size(); ++i) {
      const double expected = std::fabs(ToFloat(element, truth_[i]));
      if (std::isfinite(expected)) largest = std::max(largest, expected);
      if (o[i] == truth_[i]) continue;  // Poison between rows too.
      const double difference = std::fabs(ToFloat(element, o[i]) - ToFloat(element, truth_[i]));
      if (!std::isfinite(difference)) {
        row.difference = difference;
        return false;
      }
      row.difference = std::max(row.difference, difference);
    }
    return row.difference <= kSteps * StepOf(element) * largest;
  }

  llvm::Error Time(const Kernel& kernel, const TimingOptions& timing, std::vector<double>& times) {
    if (llvm::Error error = device_->PrepareWorkspace(kernel, stream_->get())) return error;
    llvm::Expected<std::vector<double>> some =
        TimeLaunches(*gpu_.driver, kernel, device_->args(), *flush_, stream_->get(), timing);
    if (!some) return some.takeError();
    times.insert(times.end(), some->begin(), some->end());
    return llvm::Error::success();
  }

 private:
  const OpenedGpu& gpu_;
  LaunchImage image_;
  std::optional<DeviceStream> stream_;
  std::optional<DeviceImage> device_;
  std::optional<L2Flush> flush_;
  std::vector<uint16_t> truth_;
};

using Kernels = std::vector<std::unique_ptr<TrialKernel>>;

/// Null where a row has a problem.
llvm::Expected<Kernels> LoadRows(const OpenedGpu& gpu, const Compiler& compiler,
                                 const AttentionSpec& spec, std::vector<TuneRow>& rows) {
  std::vector<const KernelPlan*> plans;
  for (const TuneRow& row : rows) plans.push_back(&row.plan);
  const std::vector<CompiledPlan> compiled = CompilePlans(compiler, plans);
  Kernels kernels(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    TuneRow& row = rows[i];
    if (compiled[i].output == nullptr) {
      row.problem = llvm::StringRef(compiled[i].problem).split('\n').first.str();
      continue;
    }
    auto kernel = TrialKernel::Load(gpu, row.plan, LaunchDefaultsOf(spec), *compiled[i].output);
    if (!kernel) return kernel.takeError();
    row.registers = (*kernel)->figures().registers;
    row.spill_bytes =
        (*kernel)->figures().spill_store_bytes + (*kernel)->figures().spill_load_bytes;
    row.resident = (*kernel)->resident();
    kernels[i] = std::move(*kernel);
  }
  if (rows[0].problem.empty()) return kernels;
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "the planner's own choice does not compile: " + rows[0].problem);
}

}  // namespace

std::vector<TuneRow> TuneRows(const AttentionSpec& spec, const KernelPlan& own,
                              const ProblemShape& shape, const GpuInfo* gpu) {
  std::vector<TuneRow> rows;
  if (own.family == Family::kSm90) {
    for (Candidate& candidate : Sm90Candidates(ResolveKernelSpec(spec), own.arch)) {
      rows.emplace_back();
      rows.back().choices = std::move(candidate.label);
      rows.back().plan = std::move(candidate.plan);
    }
  } else {
    rows.emplace_back();
    rows.back().choices = FamilyName(own.family);
    rows.back().plan = own;
  }
  if (gpu == nullptr) return rows;
  for (TuneRow& row : rows) row.predicted_ms = Predict(row.plan, shape, *gpu).seconds * 1e3;
  return rows;
}

llvm::Error MeasureRows(const OpenedGpu& gpu, const Compiler& compiler, const AttentionSpec& spec,
                        const SizedProblem& sized, const TunerOptions& options,
                        std::vector<TuneRow>& rows) {
  llvm::Expected<Kernels> kernels = LoadRows(gpu, compiler, spec, rows);
  if (!kernels) return kernels.takeError();
  Tuner tuner(gpu, spec, sized.problem);
  if (llvm::Error error = tuner.Open()) return error;
  for (size_t i = 0; i < rows.size(); ++i) {
    if ((*kernels)[i] == nullptr) continue;
    llvm::Expected<bool> agrees = tuner.Agrees(*(*kernels)[i], rows[i]);
    if (!agrees) return agrees.takeError();
    if (*agrees) continue;
    rows[i].problem = llvm::formatv("o is off by {0:f4}", rows[i].difference);
    (*kernels)[i] = nullptr;
  }
  std::vector<std::vector<double>> times(rows.size());
  for (int round = 0; round < options.rounds; ++round) {
    for (size_t i = 0; i < rows.size(); ++i) {
      if ((*kernels)[i] == nullptr) continue;
      if (llvm::Error error = tuner.Time(*(*kernels)[i], options.timing, times[i])) return error;
    }
  }
  for (size_t i = 0; i < rows.size(); ++i) rows[i].measured_ms = Median(times[i]);
  return llvm::Error::success();
}

size_t WinnerOf(const std::vector<TuneRow>& rows) {
  size_t best = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].measured_ms > 0 && rows[i].measured_ms < rows[best].measured_ms) best = i;
  }
  return rows[best].measured_ms < (1 - kNoise) * rows[0].measured_ms ? best : 0;
}

}  // namespace attnjit
