#include "runtime/emulator/matrix/tensor_memory.h"

#include <bit>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {
namespace {

template <class... Args>
llvm::Error Fail(const char* format, Args&&... args) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 llvm::formatv(format, std::forward<Args>(args)...).str());
}

std::bitset<kTensorLanes> LaneMask(int lane, int lanes) {
  std::bitset<kTensorLanes> mask;
  mask.set();
  return mask >> (kTensorLanes - lanes) << lane;
}

}  // namespace

TensorMemory::TensorMemory() : words_(new uint32_t[kTensorLanes * kTensorColumns]()) {}

void TensorMemory::SetInitialised(TensorAddress at, int lanes, int columns, bool value) {
  std::bitset<kTensorLanes> mask = LaneMask(at.lane, lanes);
  for (int column = at.column; column < at.column + columns; ++column) {
    if (value) {
      initialised_[column] |= mask;
    } else {
      initialised_[column] &= ~mask;
    }
  }
}

llvm::Error TensorMemory::CheckRange(TensorAddress at, int lanes, int columns) const {
  if (at.lane + lanes > kTensorLanes || at.column + columns > kTensorColumns) {
    return Fail("{0} lanes x {1} columns from lane {2}, column {3} leave tensor memory", lanes,
                columns, at.lane, at.column);
  }
  int column = at.column;
  while (column < at.column + columns) {
    const Allocation* holder = nullptr;
    for (const Allocation& allocation : allocations_) {
      if (static_cast<uint32_t>(column) - allocation.column < allocation.columns) {
        holder = &allocation;
      }
    }
    if (holder == nullptr) {
      return Fail("column {0} of tensor memory is not allocated", column);
    }
    column = static_cast<int>(holder->column + holder->columns);
  }
  return llvm::Error::success();
}

llvm::Error TensorMemory::CheckAllocation(uint32_t columns) const {
  if (columns < kTensorAllocationUnit || columns > kTensorColumns ||
      !std::has_single_bit(columns)) {
    return Fail("an allocation of {0} columns is not a power of two from 32 to 512", columns);
  }
  if (relinquished_) return Fail("an allocation after tcgen05.relinquish_alloc_permit");
  if (columns > last_size_) {
    return Fail("an allocation of {0} columns after one of {1}", columns, last_size_);
  }
  return llvm::Error::success();
}

std::optional<uint32_t> TensorMemory::FindFree(uint32_t columns, const TensorMemory* peer) const {
  auto free = [columns](const TensorMemory& memory, uint32_t column) {
    for (const Allocation& allocation : memory.allocations_) {
      if (column < allocation.column + allocation.columns && allocation.column < column + columns) {
        return false;
      }
    }
    return true;
  };
  for (uint32_t column = 0; column + columns <= kTensorColumns; column += columns) {
    if (free(*this, column) && (peer == nullptr || free(*peer, column))) return column;
  }
  return std::nullopt;
}

void TensorMemory::AllocateAt(uint32_t column, uint32_t columns) {
  allocations_.push_back({column, columns});
  last_size_ = columns;
  SetInitialised({0, static_cast<int>(column)}, kTensorLanes, static_cast<int>(columns), false);
}

llvm::Error TensorMemory::Deallocate(uint32_t address, uint32_t columns) {
  for (size_t i = 0; i < allocations_.size(); ++i) {
    if (MakeTensorAddress(0, static_cast<int>(allocations_[i].column)) != address) continue;
    if (allocations_[i].columns != columns) {
      return Fail("an allocation of {0} columns is freed as {1}", allocations_[i].columns, columns);
    }
    allocations_.erase(allocations_.begin() + static_cast<std::ptrdiff_t>(i));
    return llvm::Error::success();
  }
  return Fail("tensor memory address {0:x} is not an allocation's", address);
}

uint32_t TensorMemory::AllocatedColumns() const {
  uint32_t columns = 0;
  for (const Allocation& allocation : allocations_) columns += allocation.columns;
  return columns;
}

}  // namespace attnjit::emulator
