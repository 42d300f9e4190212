#include "tests/gpu/case_runner.h"

#include <chrono>
#include <cstring>
#include <thread>

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FormatVariadic.h"
#include "tools/problem/run_launch.h"

namespace attnjit {
namespace {

/// Calls DeviceWaits around a scope.
class WaitScope {
 public:
  explicit WaitScope(const DeviceWaits& waits) : waits_(waits) {
    if (waits_.begin) waits_.begin();
  }
  ~WaitScope() {
    if (waits_.end) waits_.end();
  }

 private:
  const DeviceWaits& waits_;
};

/// o and lse as they came from the device, guards included.
struct Outputs {
  std::vector<uint16_t> o, lse;
  bool operator==(const Outputs&) const = default;
};

Outputs OutputsOf(const LaunchImage& image) { return {image.o.units(), image.lse.units()}; }

void Fail(CaseResult& result, std::string detail) {
  if (result.status == CaseStatus::kFailed) return;
  result.status = CaseStatus::kFailed;
  result.detail = std::move(detail);
}

/// Sequence b of `together` against the only sequence of `alone`, bit for bit; "" if equal.
std::string CompareBits(LaunchImage& together, int64_t b, LaunchImage& alone) {
  const ForwardProblem& problem = together.problem;
  size_t bytes = problem.problem.head_dim_v * sizeof(uint16_t);
  for (int64_t i = 0; i < problem.SeqlenQ(b); ++i) {
    for (int64_t h = 0; h < problem.heads_q; ++h) {
      bool equal = std::memcmp(together.RowO(b, i, h), alone.RowO(0, i, h), bytes) == 0;
      if (equal && problem.problem.lse) {
        equal = std::memcmp(together.RowLse(b, i, h), alone.RowLse(0, i, h), sizeof(float)) == 0;
      }
      if (!equal) {
        return llvm::formatv("sequence {0} alone gives other bits at i={1}, h={2}", b, i, h);
      }
    }
  }
  return "";
}

/// Errors after which nothing more runs in this process (CUDA Driver API, CUresult).
bool IsSticky(const DriverError& error) {
  constexpr llvm::StringRef kSticky[] = {
      "CUDA_ERROR_ILLEGAL_ADDRESS",
      "CUDA_ERROR_ILLEGAL_INSTRUCTION",
      "CUDA_ERROR_MISALIGNED_ADDRESS",
      "CUDA_ERROR_INVALID_ADDRESS_SPACE",
      "CUDA_ERROR_INVALID_PC",
      "CUDA_ERROR_LAUNCH_FAILED",
      "CUDA_ERROR_LAUNCH_TIMEOUT",
      "CUDA_ERROR_HARDWARE_STACK_ERROR",
      "CUDA_ERROR_ASSERT",
      "CUDA_ERROR_ECC_UNCORRECTABLE",
      "CUDA_ERROR_UNKNOWN",
  };
  return llvm::is_contained(kSticky, error.code());
}

/// Needs more memory than the device has: not the kernel's fault.
bool IsOutOfMemory(const DriverError& error) { return error.code() == "CUDA_ERROR_OUT_OF_MEMORY"; }

void TakeError(llvm::Error error, CaseResult& result) {
  llvm::handleAllErrors(
      std::move(error),
      [&](const DriverError& driver_error) {
        result.device_lost |= IsSticky(driver_error);
        if (!IsOutOfMemory(driver_error)) return Fail(result, driver_error.message());
        result.status = CaseStatus::kSkipped;
        result.detail = driver_error.message();
      },
      [&](const llvm::ErrorInfoBase& other) { Fail(result, other.message()); });
}

}  // namespace

const char* CaseStatusName(CaseStatus status) {
  switch (status) {
    case CaseStatus::kPassed:
      return "passed";
    case CaseStatus::kFailed:
      return "failed";
    case CaseStatus::kSkipped:
      break;
  }
  return "skipped";
}

CaseResult CaseRunner::Run(const SuiteCase& suite_case, const DeviceWaits& waits) const {
  auto start = std::chrono::steady_clock::now();
  CaseResult result;
  result.status = CaseStatus::kPassed;
  if (llvm::Error error = RunCase(suite_case, waits, result)) TakeError(std::move(error), result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

llvm::Error CaseRunner::RunCase(const SuiteCase& suite_case, const DeviceWaits& waits,
                                CaseResult& result) const {
  llvm::Expected<AttentionSpec> spec = ParseSpec(suite_case.spec);
  if (!spec) return spec.takeError();
  LaunchImage image = MakeCaseImage(suite_case, *spec, {});
  llvm::Expected<std::shared_ptr<const Kernel>> kernel = prepare_(*spec);
  if (!kernel) return kernel.takeError();
  llvm::Expected<DeviceStream> stream = DeviceStream::Create(driver_);
  if (!stream) return stream.takeError();
  if (llvm::Error error = RunTwice(**kernel, image, stream->get(), waits, result)) return error;

  Reference reference = ComputeReference(image.problem, image.Q(), image.K(), image.V(), 1);
  result.comparison = Compare(image.problem, reference, image.O(), image.Lse());
  if (!result.comparison.passed) Fail(result, result.comparison.first_problem);

  WaitScope wait(waits);
  switch (suite_case.extra) {
    case ExtraCheck::kNone:
      return llvm::Error::success();
    case ExtraCheck::kAlone:
      return CheckAlone(suite_case, *spec, **kernel, image, stream->get(), result);
    case ExtraCheck::kGraph:
      return CheckGraph(**kernel, image, stream->get(), result);
    case ExtraCheck::kThreads:
      return CheckThreads(**kernel, image, result);
  }
  return llvm::Error::success();
}

llvm::Error CaseRunner::RunTwice(const Kernel& kernel, LaunchImage& image, cu::Stream stream,
                                 const DeviceWaits& waits, CaseResult& result) const {
  WaitScope wait(waits);
  llvm::Expected<DeviceImage> device = DeviceImage::Create(driver_, image, stream);
  if (!device) return device.takeError();
  if (llvm::Error error = RunLaunch(driver_, kernel, *device, image, stream, LaunchMode::kStream)) {
    return error;
  }
  Outputs first = OutputsOf(image);
  if (llvm::Error error = RunLaunch(driver_, kernel, *device, image, stream, LaunchMode::kStream)) {
    return error;
  }
  std::string stray = FindStrayWrites(image);
  if (!stray.empty()) Fail(result, stray);
  if (OutputsOf(image) != first) Fail(result, "a second run gives other bits");
  return llvm::Error::success();
}

llvm::Error CaseRunner::CheckAlone(const SuiteCase& suite_case, const AttentionSpec& spec,
                                   const Kernel& kernel, LaunchImage& together, cu::Stream stream,
                                   CaseResult& result) const {
  for (int64_t b = 0; b < together.problem.batch; ++b) {
    LaunchImage alone = MakeCaseImage(suite_case, spec, {b});
    llvm::Expected<DeviceImage> device = DeviceImage::Create(driver_, alone, stream);
    if (!device) return device.takeError();
    if (llvm::Error error =
            RunLaunch(driver_, kernel, *device, alone, stream, LaunchMode::kStream)) {
      return error;
    }
    std::string difference = CompareBits(together, b, alone);
    if (!difference.empty()) Fail(result, difference);
  }
  return llvm::Error::success();
}

llvm::Error CaseRunner::CheckGraph(const Kernel& kernel, LaunchImage& image, cu::Stream stream,
                                   CaseResult& result) const {
  Outputs direct = OutputsOf(image);
  llvm::Expected<DeviceImage> device = DeviceImage::Create(driver_, image, stream);
  if (!device) return device.takeError();
  for (int run = 0; run < 2; ++run) {
    if (llvm::Error error =
            RunLaunch(driver_, kernel, *device, image, stream, LaunchMode::kGraph)) {
      return error;
    }
    if (OutputsOf(image) != direct) Fail(result, "the captured graph gives other bits");
  }
  return llvm::Error::success();
}

llvm::Error CaseRunner::CheckThreads(const Kernel& kernel, LaunchImage& image,
                                     CaseResult& result) const {
  constexpr int kThreads = 4;
  constexpr int kLaunches = 5;
  Outputs direct = OutputsOf(image);
  cu::Context context = nullptr;
  if (llvm::Error error =
          CheckDriver(driver_, "cuCtxGetCurrent", driver_.ctx_get_current(&context))) {
    return error;
  }
  std::vector<std::string> problems(kThreads);
  auto launch = [&](std::string& problem) -> llvm::Error {
    ScopedContext current(driver_, context);
    if (llvm::Error error = current.TakeError()) return error;
    LaunchImage mine = image;
    llvm::Expected<DeviceStream> stream = DeviceStream::Create(driver_);
    if (!stream) return stream.takeError();
    llvm::Expected<DeviceImage> device = DeviceImage::Create(driver_, mine, stream->get());
    if (!device) return device.takeError();
    for (int n = 0; n < kLaunches; ++n) {
      if (llvm::Error error =
              RunLaunch(driver_, kernel, *device, mine, stream->get(), LaunchMode::kStream)) {
        return error;
      }
      if (OutputsOf(mine) != direct) problem = "launches from several threads give other bits";
    }
    return llvm::Error::success();
  };
  std::vector<std::thread> threads;
  for (std::string& problem : problems) {
    threads.emplace_back([&launch, &problem] {
      if (llvm::Error error = launch(problem)) problem = llvm::toString(std::move(error));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (std::string& problem : problems) {
    if (!problem.empty()) Fail(result, problem);
  }
  return llvm::Error::success();
}

}  // namespace attnjit
