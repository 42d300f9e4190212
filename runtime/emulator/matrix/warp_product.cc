#include "runtime/emulator/matrix/warp_product.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "runtime/emulator/matrix/product.h"

namespace attnjit::emulator {
namespace {

constexpr int kMaxK = 32;
constexpr int kMaxN = 256;
constexpr int kWarps = 4;

int KOf(ElementType type) { return 32 / ElementBytes(type); }

/// kPer elements of one of A's registers into panel[k * stride + row]; stride: 16 or 64.
template <int kPer, int kStride>
void ScatterA(const float* values, bool negate, float* panel) {
  for (int t = 0; t < 32; ++t) {
    for (int i = 0; i < kPer; ++i) {
      float value = values[kPer * t + i];
      panel[(kPer * (t % 4) + i) * kStride + t / 4] = negate ? -value : value;
    }
  }
}

/// A's registers of one warp into panel[k * kStride + row].
template <int kStride>
void GatherA(ElementType type, const uint32_t* const* registers, int count, bool negate,
             float* panel) {
  const int per = 4 / ElementBytes(type);
  for (int r = 0; r < count; ++r) {
    float values[4 * 32];
    DecodeWords(type, registers[r], 32, values);
    float* at = panel + 4 * per * (r >> 1) * kStride + 8 * (r & 1);
    if (per == 1) ScatterA<1, kStride>(values, negate, at);
    if (per == 2) ScatterA<2, kStride>(values, negate, at);
    if (per == 4) ScatterA<4, kStride>(values, negate, at);
  }
}

/// mma.sync's B registers into panel[k * 8 + column], columns in fragment order.
void GatherB(ElementType type, const uint32_t* const* registers, int count, float* panel) {
  const int per = 4 / ElementBytes(type);
  for (int r = 0; r < count; ++r) {
    float values[4 * 32];
    DecodeWords(type, registers[r], 32, values);
    float* at = panel + 4 * per * r * 8;
    for (int t = 0; t < 32; ++t) {
      int column = t / 4, place = (column & 1) << 2 | column >> 1;
      for (int i = 0; i < per; ++i) at[(per * (t % 4) + i) * 8 + place] = values[per * t + i];
    }
  }
}

void WidenHalfs(const uint32_t* pairs, uint32_t* low, uint32_t* high) {
  for (int t = 0; t < 32; ++t) {
    low[t] = std::bit_cast<uint32_t>(HalfToFloat(static_cast<uint16_t>(pairs[t])));
    high[t] = std::bit_cast<uint32_t>(HalfToFloat(static_cast<uint16_t>(pairs[t] >> 16)));
  }
}

void NarrowHalfs(const uint32_t* low, const uint32_t* high, uint32_t* pairs) {
  for (int t = 0; t < 32; ++t) {
    pairs[t] = FloatToHalf(std::bit_cast<float>(low[t])) |
               static_cast<uint32_t>(FloatToHalf(std::bit_cast<float>(high[t]))) << 16;
  }
}

/// d = c + sum, where `sum` is an f32 that holds an integer exactly: 32 products of 8 bits do.
void AddIntegers(const uint32_t* sum, const uint32_t* c, bool saturate, uint32_t* d) {
  for (int t = 0; t < 32; ++t) {
    int64_t value = static_cast<int64_t>(std::bit_cast<float>(sum[t]));
    if (c != nullptr) value += static_cast<int32_t>(c[t]);
    if (saturate) {
      value = std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                                  std::numeric_limits<int32_t>::max());
    }
    d[t] = static_cast<uint32_t>(value);
  }
}

/// Accumulators as f32 words: sums[r * 32 + t], filled from C's registers where they are used.
void LoadSums(AccumulatorType type, const uint32_t* const* c, int registers, bool accumulate,
              uint32_t* sums) {
  if (!accumulate || type == AccumulatorType::kS32) {
    std::fill_n(sums, (type == AccumulatorType::kF16 ? 64 : 32) * registers, 0u);
    return;
  }
  for (int r = 0; r < registers; ++r) {
    if (type == AccumulatorType::kF16) {
      WidenHalfs(c[r], sums + 64 * r, sums + 64 * r + 32);
    } else {
      std::copy_n(c[r], 32, sums + 32 * r);
    }
  }
}

void StoreSums(AccumulatorType type, const uint32_t* sums, const uint32_t* const* c, int registers,
               bool accumulate, bool saturate, uint32_t* const* d) {
  uint32_t integers[kMaxN / 2 * 32];  // C may be D in another order.
  for (int r = 0; r < registers && type == AccumulatorType::kS32; ++r) {
    AddIntegers(sums + 32 * r, accumulate ? c[r] : nullptr, saturate, integers + 32 * r);
  }
  for (int r = 0; r < registers; ++r) {
    if (type == AccumulatorType::kF16) {
      NarrowHalfs(sums + 64 * r, sums + 64 * r + 32, d[r]);
    } else {
      std::copy_n((type == AccumulatorType::kS32 ? integers : sums) + 32 * r, 32, d[r]);
    }
  }
}

/// Accumulators that are not f32: one warp at a time, aside.
void ProductAside(const WarpgroupProduct& product, int k, const float* a, const float* b) {
  const int registers = AccumulatorRegisters(product.accumulator, product.n);
  uint32_t sums[kMaxN / 2 * 32];
  uint32_t* pointers[kMaxN / 2];
  for (int i = 0; i < product.n / 2; ++i) pointers[i] = sums + 32 * i;
  float rows[kMaxK * 16];
  for (int w = 0; w < kWarps; ++w) {
    uint32_t* const* d = product.d + w * registers;
    for (int i = 0; i < k; ++i) std::copy_n(a + i * 64 + 16 * w, 16, rows + i * 16);
    LoadSums(product.accumulator, d, registers, product.accumulate, sums);
    FragmentProduct(rows, b, k, product.n, 1, pointers);
    StoreSums(product.accumulator, sums, d, registers, product.accumulate, product.saturate, d);
  }
}

}  // namespace

