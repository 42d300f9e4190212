// What threads know of each other, by proxy, and how warps keep it for their lanes.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_KNOWLEDGE_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_KNOWLEDGE_H_

#include <cstdint>
#include <vector>

#include "runtime/emulator/sanitizer/clock.h"

namespace attnjit::emulator {

/// What is passed on by a release.
struct Published {
  Clock generic;       ///< Accesses that happened before.
  Clock async_shared;  ///< Generic writes to shared memory fenced for the async proxy.
  Clock async_global;  ///< The same of global memory.
  Clock tensor;        ///< Operations on tensor memory before a tcgen05.fence::before_thread_sync.

  void Join(const Published& other) {
    generic.Join(other.generic);
    async_shared.Join(other.async_shared);
    async_global.Join(other.async_global);
    tensor.Join(other.tensor);
  }
  void Clear() { *this = Published(); }
};

/// What one thread knows. Its own accesses are not in `generic`: program order says it.
struct Knowledge {
  Clock generic;
  Clock async_shared;
  Clock async_global;
  Clock tensor;           ///< Operations on tensor memory that its own may follow.
  Clock tensor_fenced;    ///< Those before its last fence::before_thread_sync.
  Clock tensor_acquired;  ///< Those acquired, usable after fence::after_thread_sync.

  void Acquire(const Published& published) {
    generic.Join(published.generic);
    async_shared.Join(published.async_shared);
    async_global.Join(published.async_global);
    tensor_acquired.Join(published.tensor);
  }
  void PublishTo(Published& published) const {
    published.generic.Join(generic);
    published.async_shared.Join(async_shared);
    published.async_global.Join(async_global);
    published.tensor.Join(tensor_fenced);
    published.tensor.Join(tensor_acquired);
  }
  /// What operations of the matrix pipe were ordered after comes before their end as well
  /// (tcgen05.commit): base causality order is transitive (PTX ISA 8.9.5), and the exception for
  /// asynchronous copies (8.9.1.1) does not name them.
  void PublishAll(Published& published) const {
    published.generic.Join(generic);
    published.async_shared.Join(async_shared);
    published.async_global.Join(async_global);
    published.tensor.Join(tensor);
  }
  void Join(const Knowledge& other) { Combine(other, &Clock::Join); }
  void Meet(const Knowledge& other) { Combine(other, &Clock::Meet); }
  bool operator==(const Knowledge&) const = default;

 private:
  void Combine(const Knowledge& other, void (Clock::*combine)(const Clock&)) {
    (generic.*combine)(other.generic);
    (async_shared.*combine)(other.async_shared);
    (async_global.*combine)(other.async_global);
    (tensor.*combine)(other.tensor);
    (tensor_fenced.*combine)(other.tensor_fenced);
    (tensor_acquired.*combine)(other.tensor_acquired);
  }
};

/// The lanes of one warp, in groups that know the same.
class WarpKnowledge {
 public:
  explicit WarpKnowledge(uint32_t lanes) : all_(lanes), groups_(1) { groups_[0].lanes = lanes; }

  uint32_t lanes() const { return all_; }
  uint32_t tick() const { return tick_; }
  /// Later accesses are told from earlier ones: after every release.
  void NextTick() { ++tick_; }

  bool converged() const { return groups_.size() == 1; }

  const Knowledge& Of(uint32_t lane) const {
    for (const Group& group : groups_) {
      if (group.lanes >> lane & 1) return group.knowledge;
    }
    return groups_[0].knowledge;
  }

  /// Calls visit(lanes, knowledge) for each group within `lanes`, split off as needed. What visit
  /// changes may make groups equal; they become one again.
  template <class Visit>
  void Change(uint32_t lanes, Visit visit) {
    for (size_t i = 0, count = groups_.size(); i < count; ++i) {
      const uint32_t inside = groups_[i].lanes & lanes;
      if (inside == 0) continue;
      if (inside != groups_[i].lanes) {
        groups_.push_back({groups_[i].lanes & ~inside, groups_[i].knowledge});
        groups_[i].lanes = inside;
      }
      visit(inside, groups_[i].knowledge);
    }
    if (groups_.size() > 1) Unite();
  }
  template <class Visit>
  void ForEach(uint32_t lanes, Visit visit) const {
    for (const Group& group : groups_) {
      if (group.lanes & lanes) visit(group.lanes & lanes, group.knowledge);
    }
  }

  /// Lanes that made an access since all lanes were last ordered.
  void MarkActive(uint32_t lanes) { active_ |= lanes; }
  void MarkOrdered() {
    active_ = 0;
    ordered_tick_ = tick_;
  }
  /// Whether publishing this tick for all lanes says no more of the others than `knowledge` knows.
  bool OthersIdle(uint32_t lanes, const Knowledge& knowledge, AgentId self) const {
    return (active_ & ~lanes) == 0 && knowledge.generic.All(self) >= ordered_tick_;
  }

 private:
  struct Group {
    uint32_t lanes = 0;
    Knowledge knowledge;
  };

  void Unite() {
    for (size_t i = 0; i + 1 < groups_.size(); ++i) {
      for (size_t j = groups_.size() - 1; j > i; --j) {
        if (!(groups_[i].knowledge == groups_[j].knowledge)) continue;
        groups_[i].lanes |= groups_[j].lanes;
        groups_.erase(groups_.begin() + static_cast<ptrdiff_t>(j));
      }
    }
  }

  const uint32_t all_;
  uint32_t tick_ = 1;
  uint32_t active_ = 0;
  uint32_t ordered_tick_ = 0;
  std::vector<Group> groups_;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_KNOWLEDGE_H_
