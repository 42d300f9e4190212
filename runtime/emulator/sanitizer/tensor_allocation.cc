#include "runtime/emulator/sanitizer/tensor_allocation.h"

#include <algorithm>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit::emulator {

std::string TensorAllocation::Allocate(Range range, uint32_t cta_group) {
  std::string problem = CheckGroup(cta_group);
  const bool power_of_two = (range.columns & (range.columns - 1)) == 0;
  if (range.columns < 32 || range.columns > kColumns || !power_of_two) {
    problem =
        llvm::formatv("{0} columns allocated, not a power of two from 32 to 512", range.columns);
  } else if (relinquished_) {
    problem = "allocation after tcgen05.relinquish_alloc_permit";
  } else if (range.columns > last_columns_) {
    problem = llvm::formatv(
        "{0} columns allocated after an allocation of {1}: later ones may not "
        "be larger",
        range.columns, last_columns_);
  }
  for (const Range& other : ranges_) {
    if (range.column < other.column + other.columns &&
        other.column < range.column + range.columns) {
      problem = llvm::formatv("columns {0} to {1} allocated twice", range.column,
                              range.column + range.columns - 1);
    }
  }
  last_columns_ = range.columns;
  ranges_.push_back(range);
  return problem;
}

std::string TensorAllocation::Free(Range range, uint32_t cta_group) {
  const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& other) {
    return other.column == range.column && other.columns == range.columns;
  });
  if (found == ranges_.end()) {
    return llvm::formatv("{0} columns at {1} freed that are no allocation", range.columns,
                         range.column);
  }
  ranges_.erase(found);
  return CheckGroup(cta_group);
}

bool TensorAllocation::Contains(Range range) const {
  uint32_t column = range.column;
  const uint32_t end = range.column + range.columns;
  while (column < end) {
    const auto found = std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& other) {
      return other.column <= column && column < other.column + other.columns;
    });
    if (found == ranges_.end()) return false;
    column = found->column + found->columns;
  }
  return true;
}

std::string TensorAllocation::CheckGroup(uint32_t cta_group) {
  if (group_ != 0 && group_ != cta_group) {
    return llvm::formatv("cta_group::{0} after cta_group::{1} in one kernel", cta_group, group_);
  }
  group_ = cta_group;
  return "";
}

}  // namespace attnjit::emulator