void ComputeWarpProduct(const WarpProduct& product) {
  float a[kMaxK * 16], b[kMaxK * 8];
  GatherA<16>(product.a_type, product.a, ARegisters(product.a_type, product.k), false, a);
  GatherB(product.b_type, product.b, BRegisters(product.b_type, product.k), b);
  uint32_t sums[4 * 32];
  uint32_t* pointers[4] = {sums, sums + 32, sums + 64, sums + 96};
  const int registers = AccumulatorRegisters(product.accumulator, 8);
  LoadSums(product.accumulator, product.c, registers, true, sums);
  FragmentProduct(a, b, product.k, 8, 1, pointers);
  StoreSums(product.accumulator, sums, product.c, registers, true, product.saturate, product.d);
}

OperandShape WarpgroupAShape(const WarpgroupProduct& product) {
  return {product.a_type, 64, KOf(product.a_type), product.a_major, product.negate_a};
}

OperandShape WarpgroupBShape(const WarpgroupProduct& product) {
  return {product.b_type, product.n, KOf(product.b_type), product.b_major, product.negate_b};
}

llvm::Error ComputeWarpgroupProduct(const WarpgroupProduct& product) {
  const int k = KOf(product.a_type);
  float a[kMaxK * 64], b[kMaxK * kMaxN];
  if (product.a_in_registers) {
    for (int w = 0; w < kWarps; ++w) {
      GatherA<64>(product.a_type, product.a_registers[w], 4, product.negate_a, a + 16 * w);
    }
  } else {
    OperandShape shape = WarpgroupAShape(product);
    if (llvm::Error error = CheckOperand(product.a, shape, false)) return error;
    if (llvm::Error error =
            GatherShared(product.window, product.a, shape, PanelOrder::kNatural, a, 64)) {
      return error;
    }
  }
  OperandShape shape = WarpgroupBShape(product);
  if (llvm::Error error = CheckOperand(product.b, shape, false)) return error;
  if (llvm::Error error =
          GatherShared(product.window, product.b, shape, PanelOrder::kFragment, b, product.n)) {
    return error;
  }
  if (product.accumulator != AccumulatorType::kF32) {
    ProductAside(product, k, a, b);
    return llvm::Error::success();
  }
  if (!product.accumulate) {
    for (int r = 0; r < kWarps * product.n / 2; ++r) std::fill_n(product.d[r], 32, 0u);
  }
  FragmentProduct(a, b, k, product.n, kWarps, product.d);
  return llvm::Error::success();
}

