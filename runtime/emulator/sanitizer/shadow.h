// Shadow memory: who last wrote and who has since read each 4 bytes of one memory.
//
// Memory is cut into blocks of 128 bytes. Accesses that cover a whole block (copies, matrix
// operands) stand once for the block; the others in 32 cells of 4 bytes, made when first needed. A
// cell is a short list of accesses with byte masks.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_SHADOW_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_SHADOW_H_

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/emulator/sanitizer/clock.h"
#include "runtime/emulator/sanitizer/report.h"

namespace attnjit::emulator {

/// One access: lanes of an agent at a tick.
struct ShadowAccess {
  static constexpr uint8_t kBytes = 0x0f;  ///< Which of the cell's four bytes; 0: empty.
  static constexpr uint8_t kWrite = 0x10;
  static constexpr uint8_t kAtomic = 0x20;
  static constexpr uint8_t kAsyncProxy = 0x40;

  uint32_t tick = 0;
  Pc pc = kNoPc;
  uint32_t lanes = 0;
  AgentId agent = 0;
  uint8_t bits = 0;

  uint8_t bytes() const { return bits & kBytes; }
  bool is_write() const { return bits & kWrite; }
  bool is_atomic() const { return bits & kAtomic; }
  bool is_async_proxy() const { return bits & kAsyncProxy; }
  bool ConflictsWith(const ShadowAccess& other) const {
    return ((bits | other.bits) & kWrite) && !(bits & other.bits & kAtomic) &&
           (bits & other.bits & kBytes);
  }
};

class Shadow {
 public:
  static constexpr uint64_t kBlockBytes = 128;

  /// Of `bytes` from address 0. With 0 it takes any address, in a table of at most `max_blocks`
  /// blocks that is emptied when it is full.
  explicit Shadow(uint64_t bytes, size_t max_blocks = size_t{1} << 15)
      : dense_(bytes != 0), max_blocks_(max_blocks) {
    blocks_.resize(dense_ ? (bytes + kBlockBytes - 1) / kBlockBytes : 0);
    cells_.resize(1);  // Index 0 is "none".
    groups_.resize(1);
  }

  /// Records an access of a range. `judge` has
  ///   bool Ordered(const ShadowAccess& earlier): it happens before the new access;
  ///   bool SameInstruction(const ShadowAccess& earlier): both are lanes of one instruction that
  ///     write equal values, and stand together from now on;
  ///   void Conflict(const ShadowAccess& earlier, uint64_t address): neither, and they conflict.
  /// access.bits holds the kind, without byte masks.
  template <class Judge>
  void Touch(uint64_t address, uint64_t bytes, ShadowAccess access, Judge& judge) {
    uint64_t end = address + bytes;
    if (dense_) end = std::min(end, blocks_.size() * kBlockBytes);
    while (address < end) {
      const uint64_t base = address & ~(kBlockBytes - 1);
      const uint64_t stop = std::min(end, base + kBlockBytes);
      if (stop - address == kBlockBytes) {
        TouchBlock(base, access, judge);
      } else {
        TouchPart(base, address, stop, access, judge);
      }
      address = stop;
    }
  }

  /// Calls visit(access, address) for everything that is recorded.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; dense_ && i < blocks_.size(); ++i) VisitBlock(blocks_[i], i, visit);
    for (const auto& [i, block] : sparse_) VisitBlock(block, i, visit);
  }

  /// Forgets a range, in whole cells.
  void Forget(uint64_t address, uint64_t bytes);

 private:
  struct Cell {
    ShadowAccess access;
    uint32_t next = 0;
  };
  struct Block {
    uint32_t whole = 0;  ///< List of accesses to all of it.
    uint32_t group = 0;  ///< 32 list heads.
  };
  struct Group {
    uint32_t heads[32] = {};
  };

  Block& BlockAt(uint64_t index) {
    if (dense_) return blocks_[index];
    if (sparse_.size() >= max_blocks_) Reset();
    return sparse_[index];
  }

  template <class Judge>
  void TouchBlock(uint64_t base, ShadowAccess access, Judge& judge) {
    Block& block = BlockAt(base / kBlockBytes);
    access.bits |= ShadowAccess::kBytes;
    if (block.group != 0) {
      const Group group = groups_[block.group];
      for (uint32_t i = 0; i < 32; ++i) Check(group.heads[i], access, base + 4 * i, judge);
      if (access.is_write()) FreeGroup(block);
    }
    Update(block.whole, access, base, judge);
  }

