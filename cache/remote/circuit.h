// Stops asking a remote that does not answer, and tries it again after a while.
#ifndef ATTNJIT_CACHE_REMOTE_CIRCUIT_H_
#define ATTNJIT_CACHE_REMOTE_CIRCUIT_H_

#include <chrono>
#include <mutex>

namespace attnjit {

/// Thread safe. After kFailures failures in a row it is open for kOpenFor; then one caller may try,
/// and its success closes it.
class Circuit {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kFailures = 3;
  static constexpr std::chrono::seconds kOpenFor{30};

  /// Whether to ask the remote now. Who gets true reports the outcome.
  bool Allows(Clock::time_point now);
  void Succeeded();
  void Failed(Clock::time_point now);

 private:
  std::mutex mutex_;
  int failures_ = 0;
  Clock::time_point open_until_{};
};

}  // namespace attnjit

#endif  // ATTNJIT_CACHE_REMOTE_CIRCUIT_H_
