// Live objects by the handles that callers hold.
#ifndef ATTNJIT_RUNTIME_EMULATOR_DRIVER_HANDLES_H_
#define ATTNJIT_RUNTIME_EMULATOR_DRIVER_HANDLES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

namespace attnjit::emulator {

/// Gives out numbers that are never used twice, so that a stale handle, or one of another kind, is
/// found to be invalid. Multiples of 16, above the handles that the driver reserves.
class HandleNumbers {
 public:
  template <class Handle>
  Handle Next() {
    last_ += 16;
    return reinterpret_cast<Handle>(last_);
  }

 private:
  uintptr_t last_ = 0x10000;
};

/// Not synchronised.
template <class Handle, class T>
class HandleMap {
 public:
  void Add(Handle handle, std::shared_ptr<T> object) {
    objects_.emplace(handle, std::move(object));
  }
  /// Null: no such handle.
  std::shared_ptr<T> Find(Handle handle) const {
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  /// What was removed; null: no such handle.
  std::shared_ptr<T> Remove(Handle handle) {
    const auto node = objects_.extract(handle);
    return node.empty() ? nullptr : std::move(node.mapped());
  }
  template <class Predicate>
  void RemoveIf(const Predicate& predicate) {
    std::erase_if(objects_, [&](const auto& entry) { return predicate(*entry.second); });
  }
  auto begin() const { return objects_.begin(); }
  auto end() const { return objects_.end(); }

 private:
  std::map<Handle, std::shared_ptr<T>> objects_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_DRIVER_HANDLES_H_
