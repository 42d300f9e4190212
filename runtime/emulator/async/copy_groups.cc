#include "runtime/emulator/async/copy_groups.h"

#include <algorithm>

namespace attnjit::emulator {

uint64_t CopyGroups::Issue(uint32_t lanes) {
  ++issued_;
  for (; lanes != 0; lanes &= lanes - 1) {
    lanes_[static_cast<size_t>(__builtin_ctz(lanes))].last = issued_;
  }
  return issued_;
}

void CopyGroups::Name(uint64_t number, uint32_t lanes, OpId reads, OpId writes) {
  if (named_.size() == kMostNames) named_.erase(named_.begin(), named_.begin() + kMostNames / 2);
  named_.push_back({number, lanes, reads == 0 ? 0 : lanes, reads, writes});
}

void CopyGroups::Commit(uint32_t lanes) {
  for (; lanes != 0; lanes &= lanes - 1) {
    Lane& lane = lanes_[static_cast<size_t>(__builtin_ctz(lanes))];
    // Groups end in order: of those that are done only the newest matters, as what a wait for
    // fewer pending groups acquires.
    const auto first_open = std::find_if(lane.groups.begin(), lane.groups.end(),
                                         [this](uint64_t number) { return !Done(number, false); });
    if (first_open - lane.groups.begin() > 1) {
      lane.groups.erase(lane.groups.begin(), first_open - 1);
    }
    lane.groups.push_back(lane.last);
  }
}

uint64_t CopyGroups::Target(int lane, uint32_t pending) const {
  const auto& groups = lanes_[static_cast<size_t>(lane)].groups;
  return groups.size() <= pending ? 0 : groups[groups.size() - 1 - pending];
}

void CopyGroups::Acquire(uint32_t lanes, const std::array<uint64_t, 32>& targets, bool reads_only,
                         llvm::function_ref<void(uint32_t lanes, OpId op)> acquire) {
  for (Named& op : named_) {
    uint32_t who = 0;
    for (uint32_t rest = lanes & op.lanes; rest != 0; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      if (targets[static_cast<size_t>(lane)] >= op.number) who |= 1u << lane;
    }
    if ((who & op.readers) != 0) acquire(who & op.readers, op.reads);
    op.readers &= ~who;
    if (reads_only || who == 0) continue;
    acquire(who, op.writes);
    op.lanes &= ~who;
  }
  std::erase_if(named_, [](const Named& op) { return op.lanes == 0; });
}

}  // namespace attnjit::emulator
