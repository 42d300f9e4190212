#include "runtime/kernel_stripes.h"

#include <atomic>

namespace attnjit {

KernelStripes::Stripe& KernelStripes::Own() {
  // Threads are numbered as they come, so that as many as there are stripes share none.
  static std::atomic<size_t> threads = 0;
  thread_local const size_t number = threads++;
  return stripes_[number % kStripes];
}

KernelStripes::KernelPtr KernelStripes::Find(std::string_view spec, int device) {
  Stripe& stripe = Own();
  std::lock_guard<std::mutex> lock(stripe.mutex);
  const auto found = stripe.kernels.find(spec);
  if (found == stripe.kernels.end()) return nullptr;
  for (const auto& [on, kernel] : found->second) {
    if (on != device) continue;
    ++stripe.hits;
    return kernel;
  }
  return nullptr;
}

KernelStripes::KernelPtr KernelStripes::Add(std::string_view spec, int device, KernelPtr kernel) {
  if (spec.size() > kMaxTextBytes) return kernel;
  // With a reference count of its own: copies of it touch no other stripe's.
  const Kernel* raw = kernel.get();
  KernelPtr own(raw, [kept = std::move(kernel)](const Kernel*) {});
  Stripe& stripe = Own();
  std::lock_guard<std::mutex> lock(stripe.mutex);
  if (stripe.kernels.size() >= kMaxTexts) stripe.kernels.clear();
  auto& kernels = stripe.kernels[std::string(spec)];
  for (const auto& [on, other] : kernels) {
    if (on == device) return other;
  }
  kernels.emplace_back(device, own);
  return own;
}

uint64_t KernelStripes::hits() const {
  uint64_t hits = 0;
  for (const Stripe& stripe : stripes_) {
    std::lock_guard<std::mutex> lock(stripe.mutex);
    hits += stripe.hits;
  }
  return hits;
}

}  // namespace attnjit
