#include "cache/memory.h"

#include <chrono>
#include <cstring>

#include "llvm/ADT/ScopeExit.h"

namespace attnjit {

namespace {

template <typename T>
bool IsReady(const std::shared_future<T>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

// The parts are digests: any of their digits are as good as a hash of all.
size_t MemoryCache::Hash::operator()(const CacheKey& key) const {
  uint64_t request = 0, toolchain = 0;
  std::memcpy(&request, key.request.data(), std::min<size_t>(8, key.request.size()));
  std::memcpy(&toolchain, key.toolchain.data(), std::min<size_t>(8, key.toolchain.size()));
  return std::hash<uint64_t>()(request * 31 + toolchain);
}

MemoryCache::EntryPtr MemoryCache::Find(const CacheKey& key) const {
  std::lock_guard<std::mutex> lock(mutex_);
  auto it = slots_.find(key);
  return it != slots_.end() && IsReady(it->second) ? it->second.get() : nullptr;
}

llvm::Expected<MemoryCache::EntryPtr> MemoryCache::GetOrCreate(const CacheKey& key,
                                                               Creator create) {
  while (true) {
    std::promise<EntryPtr> promise;
    Slot slot;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      auto [it, inserted] = slots_.try_emplace(key);
      if (inserted)
        it->second = promise.get_future().share();
      else
        slot = it->second;
    }
    if (!slot.valid()) return RunCreator(key, std::move(promise), create);
    if (EntryPtr entry = slot.get()) return entry;
  }
}

llvm::Expected<MemoryCache::EntryPtr> MemoryCache::RunCreator(const CacheKey& key,
                                                              std::promise<EntryPtr> promise,
                                                              Creator create) {
  // Also where `create` throws: those who wait must be released, and find no slot when they retry.
  auto release = llvm::make_scope_exit([&] {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      slots_.erase(key);
    }
    promise.set_value(nullptr);
  });
  llvm::Expected<EntryPtr> entry = create();
  if (!entry || *entry == nullptr) return entry;
  release.release();
  promise.set_value(*entry);
  return entry;
}

size_t MemoryCache::Size() const {
  std::lock_guard<std::mutex> lock(mutex_);
  size_t ready = 0;
  for (const auto& [key, slot] : slots_) ready += IsReady(slot) ? 1 : 0;
  return ready;
}

void MemoryCache::Clear() {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = slots_.begin(); it != slots_.end();) {
    it = IsReady(it->second) ? slots_.erase(it) : std::next(it);
  }
}

}  // namespace attnjit
