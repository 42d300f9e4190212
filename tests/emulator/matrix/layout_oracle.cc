#include "tests/emulator/matrix/layout_oracle.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>

namespace attnjit::emulator::oracle {
namespace {

/// Swizzle<B, M, S>: bits M .. M+B-1 are XORed with the bits S places above, one at a time.
uint32_t SwizzleBits(uint32_t address, int b, int m, int s) {
  uint32_t result = address;
  for (int bit = m; bit < m + b; ++bit) {
    if (address >> (bit + s) & 1) result ^= 1u << bit;
  }
  return result;
}

}  // namespace

uint32_t UnitAddress(const Canonical& layout, int element_bytes, int mn, int k) {
  const int t = 16 / element_bytes;
  const int width = 1 << layout.swizzle_bits;  // In units of T elements.
  uint32_t bytes = 0;
  if (layout.k_major) {
    // ((8,m),(T,2k)) : ((width T, SBO), (1, LBO or T)).
    int row8 = mn % 8, m = mn / 8, unit = k / t;
    bytes =
        row8 * width * 16 + m * layout.sbo + unit * (layout.swizzle_bits == 0 ? layout.lbo : 16);
  } else if (layout.swizzle_bits == 0) {
    // ((T,1,m),(8,k)) : ((1,T,SBO),(1T,LBO)).
    int m = mn / t, k8 = k % 8, kk = k / 8;
    bytes = m * layout.sbo + k8 * 16 + kk * layout.lbo;
  } else {
    // ((T,width,m),(8,k)) : ((1,T,LBO),(width T,SBO)); 8x4 atoms have 4 in place of 8.
    int rows = layout.atoms_of_32 ? 4 : 8;
    int w = mn / t % width, m = mn / (t * width), k8 = k % rows, kk = k / rows;
    bytes = w * 16 + m * layout.lbo + k8 * width * 16 + kk * layout.sbo;
  }
  uint32_t address = layout.start + bytes;
  return layout.atoms_of_32 ? SwizzleBits(address, 2, 5, 2)
                            : SwizzleBits(address, layout.swizzle_bits, 4, 3);
}

uint32_t ElementAddress(const Canonical& layout, int element_bytes, int mn, int k) {
  int within = (layout.k_major ? k : mn) % (16 / element_bytes);
  return UnitAddress(layout, element_bytes, mn, k) + within * element_bytes;
}

Coordinates MmaA(int bits, int lane, int i) {
  int group = lane >> 2, in_group = lane % 4;
  if (bits == 32) {  // m16n8k8 .tf32
    return {i == 0 || i == 2 ? group : group + 8, i < 2 ? in_group : in_group + 4};
  }
  if (bits == 16) {  // m16n8k16
    bool first = (0 <= i && i < 2) || (4 <= i && i < 6);
    return {first ? group : group + 8, i < 4 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8};
  }
  bool first = (0 <= i && i < 4) || (8 <= i && i < 12);  // m16n8k32
  return {first ? group : group + 8, i < 8 ? in_group * 4 + (i & 3) : in_group * 4 + (i & 3) + 16};
}

Coordinates MmaB(int bits, int lane, int i) {
  int group = lane >> 2, in_group = lane % 4;
  if (bits == 32) return {i == 0 ? in_group : in_group + 4, group};
  if (bits == 16) return {i < 2 ? in_group * 2 + (i & 1) : in_group * 2 + (i & 1) + 8, group};
  return {i < 4 ? in_group * 4 + (i & 3) : in_group * 4 + (i & 3) + 16, group};
}

Coordinates MmaC(int lane, int i) {
  int group = lane >> 2, in_group = lane % 4;
  return {i < 2 ? group : group + 8, in_group * 2 + (i & 1)};
}

Coordinates WgmmaD(int thread, int i) {
  // Four warps stacked along M, mma's C repeated along N.
  Coordinates in_tile = MmaC(thread % 32, i % 4);
  return {16 * (thread / 32) + in_tile.row, 8 * (i / 4) + in_tile.column};
}

double Value(const std::string& type, uint32_t bits) {
  struct Format {
    int exponent, mantissa, bias;
  };
  static const std::map<std::string, Format> kFormats = {
      {"f16", {5, 10, 15}}, {"bf16", {8, 7, 127}}, {"tf32", {8, 10, 127}}, {"e4m3", {4, 3, 7}},
      {"e5m2", {5, 2, 15}}, {"e2m3", {2, 3, 1}},   {"e3m2", {3, 2, 3}},    {"e2m1", {2, 1, 1}}};
  if (type == "s8") return static_cast<int>(bits & 0xFF) - (bits & 0x80 ? 256 : 0);
  if (type == "u8") return bits & 0xFF;
  Format format = kFormats.at(type);
  if (type == "tf32") bits >>= 13;  // The lower bits do not count.
  if (type == "e2m1") bits >>= 2;   // In the middle of its byte.
  int exponent = static_cast<int>(bits >> format.mantissa) & ((1 << format.exponent) - 1);
  int mantissa = static_cast<int>(bits) & ((1 << format.mantissa) - 1);
  double sign = bits >> (format.exponent + format.mantissa) & 1 ? -1 : 1;
  bool top = exponent == (1 << format.exponent) - 1;
  bool ieee = type == "f16" || type == "bf16" || type == "tf32" || type == "e5m2";
  if (top && ieee) {
    return mantissa ? std::numeric_limits<double>::quiet_NaN()
                    : sign * std::numeric_limits<double>::infinity();
  }
  if (type == "e4m3" && top && mantissa == 7) return std::numeric_limits<double>::quiet_NaN();
  double fraction = std::ldexp(mantissa, -format.mantissa);
  return exponent == 0 ? sign * std::ldexp(fraction, 1 - format.bias)
                       : sign * std::ldexp(1 + fraction, exponent - format.bias);
}

uint32_t SmallElement(const std::string& type, uint32_t random) {
  if (type == "s8" || type == "u8") return random & 0xFF;
  static std::map<std::string, std::array<uint32_t, 7>> found;
  auto [entry, is_new] = found.try_emplace(type);
  uint32_t step = type == "tf32" ? 1u << 16 : 1;
  for (int value = -3; is_new && value <= 3; ++value) {
    uint32_t bits = 0;
    while (Value(type, bits) != value) bits += step;
    entry->second[value + 3] = bits;
  }
  return entry->second[random % 7];
}

}  // namespace attnjit::emulator::oracle
