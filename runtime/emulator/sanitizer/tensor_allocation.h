// A CTA's tensor memory allocations.
#ifndef ATTNJIT_RUNTIME_EMULATOR_SANITIZER_TENSOR_ALLOCATION_H_
#define ATTNJIT_RUNTIME_EMULATOR_SANITIZER_TENSOR_ALLOCATION_H_

#include <cstdint>
#include <string>
#include <vector>

namespace attnjit::emulator {

/// PTX ISA 9.7.16.7: a power of two of columns from 32 to 512, later ones not larger, one cta_group
/// throughout, none after relinquishing, everything freed as it was allocated.
class TensorAllocation {
 public:
  static constexpr uint32_t kColumns = 512;

  struct Range {
    uint32_t column;
    uint32_t columns;
  };

  /// What is wrong, or "". The allocation stands in any case.
  std::string Allocate(Range range, uint32_t cta_group);
  /// What is wrong, or "" (then the range is free).
  std::string Free(Range range, uint32_t cta_group);
  void Relinquish() { relinquished_ = true; }

  /// Whether all of it is allocated.
  bool Contains(Range range) const;
  const std::vector<Range>& ranges() const { return ranges_; }

 private:
  std::string CheckGroup(uint32_t cta_group);

  std::vector<Range> ranges_;
  uint32_t group_ = 0;
  uint32_t last_columns_ = kColumns;
  bool relinquished_ = false;
};

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_SANITIZER_TENSOR_ALLOCATION_H_
