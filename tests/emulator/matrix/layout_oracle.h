// Layouts of matrices as the PTX ISA states them, element by element, for comparison with the
// emulator's formulas. Written from the ISA's tables, not from the code.
#ifndef ATTNJIT_TESTS_EMULATOR_MATRIX_LAYOUT_ORACLE_H_
#define ATTNJIT_TESTS_EMULATOR_MATRIX_LAYOUT_ORACLE_H_

#include <cstdint>
#include <string>

namespace attnjit::emulator::oracle {

/// A canonical layout: PTX ISA 9.7.15.5.1.2.1.3 and 9.7.16.3.3, "Canonical Layouts", in 16-byte
/// units along the major dimension.
struct Canonical {
  bool k_major = true;
  int swizzle_bits = 0;                  ///< Swizzle<B,4,3>: 0 to 3.
  bool atoms_of_32 = false;              ///< Swizzle<2,5,2> of 9.7.16.10.6's 8x4 atoms instead.
  uint32_t start = 0, lbo = 0, sbo = 0;  ///< Bytes.
};

/// Byte address of the first byte of the 16-byte unit that holds element (mn, k).
uint32_t UnitAddress(const Canonical& layout, int element_bytes, int mn, int k);
/// Byte address of element (mn, k), a whole number of bytes.
uint32_t ElementAddress(const Canonical& layout, int element_bytes, int mn, int k);

/// Matrix coordinates of element i of a thread's fragment, counted over its registers, low first.
struct Coordinates {
  int row;
  int column;
};
/// PTX ISA 9.7.14.5.6 to .10: A, B, C of mma.m16n8kK; bits: 8, 16 or 32.
Coordinates MmaA(int bits, int lane, int i);
Coordinates MmaB(int bits, int lane, int i);
Coordinates MmaC(int lane, int i);
/// 9.7.15.5.1.1 (figures 148 to 153): wgmma D; A has mma's layout in each warp's 16 rows.
Coordinates WgmmaD(int thread, int i);

/// Value of an element, from the formats' definitions.
double Value(const std::string& type, uint32_t bits);
/// Bits of -3, -2, .. 3 (integers: of any value), so that sums of products are exact in every type.
uint32_t SmallElement(const std::string& type, uint32_t random);

}  // namespace attnjit::emulator::oracle

#endif  // ATTNJIT_TESTS_EMULATOR_MATRIX_LAYOUT_ORACLE_H_
