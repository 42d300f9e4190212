#include "runtime/emulator/program/register_plan.h"

#include <algorithm>
#include <array>
#include <queue>

#include "runtime/emulator/program/liveness.h"

namespace attnjit::emulator {
namespace {

uint8_t BytesOf(ptx::RegisterClass c) {
  if (c == ptx::RegisterClass::kPred) return 0;
  return static_cast<uint8_t>(std::max(4u, ptx::ClassBits(c) / 8));
}

// Registers that operations use after their instruction.
std::vector<bool> FindPinned(const ptx::Function& function) {
  std::vector<bool> pinned(function.registers.size());
  for (const ptx::Instruction& instruction : function.instructions) {
    if (instruction.opcode != "wgmma" && instruction.opcode != "tcgen05") continue;
    for (const ptx::Operand& operand : instruction.operands) {
      ForEachRegister(operand, [&](int32_t reg) { pinned[reg] = true; });
    }
  }
  return pinned;
}

// Slots that are free again, by how many there are in a row (4, 8 or 16 bytes).
class SlotPool {
 public:
  explicit SlotPool(uint32_t next) : next_(next) {}

  uint32_t Take(uint8_t bytes) {
    std::vector<uint32_t>& free = free_[bytes / 8];
    if (free.empty()) {
      next_ += bytes / 4;
      return next_ - bytes / 4;
    }
    const uint32_t slot = free.back();
    free.pop_back();
    return slot;
  }
  void Release(uint32_t slot, uint8_t bytes) { free_[bytes / 8].push_back(slot); }
  uint32_t next() const { return next_; }

 private:
  uint32_t next_;
  std::array<std::vector<uint32_t>, 3> free_;  // Of 1, 2 and 4 slots, at bytes / 8.
};

// A register's slots become free after the last instruction of its range.
struct Ending {
  uint32_t last;
  uint32_t reg;
  bool operator>(const Ending& other) const { return last > other.last; }
};

}  // namespace

RegisterPlan PlanRegisters(const ptx::Function& function, uint32_t first_slot, uint32_t first_reg) {
  const std::vector<LiveRange> ranges = FindLiveRanges(function);
  const std::vector<bool> pinned = FindPinned(function);
  RegisterPlan plan;
  plan.places.resize(function.registers.size());
  plan.regs = first_reg;
  std::vector<uint32_t> order;
  for (uint32_t r = 0; r < ranges.size(); ++r) {
    if (ranges[r].used()) order.push_back(r);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return ranges[a].first < ranges[b].first; });
  SlotPool pool(first_slot);
  std::priority_queue<Ending, std::vector<Ending>, std::greater<>> endings;
  for (const uint32_t r : order) {
    while (!endings.empty() && endings.top().last < ranges[r].first) {
      const RegisterPlace& place = plan.places[endings.top().reg];
      pool.Release(place.slot, place.bytes);
      endings.pop();
    }
    RegisterPlace& place = plan.places[r];
    place.used = true;
    place.reg = plan.regs++;
    place.bytes = BytesOf(function.registers[r]);
    if (place.bytes == 0) continue;
    place.slot = pool.Take(place.bytes);
    if (!pinned[r]) endings.push({ranges[r].last, r});
  }
  plan.slots = pool.next();
  return plan;
}

}  // namespace attnjit::emulator
