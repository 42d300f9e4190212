// Kernels that were prepared before, by the text of their request, for many threads at a time: each
// thread has a stripe nearly of its own, with locks and reference counts that others do not touch.
#ifndef ATTNJIT_RUNTIME_KERNEL_STRIPES_H_
#define ATTNJIT_RUNTIME_KERNEL_STRIPES_H_

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/engine.h"

namespace attnjit {

/// Thread safe.
class KernelStripes {
 public:
  using KernelPtr = std::shared_ptr<const Kernel>;
  static constexpr size_t kStripes = 64;
  /// A stripe that is full begins anew: a caller that never repeats itself costs no memory in the
  /// end.
  static constexpr size_t kMaxTexts = 1024;
  static constexpr size_t kMaxTextBytes = 4096;

  /// Null: this thread's stripe does not have it.
  KernelPtr Find(std::string_view spec, int device);
  /// Adds it to this thread's stripe; what to hand out.
  KernelPtr Add(std::string_view spec, int device, KernelPtr kernel);
  /// How often Find has found, over all threads.
  uint64_t hits() const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // A cache line apart, and the neighbour that the CPU fetches with it.
  struct alignas(128) Stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::string, std::vector<std::pair<int, KernelPtr>>, Hash, std::equal_to<>>
        kernels;
    uint64_t hits = 0;
  };
  Stripe& Own();

  std::array<Stripe, kStripes> stripes_;
};

}  // namespace attnjit

#endif  // ATTNJIT_RUNTIME_KERNEL_STRIPES_H_
