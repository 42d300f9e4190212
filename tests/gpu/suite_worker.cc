#include "tests/gpu/suite_worker.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/reference/parallel.h"

namespace attnjit {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Since when each thread waits for the device, and for which case.
class Watchdog {
 public:
  Watchdog(int threads, double timeout, std::function<void(size_t)> hung)
      : waits_(threads), timeout_(timeout), hung_(std::move(hung)) {
    if (timeout_ > 0) thread_ = std::thread([this] { Watch(); });
  }
  ~Watchdog() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      done_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  void Begin(int thread, size_t index) {
    std::lock_guard<std::mutex> lock(mutex_);
    waits_[thread] = Wait{index, Clock::now()};
  }
  void End(int thread) {
    std::lock_guard<std::mutex> lock(mutex_);
    waits_[thread].reset();
  }

 private:
  struct Wait {
    size_t index;
    Clock::time_point since;
  };

  void Watch() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::milliseconds(200), [this] { return done_; })) {
      for (const std::optional<Wait>& wait : waits_) {
        if (wait && SecondsSince(wait->since) > timeout_) return hung_(wait->index);
      }
    }
  }

  std::vector<std::optional<Wait>> waits_;
  double timeout_;
  std::function<void(size_t)> hung_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace

void RunCases(const CaseRunner& runner, const DriverTable& driver, cu::Context context,
              const std::vector<SuiteCase>& cases, const std::vector<size_t>& indices,
              const WorkerOptions& options, const WorkerEvents& events) {
  Clock::time_point start = Clock::now();
  std::atomic<bool> stop = false;
  std::mutex events_mutex;
  Watchdog watchdog(options.threads, options.hang_timeout, events.hung);
  ParallelFor(static_cast<int64_t>(indices.size()), options.threads, [&](int64_t n, int thread) {
    if (options.time_budget > 0 && SecondsSince(start) > options.time_budget) return;
    size_t index = indices[n];
    {
      std::lock_guard<std::mutex> lock(events_mutex);
      if (stop) return;
      events.started(index);
    }
    ScopedContext current(driver, context);
    CaseResult result;
    if (llvm::Error error = current.TakeError()) {
      result.status = CaseStatus::kFailed;
      result.detail = llvm::toString(std::move(error));
    } else {
      DeviceWaits waits = {[&] { watchdog.Begin(thread, index); }, [&] { watchdog.End(thread); }};
      result = runner.Run(cases[index], waits);
    }
    std::lock_guard<std::mutex> lock(events_mutex);
    if (stop) return;  // What came after the loss says nothing about this case.
    stop = result.device_lost;
    events.finished(index, result);
  });
}

}  // namespace attnjit
