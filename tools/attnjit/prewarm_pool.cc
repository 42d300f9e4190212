#include "tools/attnjit/prewarm_pool.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "tools/attnjit/worker_process.h"

namespace attnjit {
namespace {

/// A place for one worker, and the kernel it is at.
struct Slot {
  std::unique_ptr<WorkerProcess> worker;
  std::optional<size_t> kernel;
};

class Pool {
 public:
  Pool(llvm::ArrayRef<ManifestKernel> kernels, const PoolOptions& options,
       const OnPrewarmed& on_prewarmed)
      : kernels_(kernels),
        options_(options),
        on_prewarmed_(on_prewarmed),
        slots_(std::min<size_t>(kernels.size(), static_cast<size_t>(options.workers))) {}

  llvm::Error Run() {
    while (true) {
      for (Slot& slot : slots_) {
        if (llvm::Error error = Occupy(slot)) return error;
      }
      if (!AnyBusy()) return llvm::Error::success();
      Wait();
    }
  }

 private:
  bool AnyBusy() const {
    return std::any_of(slots_.begin(), slots_.end(),
                       [](const Slot& slot) { return slot.kernel.has_value(); });
  }

  /// Gives an idle slot the next kernel, and a worker if it has none.
  llvm::Error Occupy(Slot& slot) {
    while (!slot.kernel && next_ < kernels_.size()) {
      if (slot.worker == nullptr) {
        llvm::Expected<std::unique_ptr<WorkerProcess>> started =
            WorkerProcess::Start(options_.worker_args);
        if (!started) return started.takeError();
        slot.worker = std::move(*started);
      }
      slot.kernel = next_++;
      if (!slot.worker->Send(kernels_[*slot.kernel].canonical)) Lose(slot);
    }
    return llvm::Error::success();
  }

  void Wait() {
    std::vector<struct pollfd> polled;
    std::vector<Slot*> busy;
    for (Slot& slot : slots_) {
      if (!slot.kernel) continue;
      polled.push_back({slot.worker->fd(), POLLIN, 0});
      busy.push_back(&slot);
    }
    if (::poll(polled.data(), polled.size(), -1) < 0) return;  // A signal: look again.
    for (size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) Take(*busy[i]);
    }
  }

  void Take(Slot& slot) {
    bool ended = false;
    const std::optional<std::string> line = slot.worker->Receive(&ended);
    if (line) {
      std::optional<PrewarmResult> result = ParsePrewarmResult(*line);
      if (!result) return Lose(slot);
      const size_t kernel = *slot.kernel;
      slot.kernel.reset();
      if (result->peak_rss_kib > options_.max_rss_kib) slot.worker.reset();
      on_prewarmed_(kernel, *result);
    } else if (ended) {
      Lose(slot);
    }
  }

  void Lose(Slot& slot) {
    PrewarmResult result;
    result.message = "the process that built it " + slot.worker->WaitForEnd();
    slot.worker.reset();
    const size_t kernel = *slot.kernel;
    slot.kernel.reset();
    on_prewarmed_(kernel, result);
  }

  const llvm::ArrayRef<ManifestKernel> kernels_;
  const PoolOptions& options_;
  const OnPrewarmed& on_prewarmed_;
  std::vector<Slot> slots_;
  size_t next_ = 0;
};

}  // namespace

llvm::Error RunPool(llvm::ArrayRef<ManifestKernel> kernels, const PoolOptions& options,
                    const OnPrewarmed& on_prewarmed) {
  return Pool(kernels, options, on_prewarmed).Run();
}

}  // namespace attnjit
