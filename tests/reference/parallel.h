// Independent pieces of work on a number of threads.
#ifndef ATTNJIT_TESTS_REFERENCE_PARALLEL_H_
#define ATTNJIT_TESTS_REFERENCE_PARALLEL_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace attnjit {

/// Calls body(index, thread) once for every index in 0 .. count - 1; thread is 0 .. threads - 1 and
/// names the caller's thread. Indices start in ascending order. `body` must not throw.
template <typename Body>
void ParallelFor(int64_t count, int threads, const Body& body) {
  int workers = static_cast<int>(std::clamp<int64_t>(std::min<int64_t>(threads, count), 1, 1024));
  std::atomic<int64_t> next = 0;
  auto work = [&](int thread) {
    for (int64_t i = next++; i < count; i = next++) body(i, thread);
  };
  std::vector<std::thread> pool;
  for (int t = 1; t < workers; ++t) pool.emplace_back(work, t);
  work(0);
  for (std::thread& thread : pool) thread.join();
}

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_PARALLEL_H_