  template <class Judge>
  void TouchPart(uint64_t base, uint64_t begin, uint64_t end, ShadowAccess access, Judge& judge) {
    Block& block = BlockAt(base / kBlockBytes);
    if (block.group == 0) block.group = NewGroup();
    const uint32_t group = block.group;
    ShadowAccess any = access;
    any.bits |= ShadowAccess::kBytes;
    Check(block.whole, any, begin, judge);
    for (uint64_t cell = begin & ~uint64_t{3}; cell < end; cell += 4) {
      const uint32_t first = cell < begin ? static_cast<uint32_t>(begin - cell) : 0;
      const uint32_t last = static_cast<uint32_t>(std::min<uint64_t>(end - cell, 4));
      ShadowAccess part = access;
      part.bits |= static_cast<uint8_t>((1u << last) - (1u << first));
      Update(groups_[group].heads[(cell - base) / 4], part, std::max(cell, begin), judge);
    }
  }

  template <class Judge>
  void Check(uint32_t index, const ShadowAccess& access, uint64_t address, Judge& judge) {
    for (; index != 0; index = cells_[index].next) {
      const ShadowAccess& earlier = cells_[index].access;
      if (access.ConflictsWith(earlier) && !judge.Ordered(earlier)) {
        judge.Conflict(earlier, address);
      }
    }
  }

  /// Checks a list, drops what the access makes redundant, and puts the access in it.
  template <class Judge>
  void Update(uint32_t& head, ShadowAccess access, uint64_t address, Judge& judge) {
    uint32_t* link = &head;
    uint32_t reusable = 0;
    while (*link != 0) {
      const uint32_t index = *link;
      const ShadowAccess earlier = cells_[index].access;
      if (Supersedes(access, earlier, address, judge)) {
        *link = cells_[index].next;
        if (reusable == 0) {
          reusable = index;
        } else {
          FreeCell(index);
        }
      } else {
        link = &cells_[index].next;
      }
    }
    if (reusable == 0) reusable = NewCell();  // May move cells_; head is no part of it.
    cells_[reusable] = {access, head};
    head = reusable;
  }

  /// Whether `earlier` need not be kept beside `access`, which may take over its lanes.
  template <class Judge>
  static bool Supersedes(ShadowAccess& access, const ShadowAccess& earlier, uint64_t address,
                         Judge& judge) {
    const bool covered = (earlier.bytes() & ~access.bytes()) == 0;
    if (access.ConflictsWith(earlier)) {
      if (!judge.Ordered(earlier)) {
        if (judge.SameInstruction(earlier)) {
          if (covered) access.lanes |= earlier.lanes;
        } else {
          judge.Conflict(earlier, address);
        }
      }
      return covered && access.is_write();
    }
    if (!covered || !CanReplace(access, earlier)) return false;
    if (earlier.bits == access.bits && earlier.agent == access.agent) {
      if (earlier.tick == access.tick) access.lanes |= earlier.lanes;
      // Program order: each of its lanes has come again.
      if ((earlier.lanes & ~access.lanes) == 0) return true;
    }
    return judge.Ordered(earlier);
  }

  /// Whether a later access stands for an earlier one that it does not conflict with. An atomic
  /// access must not hide an ordinary one, nor one proxy's the other's.
  static bool CanReplace(const ShadowAccess& access, const ShadowAccess& earlier) {
    constexpr uint8_t kKinds = ShadowAccess::kAtomic | ShadowAccess::kAsyncProxy;
    if (access.is_write()) return true;
    return !earlier.is_write() && (access.bits & kKinds) == (earlier.bits & kKinds);
  }

  template <class Visit>
  void VisitBlock(const Block& block, uint64_t index, Visit& visit) const {
    VisitList(block.whole, index * kBlockBytes, visit);
    for (uint32_t i = 0; block.group != 0 && i < 32; ++i) {
      VisitList(groups_[block.group].heads[i], index * kBlockBytes + 4 * i, visit);
    }
  }
  template <class Visit>
  void VisitList(uint32_t index, uint64_t address, Visit& visit) const {
    for (; index != 0; index = cells_[index].next) visit(cells_[index].access, address);
  }

  uint32_t NewCell() {
    if (free_cell_ == 0) {
      cells_.emplace_back();
      return static_cast<uint32_t>(cells_.size() - 1);
    }
    const uint32_t index = free_cell_;
    free_cell_ = cells_[index].next;
    return index;
  }
  void FreeCell(uint32_t index) {
    cells_[index].next = free_cell_;
    free_cell_ = index;
  }
  void FreeList(uint32_t& head);
  uint32_t NewGroup();
  void FreeGroup(Block& block);
  void Reset();

  const bool dense_;
  const size_t max_blocks_;
  std::vector<Block> blocks_;
  std::unordered_map<uint64_t, Block> sparse_;
  std::vector<Cell> cells_;
  std::vector<Group> groups_;
  std::vector<uint32_t> free_groups_;
  uint32_t free_cell_ = 0;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_SHADOW_H_
