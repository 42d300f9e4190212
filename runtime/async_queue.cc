#include "runtime/async_queue.h"

namespace attnjit {

void AsyncQueue::Add(int priority, Task task) {
  std::lock_guard<std::mutex> lock(mutex_);
  waiting_.emplace(std::make_pair(-int64_t{priority}, added_++), std::move(task));
  if (static_cast<size_t>(idle_) < waiting_.size() &&
      threads_.size() < static_cast<size_t>(max_threads_)) {
    threads_.emplace_back([this] { Work(); });
  }
  changed_.notify_one();
}

void AsyncQueue::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    --idle_;
    if (ending_) return;
    Task task = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    lock.unlock();
    task.run();
    lock.lock();
  }
}

AsyncQueue::~AsyncQueue() {
  std::map<std::pair<int64_t, uint64_t>, Task> dropped;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    dropped.swap(waiting_);
  }
  changed_.notify_all();
  for (auto& [order, task] : dropped) task.drop();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace attnjit
