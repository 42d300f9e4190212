// Asynchronous copies from global to shared memory in groups; sm_80 and up. PTX ISA 9.7.9.25.3.
#pragma once

#include "types.h"

namespace attnjit {

/// Copies `source_bytes` (0 or 16) bytes, past L1, and fills the rest of the 16 with zeros; with 0
/// the source is not read. Both addresses are 16-byte aligned. "cp.async".
ATTNJIT_DEVICE void CpAsync16(u32 target, const void* source, u32 source_bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(target), "l"(__cvta_generic_to_global(source)), "r"(source_bytes)
               : "memory");
}

/// Ends this thread's current group, which may be empty. "cp.async.commit_group".
ATTNJIT_DEVICE void CpAsyncCommit() { asm volatile("cp.async.commit_group;" ::: "memory"); }

/// Waits until all but this thread's last kPending groups have landed, for this thread to see:
/// others need a barrier too. "cp.async.wait_group".
template <int kPending>
ATTNJIT_DEVICE void CpAsyncWait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

}  // namespace attnjit
