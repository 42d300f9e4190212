// Addresses as instructions take them.
#pragma once

#include "types.h"

namespace attnjit {

/// A generic pointer to shared memory as an address in the shared window. PTX ISA 9.7.9.20 "cvta".
ATTNJIT_DEVICE u32 SharedAddress(const void* pointer) {
  return static_cast<u32>(__cvta_generic_to_shared(pointer));
}

/// pointer + index * bytes in one instruction, which widens index without a register for its upper
/// half. PTX ISA 9.7.1.4 "mad".
ATTNJIT_DEVICE const u8* Advance(const u8* pointer, u32 index, u32 bytes) {
  u64 address;
  asm("mad.wide.u32 %0, %1, %2, %3;"
      : "=l"(address)
      : "r"(index), "r"(bytes), "l"(reinterpret_cast<u64>(pointer)));
  return reinterpret_cast<const u8*>(address);
}

}  // namespace attnjit
