// Warpgroup matrix multiply: descriptors, fences and the declaration that ptx/wgmma/nNNN.h fill in.
#pragma once

#include "problem.h"

namespace attnjit {

/// D[64 x kN] (+)= A[64 x 16] * B[16 x kN], D in fp32 registers: register r of thread t holds row
/// 16*(t/32) + (t%32)/4 + 8*((r>>1)&1), column 8*(r>>2) + 2*(t%4) + (r&1) (PTX ISA 9.7.15.5.1.1).
/// kTransposeB: 0 for K-major B (each row of B's tile holds consecutive k), 1 for MN-major.
///
///   SharedShared(d, a[], b[], accumulate)   one or four k16 steps, A and B by descriptor
///   RegisterShared(d, a[], b[])             the same, A in four registers a step; accumulates
///   Pin(d)                                  keeps the compiler from moving accesses of the
///                                           accumulator across a WgmmaWait or WgmmaFence
template <int kN, Element kElement, int kTransposeB>
struct Wgmma;

/// The parts of a shared-memory matrix descriptor that do not depend on the address (PTX ISA
/// 9.7.15.5.1.2.2): bits 16-29 leading byte offset >> 4, 32-45 stride byte offset >> 4, 62-63
/// swizzle (1: 128 bytes, 2: 64, 3: 32). The base offset is 0: tiles start at multiples of 8 rows.
ATTNJIT_HOST_DEVICE constexpr u64 MatrixDescriptor(int leading_bytes, int stride_bytes,
                                                   int swizzle_bytes) {
  const u64 swizzle = swizzle_bytes == 128 ? 1 : swizzle_bytes == 64 ? 2 : 3;
  return (static_cast<u64>((leading_bytes >> 4) & 0x3fff) << 16) |
         (static_cast<u64>((stride_bytes >> 4) & 0x3fff) << 32) | (swizzle << 62);
}

#ifdef ATTNJIT_DEVICE
/// Bits 0-13: the matrix start address >> 4. `smem` is an address in the shared window.
ATTNJIT_DEVICE u64 DescriptorAddress(u32 smem) { return (smem & 0x3ffff) >> 4; }

/// Orders register and shared-memory accesses before the wgmma instructions that follow.
ATTNJIT_DEVICE void WgmmaFence() { asm volatile("wgmma.fence.sync.aligned;\n" ::: "memory"); }
ATTNJIT_DEVICE void WgmmaCommit() {
  asm volatile("wgmma.commit_group.sync.aligned;\n" ::: "memory");
}
/// Waits until at most kPending of the newest groups are in flight.
template <int kPending>
ATTNJIT_DEVICE void WgmmaWait() {
  asm volatile("wgmma.wait_group.sync.aligned %0;\n" ::"n"(kPending) : "memory");
}
#endif

}  // namespace attnjit
