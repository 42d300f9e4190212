// What an engine does, as it happens and counted.
#ifndef ATTNJIT_RUNTIME_MONITOR_H_
#define ATTNJIT_RUNTIME_MONITOR_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace attnjit {

enum class EventKind {
  kHit,   ///< A kernel was found; `origin` says where.
  kMiss,  ///< It is in no layer.
  kCompileBegin,
  kCompileEnd,  ///< `seconds`; `text` is "" or what went wrong.
  kLoad,        ///< A driver has loaded it.
  kWarning,     ///< `text`.
};

struct EngineEvent {
  EventKind kind = EventKind::kWarning;
  std::string kernel;  ///< Its name.
  std::string key;     ///< "<request>-<toolchain>"
  std::string origin;  ///< kHit: "disk", "layer", "remote".
  std::string text;
  double seconds = 0;
};

/// Called by any thread that uses the engine, several at a time; must not use the engine itself.
using EventCallback = std::function<void(const EngineEvent&)>;

struct EngineStatistics {
  uint64_t disk_hits = 0;
  uint64_t layer_hits = 0;
  uint64_t remote_hits = 0;
  uint64_t misses = 0;
  uint64_t compilations = 0;
  uint64_t failed_compilations = 0;
  uint64_t compile_nanoseconds = 0;
  uint64_t loads = 0;
};

/// Thread safe.
class Monitor {
 public:
  explicit Monitor(EventCallback callback) : callback_(std::move(callback)) {}
  void Emit(const EngineEvent& event);
  EngineStatistics statistics() const;

 private:
  const EventCallback callback_;
  std::atomic<uint64_t> disk_hits_ = 0, layer_hits_ = 0, remote_hits_ = 0, misses_ = 0,
                        compilations_ = 0, failed_compilations_ = 0, compile_nanoseconds_ = 0,
                        loads_ = 0;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_MONITOR_H_
