// Threads that do what was asked for, the most urgent first.
#ifndef ATTNJIT_RUNTIME_ASYNC_QUEUE_H_
#define ATTNJIT_RUNTIME_ASYNC_QUEUE_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace attnjit {

/// Thread safe. Its threads start with the first task. Ending it waits for the tasks that run and
/// drops the others, each with a call of its `drop`.
class AsyncQueue {
 public:
  explicit AsyncQueue(int max_threads) : max_threads_(max_threads) {}
  ~AsyncQueue();
  AsyncQueue(const AsyncQueue&) = delete;
  AsyncQueue& operator=(const AsyncQueue&) = delete;

  struct Task {
    std::function<void()> run;
    std::function<void()> drop;
  };
  /// Of two tasks the one with the higher priority runs first, of equal ones the older.
  void Add(int priority, Task task);

 private:
  void Work();

  const int max_threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int64_t, uint64_t>, Task> waiting_;  ///< By {-priority, age}.
  uint64_t added_ = 0;
  int idle_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_ASYNC_QUEUE_H_
