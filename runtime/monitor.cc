#include "runtime/monitor.h"

namespace attnjit {

void Monitor::Emit(const EngineEvent& event) {
  switch (event.kind) {
    case EventKind::kHit:
      ++(event.origin == "disk"     ? disk_hits_
         : event.origin == "remote" ? remote_hits_
                                    : layer_hits_);
      break;
    case EventKind::kMiss:
      ++misses_;
      break;
    case EventKind::kCompileBegin:
      ++compilations_;
      break;
    case EventKind::kCompileEnd:
      if (!event.text.empty()) ++failed_compilations_;
      compile_nanoseconds_ += static_cast<uint64_t>(event.seconds * 1e9);
      break;
    case EventKind::kLoad:
      ++loads_;
      break;
    case EventKind::kWarning:
      break;
  }
  if (callback_) callback_(event);
}

EngineStatistics Monitor::statistics() const {
  return {disk_hits_,    layer_hits_,          remote_hits_,         misses_,
          compilations_, failed_compilations_, compile_nanoseconds_, loads_};
}

}  // namespace attnjit
