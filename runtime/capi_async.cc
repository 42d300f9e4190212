// The C interface's futures: kernels prepared by the engine's threads.
#include <chrono>
#include <condition_variable>

#include "runtime/capi_internal.h"

namespace {

using attnjit::Guard;
using attnjit::ReadStruct;
using attnjit::ReportArgument;
using attnjit::ReportError;

enum class State { kWaiting, kRunning, kDone, kCancelled };

/// Shared by the future and the task that fills it.
struct Preparation {
  std::mutex mutex;
  std::condition_variable changed;
  State state = State::kWaiting;
  // kDone: a kernel, or an error of this status.
  std::unique_ptr<attnjit_kernel> kernel;
  std::unique_ptr<attnjit_error> error;

  /// False: it was cancelled, and nothing is to be done.
  bool Begin() {
    std::lock_guard<std::mutex> lock(mutex);
    if (state != State::kWaiting) return false;
    state = State::kRunning;
    return true;
  }
  void Finish(std::unique_ptr<attnjit_kernel> made, std::unique_ptr<attnjit_error> failed) {
    std::lock_guard<std::mutex> lock(mutex);
    if (state == State::kCancelled) return;
    kernel = std::move(made);
    error = std::move(failed);
    state = State::kDone;
    changed.notify_all();
  }
  void Cancel() {
    std::lock_guard<std::mutex> lock(mutex);
    if (state == State::kDone) return;
    state = State::kCancelled;
    changed.notify_all();
  }
};

void Prepare(attnjit_engine& engine, const std::string& spec, int32_t device,
             Preparation& preparation) {
  if (!preparation.Begin()) return;
  attnjit_kernel* kernel = nullptr;
  attnjit_error* error = nullptr;
  attnjit_prepare(&engine, spec.data(), spec.size(), device, &kernel, &error);
  if (kernel == nullptr && error == nullptr) error = new attnjit_error;  // No memory to say more.
  preparation.Finish(std::unique_ptr<attnjit_kernel>(kernel),
                     std::unique_ptr<attnjit_error>(error));
}

/// A second handle of the same kernel.
attnjit_kernel* Copy(const attnjit_kernel& from) {
  auto handle = std::make_unique<attnjit_kernel>();
  handle->kernel = from.kernel;
  handle->layout = from.layout;
  handle->device = from.device;
  handle->callbacks = from.callbacks;
  return handle.release();
}

}  // namespace

struct attnjit_future {
  std::shared_ptr<Preparation> preparation;
};

extern "C" {

attnjit_status attnjit_prepare_async(attnjit_engine* engine, const char* spec, size_t spec_bytes,
                                     int32_t device, const attnjit_async_options* options,
                                     attnjit_future** future, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (engine == nullptr || future == nullptr || (spec == nullptr && spec_bytes != 0)) {
      return ReportArgument("engine, spec and future must not be null", error);
    }
    *future = nullptr;
    attnjit_async_options c = {};
    if (options != nullptr) {
      if (const char* wrong = ReadStruct(options, c)) return ReportArgument(wrong, error);
    }
    llvm::Expected<attnjit::AttentionSpec> parsed =
        engine->specs.Parse(llvm::StringRef(spec, spec_bytes));
    if (!parsed) return ReportError(parsed.takeError(), error);
    auto preparation = std::make_shared<Preparation>();
    auto result = std::make_unique<attnjit_future>(attnjit_future{preparation});
    engine->queue->Add(c.priority,
                       {[engine, preparation, device, text = std::string(spec, spec_bytes)] {
                          Prepare(*engine, text, device, *preparation);
                        },
                        [preparation] { preparation->Cancel(); }});
    *future = result.release();
    return ATTNJIT_OK;
  });
}

attnjit_status attnjit_future_wait(attnjit_future* future, int64_t timeout_ns,
                                   attnjit_kernel** kernel, attnjit_error** error) {
  return Guard(error, [&]() -> attnjit_status {
    if (kernel != nullptr) *kernel = nullptr;
    if (future == nullptr) return ReportArgument("future must not be null", error);
    Preparation& preparation = *future->preparation;
    std::unique_lock<std::mutex> lock(preparation.mutex);
    const auto ended = [&] {
      return preparation.state == State::kDone || preparation.state == State::kCancelled;
    };
    if (timeout_ns < 0) {
      preparation.changed.wait(lock, ended);
    } else if (!preparation.changed.wait_for(lock, std::chrono::nanoseconds(timeout_ns), ended)) {
      return ATTNJIT_PENDING;
    }
    if (preparation.state == State::kCancelled) return ATTNJIT_CANCELLED;
    if (preparation.error != nullptr) {
      if (error != nullptr) *error = new attnjit_error(*preparation.error);
      return preparation.error->status;
    }
    if (kernel != nullptr) *kernel = Copy(*preparation.kernel);
    return ATTNJIT_OK;
  });
}

void attnjit_future_cancel(attnjit_future* future) {
  if (future != nullptr) future->preparation->Cancel();
}

void attnjit_future_destroy(attnjit_future* future) { delete future; }

}  // extern "C"
