// Where the elements of a matrix stand in the registers of a warp or warpgroup.
//
// t is the thread: 0..31 in a warp, 0..127 in a warpgroup. A register holds 4 / bytes elements, the
// first in its low bits; `i` counts them. Sources: PTX ISA 9.x section 9.7.14.5 (mma, ldmatrix,
// stmatrix, movmatrix) and 9.7.15.5.1.1 (wgmma).
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_FRAGMENT_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_FRAGMENT_H_

namespace attnjit::emulator {

struct Place {
  int row = 0;
  int column = 0;
};

/// C and D of mma.m16n8 and, with t to 127 and any n, D of wgmma.m64nN: 32-bit accumulator r.
/// f16 accumulators: register r holds accumulators 2r and 2r + 1.
constexpr Place AccumulatorPlace(int t, int r) {
  return {16 * (t / 32) + (t % 32) / 4 + 8 * ((r >> 1) & 1), 8 * (r >> 2) + 2 * (t % 4) + (r & 1)};
}

/// A of mma.m16n8kK and wgmma.m64nNkK (four registers; mma with half of that K has two): row m and
/// column k of element i of register r. bytes: 1, 2 or 4 of an element.
constexpr Place APlace(int bytes, int t, int r, int i) {
  int per_register = 4 / bytes;
  return {16 * (t / 32) + (t % 32) / 4 + 8 * (r & 1),
          per_register * (t % 4) + i + 4 * per_register * (r >> 1)};
}

/// B of mma.m16n8kK: row k and column n of element i of register r.
constexpr Place BPlace(int bytes, int t, int r, int i) {
  int per_register = 4 / bytes;
  return {per_register * (t % 4) + i + 4 * per_register * r, t / 4};
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_FRAGMENT_H_
