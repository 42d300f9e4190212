#include "tests/emulator/matrix/tcgen05_oracle.h"

#include <array>
#include <map>

namespace attnjit::emulator::oracle {
namespace {

/// A CuTe layout: index -> offset, by mixed-radix digits, first mode fastest.
struct Modes {
  std::vector<std::pair<int, int>> modes;  ///< Shape, stride.
  int operator()(int index) const {
    int offset = 0;
    for (auto [shape, stride] : modes) {
      offset += index % shape * stride;
      index /= shape;
    }
    return offset;
  }
};

/// A shape's .x1 traits: bits of a row, and thread and value (32-bit register) to logical bit.
/// copy_traits_sm100.hpp, DstLayout of SM100_TMEM_LOAD_*1x; the logical bit is row-major over 16 or
/// 32 rows of `row_bits`. Of .xN the rows are N times as long and the repeats follow one another.
struct Traits {
  int row_bits;
  int registers;
  // Strides below are (rows, bits within the row).
  std::vector<std::array<int, 3>> thread;  ///< Shape, rows, bits.
  std::vector<std::array<int, 3>> value;
};

const std::map<std::string, Traits>& AllTraits() {
  static const std::map<std::string, Traits> kTraits = {
      // Shape<4,8>:Stride<64,256>, values <64,2>:<1,2048>: 2048 bits are 8 rows of 256.
      {"16x256b", {256, 4, {{4, 0, 64}, {8, 1, 0}}, {{2, 0, 32}, {2, 8, 0}}}},
      // Shape<4,8>:Stride<32,128>, values <32,2>:<1,1024>.
      {"16x128b", {128, 2, {{4, 0, 32}, {8, 1, 0}}, {{2, 8, 0}}}},
      // Shape<2,2,8>:Stride<512,32,64>, one value.
      {"16x64b", {64, 1, {{2, 8, 0}, {2, 0, 32}, {8, 1, 0}}, {}}},
      // Shape<32>:Stride<32>.
      {"32x32b", {32, 1, {{32, 1, 0}}, {}}},
      // Shape<16,2>:Stride<64,32>: the second half warp reads the second half.
      {"16x32bx2", {32, 1, {{16, 1, 0}, {2, 0, 0}}, {}}}};
  return kTraits;
}

}  // namespace

std::vector<Word> FragmentWords(const std::string& shape, int repeat, bool packed, int half_split,
                                int t, int r) {
  const Traits& traits = AllTraits().at(shape);
  (void)repeat;
  int lane = 0, bit = r / traits.registers * traits.row_bits;
  int rest = t;
  for (auto [size, rows, bits] : traits.thread) {
    lane += rest % size * rows;
    bit += rest % size * bits;
    rest /= size;
  }
  rest = r % traits.registers;
  for (auto [size, rows, bits] : traits.value) {
    lane += rest % size * rows;
    bit += rest % size * bits;
    rest /= size;
  }
  int second = shape == "16x32bx2" && t >= 16 ? half_split : 0;
  if (!packed) return {{lane, bit / 32 + second}};
  // ValID Shape<16,..>:Stride<1,32>: 16 logical bits stand in each 32-bit column.
  return {{lane, bit / 16 + second}, {lane, bit / 16 + 1 + second}};
}

Place DPlace(int cta_group, int m_size, int n_size, int m, int n) {
  if (cta_group == 1 && m_size == 128) return {0, m, n};  // Layout D.
  // Layout F, half of the lanes: Shape<<16,4>,N>:Stride<<1,32>,128>.
  if (cta_group == 1) return {0, 32 * (m / 16) + m % 16, n};
  if (m_size == 256) return {m / 128, m % 128, n};  // Layout A.
  // Layout B: Shape<64,<N/2,2>>:Stride<1,<128,64>>.
  return {m / 64, m % 64 + (n >= n_size / 2 ? 64 : 0), n % (n_size / 2)};
}

Place APlace(int cta_group, int m_size, int n_size, int m, int n) {
  Place place = DPlace(cta_group, m_size, n_size, m, n);
  place.column = 0;  // Same lanes; "Duplicated" for layout B: both halves hold A.
  return place;
}

std::vector<int> CopyLanes(const std::string& shape, int row) {
  // ValID of SM100_UTCCP_*, logical row to lane, with the broadcast modes spread out.
  if (shape == "128x256b" || shape == "128x128b") return {row};
  if (shape == "4x256b") return {Modes{{{4, 32}}}(row)};
  std::vector<int> lanes;
  if (shape == "64x128b.02_13") {
    for (int copy = 0; copy < 2; ++copy)
      lanes.push_back(Modes{{{64, 1}, {2, 64}}}(row + 64 * copy));
  } else if (shape == "64x128b.01_23") {
    for (int copy = 0; copy < 2; ++copy) {
      lanes.push_back(Modes{{{32, 1}, {2, 64}, {2, 32}}}(row + 64 * copy));
    }
  } else {
    for (int copy = 0; copy < 4; ++copy)
      lanes.push_back(Modes{{{32, 1}, {4, 32}}}(row + 32 * copy));
  }
  return lanes;
}

}  // namespace attnjit::emulator::oracle
