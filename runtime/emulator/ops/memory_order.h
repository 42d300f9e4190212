// What strong loads, stores and atomics tell the happens-before monitor.
#ifndef ATTNJIT_RUNTIME_EMULATOR_OPS_MEMORY_ORDER_H_
#define ATTNJIT_RUNTIME_EMULATOR_OPS_MEMORY_ORDER_H_

#include <cstdint>

#include "runtime/emulator/machine/warp.h"

namespace attnjit::emulator {

/// The lanes publish to, or learn from, the memory at their addresses. Relaxed and volatile
/// accesses count too: with a fence, which programs put beside them, they synchronise (PTX
/// ISA 8.8), and the sanitizer rather misses a race than reports one that is none.
void ReleaseTo(Warp& warp, Space space, const uint64_t* addresses, uint32_t lanes);
void AcquireFrom(Warp& warp, Space space, const uint64_t* addresses, uint32_t lanes);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_OPS_MEMORY_ORDER_H_
