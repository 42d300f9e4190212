// Roles of warps and threads: named barriers, register hand-over, election, shared addresses.
#pragma once

#include "types.h"

namespace attnjit {

/// Waits at named barrier `id` until `threads` have arrived or waited (PTX ISA 9.7.13.1).
ATTNJIT_DEVICE void BarrierSync(int id, int threads) {
  asm volatile("bar.sync %0, %1;\n" ::"r"(id), "r"(threads) : "memory");
}
ATTNJIT_DEVICE void BarrierArrive(int id, int threads) {
  asm volatile("bar.arrive %0, %1;\n" ::"r"(id), "r"(threads) : "memory");
}

/// Gives registers back, or takes them (PTX ISA 9.7.19.5); every warp of the warpgroup calls it.
template <int kRegisters>
ATTNJIT_DEVICE void ReleaseRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;\n" ::"n"(kRegisters));
}
template <int kRegisters>
ATTNJIT_DEVICE void AcquireRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;\n" ::"n"(kRegisters));
}

/// True in one lane of a converged warp (PTX ISA 9.7.13.14).
ATTNJIT_DEVICE bool ElectOne() {
  u32 elected;
  asm volatile("{\n.reg .pred p;\nelect.sync _|p, 0xffffffff;\nselp.u32 %0, 1, 0, p;\n}\n"
               : "=r"(elected));
  return elected != 0;
}

/// A value that is the same in every lane, known to the compiler as such.
ATTNJIT_DEVICE int WarpUniform(int value) { return __shfl_sync(0xffffffff, value, 0); }

}  // namespace attnjit
