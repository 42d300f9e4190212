// The patterns by which TMA and matrix descriptors exchange bytes of shared memory.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_SWIZZLE_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_SWIZZLE_H_

#include <cstdint>

namespace attnjit::emulator {

/// In the order of CUtensorMapSwizzle.
enum class Swizzle : uint8_t {
  kNone,
  k32B,
  k64B,
  k128B,
  k128BAtom32B,        ///< Swaps 32-byte pieces: tcgen05's transposed 32-bit operands, and TMA.
  k128BAtom32BFlip8B,  ///< TMA only.
  k128BAtom64B,        ///< Swaps 64-byte pieces: TMA only.
};

/// Bytes of a row of the pattern: 16 (none), 32, 64 or 128.
constexpr uint32_t SwizzleWidth(Swizzle swizzle) {
  switch (swizzle) {
    case Swizzle::kNone:
      return 16;
    case Swizzle::k32B:
      return 32;
    case Swizzle::k64B:
      return 64;
    default:
      return 128;
  }
}

/// Where the byte that belongs at shared memory address `address` lies (PTX ISA 5.5.7). The XOR
/// takes its bits from the address itself, so the pattern starts at multiples of 8 (atoms of 32
/// bytes: 4) rows of SwizzleWidth.
constexpr uint32_t SwizzleAddress(Swizzle swizzle, uint32_t address) {
  switch (swizzle) {
    case Swizzle::kNone:
      return address;
    case Swizzle::k32B:
      return address ^ (address >> 3 & 0x10);
    case Swizzle::k64B:
      return address ^ (address >> 3 & 0x30);
    case Swizzle::k128B:
      return address ^ (address >> 3 & 0x70);
    case Swizzle::k128BAtom32B:
      return address ^ (address >> 2 & 0x60);
    case Swizzle::k128BAtom32BFlip8B:
      // Every other line of 128 bytes exchanges the halves of its 16-byte chunks.
      return address ^ (address >> 2 & 0x60) ^ (address >> 4 & 0x08);
    case Swizzle::k128BAtom64B:
      return address ^ (address >> 1 & 0x40);
  }
  return address;
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_SWIZZLE_H_
