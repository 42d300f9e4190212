// Bulk tensor copies from shared to global memory (PTX ISA 9.7.9.27).
#pragma once

#include "ptx/tma.h"

namespace attnjit {

/// Stores a box at (column, row, head, batch); what lies outside of the tensor is left out. Joins
/// this thread's current bulk group. One thread calls it.
ATTNJIT_DEVICE void TmaStore(const TensorMap& map, u32 smem, int column, int row, int head,
                             int batch) {
  asm volatile(
      "cp.async.bulk.tensor.4d.global.shared::cta.tile.bulk_group"
      " [%0, {%2, %3, %4, %5}], [%1];\n" ::"l"(&map),
      "r"(smem), "r"(column), "r"(row), "r"(head), "r"(batch)
      : "memory");
}

ATTNJIT_DEVICE void BulkCommit() { asm volatile("cp.async.bulk.commit_group;\n" ::: "memory"); }

/// Waits until this thread's bulk groups have read their shared memory.
ATTNJIT_DEVICE void BulkWaitRead() {
  asm volatile("cp.async.bulk.wait_group.read 0;\n" ::: "memory");
}

}  // namespace attnjit