namespace {

uint32_t Half(const uint8_t* row, int column) {
  uint16_t half;
  std::memcpy(&half, row + 2 * column, 2);
  return half;
}

/// Element `column` of 16 packed ones of `width` bits.
uint32_t Packed(const uint8_t* row, int width, int column) {
  uint64_t bits[2];
  std::memcpy(bits, row, 16);
  int at = width * column;
  uint64_t value = bits[at / 64] >> (at % 64);
  if (at % 64 + width > 64) value |= bits[1] << (64 - at % 64);
  return static_cast<uint32_t>(value) & ((1u << width) - 1);
}

}  // namespace

void LoadMatrix(MatrixForm form, const uint8_t* const rows[8], uint32_t* reg) {
  if (form == MatrixForm::k8x16b4 || form == MatrixForm::k8x16b6) {
    int width = form == MatrixForm::k8x16b4 ? 4 : 6;
    for (int t = 0; t < 32; ++t) {
      reg[t] = 0;
      for (int i = 0; i < 4; ++i) {
        reg[t] |= Packed(rows[t / 4], width, 4 * (t % 4) + i) << (8 * i);
      }
    }
    return;
  }
  bool transposed = form == MatrixForm::k8x8b16Trans;
  for (int t = 0; t < 32; ++t) {
    MatrixElement low = LdmatrixElement(transposed, t, 0), high = LdmatrixElement(transposed, t, 1);
    reg[t] = Half(rows[low.row], low.column) | Half(rows[high.row], high.column) << 16;
  }
}

void StoreMatrix(MatrixForm form, const uint32_t* reg, uint8_t* const rows[8]) {
  if (form == MatrixForm::k16x8b8Trans) {
    // The register is m16n8's accumulator layout in bytes; a memory row is a column of it.
    for (int t = 0; t < 32; ++t) {
      for (int i = 0; i < 4; ++i) {
        rows[2 * (t % 4) + (i & 1)][t / 4 + 8 * (i >> 1)] = static_cast<uint8_t>(reg[t] >> (8 * i));
      }
    }
    return;
  }
  bool transposed = form == MatrixForm::k8x8b16Trans;
  for (int t = 0; t < 32; ++t) {
    for (int half = 0; half < 2; ++half) {
      MatrixElement at = LdmatrixElement(transposed, t, half);
      uint16_t value = static_cast<uint16_t>(reg[t] >> (16 * half));
      std::memcpy(rows[at.row] + 2 * at.column, &value, 2);
    }
  }
}

void TransposeMatrix(const uint32_t* a, uint32_t* d) {
  uint16_t matrix[8][8];
  for (int t = 0; t < 32; ++t) {
    matrix[t / 4][2 * (t % 4)] = static_cast<uint16_t>(a[t]);
    matrix[t / 4][2 * (t % 4) + 1] = static_cast<uint16_t>(a[t] >> 16);
  }
  for (int t = 0; t < 32; ++t) {
    d[t] = matrix[2 * (t % 4)][t / 4] | static_cast<uint32_t>(matrix[2 * (t % 4) + 1][t / 4]) << 16;
  }
}

}  // namespace attnjit::emulator
