// The tensor memory of one CTA: words, which of them are initialised, and its allocation.
//
// 128 lanes x 512 columns of 32 bits; an address is lane << 16 | column. Sources: PTX ISA 9.x
// sections 9.7.16.1 (addresses, allocation) and 9.7.16.7 (alloc, dealloc, relinquish_alloc_permit).
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_MEMORY_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_MEMORY_H_

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "llvm/Support/Error.h"

namespace attnjit::emulator {

constexpr int kTensorLanes = 128;
constexpr int kTensorColumns = 512;
constexpr uint32_t kTensorAllocationUnit = 32;  ///< Columns.

struct TensorAddress {
  int lane = 0;
  int column = 0;
};

constexpr TensorAddress ParseTensorAddress(uint32_t address) {
  return {static_cast<int>(address >> 16), static_cast<int>(address & 0xFFFF)};
}
constexpr uint32_t MakeTensorAddress(int lane, int column) {
  return static_cast<uint32_t>(lane) << 16 | static_cast<uint32_t>(column);
}

/// 256 KiB of words, kept column by column: a column's 128 lanes are adjacent. One thread.
class TensorMemory {
 public:
  TensorMemory();

  uint32_t* Column(int column) { return words_.get() + column * kTensorLanes; }
  const uint32_t* Column(int column) const { return words_.get() + column * kTensorLanes; }

  /// Bit l: whether lane l of the column holds something.
  std::bitset<kTensorLanes>& Initialised(int column) { return initialised_[column]; }
  const std::bitset<kTensorLanes>& Initialised(int column) const { return initialised_[column]; }

  /// Marks a rectangle. It must lie inside of the memory.
  void SetInitialised(TensorAddress at, int lanes, int columns, bool value);

  /// Errors: part of the rectangle lies outside of the memory or in columns not allocated.
  llvm::Error CheckRange(TensorAddress at, int lanes, int columns) const;

  // Allocation. `columns`: a power of two from 32 to 512, no more than an earlier allocation's.
  // cta_group::2 allocates in both CTAs of the pair: FindFree on both, then AllocateAt on both.

  /// Whether such an allocation is legal now. Errors: the rule that is broken.
  llvm::Error CheckAllocation(uint32_t columns) const;
  /// The lowest column, a multiple of `columns`, from which they are free; also in `peer`, if
  /// given.
  std::optional<uint32_t> FindFree(uint32_t columns, const TensorMemory* peer = nullptr) const;
  /// Takes free columns; their contents are uninitialised.
  void AllocateAt(uint32_t column, uint32_t columns);
  /// Errors: not the address and size of a live allocation.
  llvm::Error Deallocate(uint32_t address, uint32_t columns);
  void Relinquish() { relinquished_ = true; }
  bool relinquished() const { return relinquished_; }
  /// Columns allocated and not freed: 0 is required when a kernel ends.
  uint32_t AllocatedColumns() const;

 private:
  struct Allocation {
    uint32_t column;
    uint32_t columns;
  };
  std::unique_ptr<uint32_t[]> words_;
  std::array<std::bitset<kTensorLanes>, kTensorColumns> initialised_;
  std::vector<Allocation> allocations_;
  uint32_t last_size_ = kTensorColumns;
  bool relinquished_ = false;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_TENSOR_MEMORY_H_
