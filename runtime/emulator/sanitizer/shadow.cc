#include "runtime/emulator/sanitizer/shadow.h"

namespace attnjit::emulator {

void Shadow::Forget(uint64_t address, uint64_t bytes) {
  const uint64_t end = address + bytes;
  while (address < end) {
    const uint64_t base = address & ~(kBlockBytes - 1);
    const uint64_t stop = std::min(end, base + kBlockBytes);
    if (dense_ ? base / kBlockBytes < blocks_.size() : sparse_.contains(base / kBlockBytes)) {
      Block& block = BlockAt(base / kBlockBytes);
      FreeList(block.whole);
      for (uint64_t cell = address; block.group != 0 && cell < stop; cell += 4) {
        FreeList(groups_[block.group].heads[(cell - base) / 4]);
      }
    }
    address = stop;
  }
}

void Shadow::FreeList(uint32_t& head) {
  while (head != 0) {
    const uint32_t next = cells_[head].next;
    FreeCell(head);
    head = next;
  }
}

uint32_t Shadow::NewGroup() {
  if (free_groups_.empty()) {
    groups_.emplace_back();
    return static_cast<uint32_t>(groups_.size() - 1);
  }
  const uint32_t index = free_groups_.back();
  free_groups_.pop_back();
  return index;
}

void Shadow::FreeGroup(Block& block) {
  for (uint32_t& head : groups_[block.group].heads) FreeList(head);
  free_groups_.push_back(block.group);
  block.group = 0;
}

void Shadow::Reset() {
  sparse_.clear();
  cells_.resize(1);
  groups_.resize(1);
  free_groups_.clear();
  free_cell_ = 0;
}

}  // namespace attnjit::emulator
