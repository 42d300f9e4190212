// What the driver's handles stand for.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_OBJECTS_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_OBJECTS_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "runtime/cuda_types.h"
#include "runtime/emulator/driver/image.h"
#include "runtime/emulator/driver/module_variables.h"
#include "runtime/emulator/machine/device_model.h"
#include "runtime/emulator/machine/global_memory.h"

namespace attnjit::emulator {

struct Stream;

/// A device's primary context, from its first retain to its last release. The driver's mutex guards
/// what is not const, atomic or a lock.
struct Context {
  cu::Context handle = nullptr;
  int ordinal = 0;
  const DeviceModel* model = nullptr;
  std::unique_ptr<GlobalMemory> memory;
  int retained = 1;
  std::shared_ptr<Stream> legacy;  ///< The default stream.
  /// What a kernel that faulted left behind: the answer to every later call.
  std::atomic<cu::Result> failure = cu::kSuccess;
  /// The default stream's work holds it alone, that of streams which it waits for shares it.
  std::shared_mutex order;
};

/// One step of a stream or a graph. Returns what the call that runs it returns.
using Work = std::function<cu::Result(Context& context)>;

struct Graph {
  std::weak_ptr<Context> context;
  std::vector<Work> steps;
};

struct Stream {
  enum class Kind { kLegacy, kBlocking, kNonBlocking };
  std::weak_ptr<Context> context;
  Kind kind = Kind::kBlocking;
  std::mutex running;  ///< Held while its work runs: work happens inside the call that submits it.
  // Guarded by the driver's mutex.
  cu::StreamCaptureStatus capture = cu::kCaptureNone;
  cu::StreamCaptureMode mode = cu::kCaptureGlobal;
  std::thread::id capturer;
  std::shared_ptr<Graph> graph;  ///< While it captures.
};

struct Event {
  std::weak_ptr<Context> context;
  bool timed = true;
  std::optional<std::chrono::steady_clock::time_point> time;  ///< Of the last record.
  bool captured = false;                                      ///< Last recorded in a capture.
};

/// A kernel on one device.
struct Function {
  std::shared_ptr<const Program> program;
  std::shared_ptr<ModuleVariables> variables;  ///< Shared by the module's functions.
  int ordinal = 0;
  std::atomic<int> max_dynamic_shared = 0;
  std::atomic<bool> non_portable_cluster = false;
};

/// Functions of one context.
struct Module {
  std::weak_ptr<Context> context;
  std::shared_ptr<const Image> image;
  std::shared_ptr<ModuleVariables> variables;
  std::vector<std::pair<std::string, cu::Function>> functions;  ///< Those that were asked for.
};

/// A kernel of a library: a function on every device that can run it.
struct Kernel {
  std::shared_ptr<const Program> program;
  std::vector<cu::Function> functions;  ///< By device; null where the image does not run there.
};

struct Library {
  std::shared_ptr<const Image> image;
  std::vector<std::shared_ptr<ModuleVariables>> variables;  ///< By device.
  std::vector<std::pair<std::string, cu::Kernel>> kernels;  ///< Those that were asked for.
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_OBJECTS_H_
