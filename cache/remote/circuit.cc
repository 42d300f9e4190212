#include "cache/remote/circuit.h"

namespace attnjit {

bool Circuit::Allows(Clock::time_point now) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (failures_ < kFailures) return true;
  if (now < open_until_) return false;
  open_until_ = now + kOpenFor;  // The others wait for this one's outcome.
  return true;
}

void Circuit::Succeeded() {
  std::lock_guard<std::mutex> lock(mutex_);
  failures_ = 0;
}

void Circuit::Failed(Clock::time_point now) {
  std::lock_guard<std::mutex> lock(mutex_);
  ++failures_;
  open_until_ = now + kOpenFor;
}

}  // namespace attnjit
