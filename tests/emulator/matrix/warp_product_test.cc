#include "runtime/emulator/matrix/warp_product.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/emulator/matrix/layout_oracle.h"

namespace attnjit::emulator {
namespace {

using Register = std::array<uint32_t, 32>;

uint32_t SmallBits(ElementType type, std::mt19937& random) {
  return oracle::SmallElement(ElementName(type), random());
}

double Sum(const std::vector<double>& a, const std::vector<double>& b, int k, int row, int column,
           int a_stride, int b_stride) {
  double sum = 0;
  for (int i = 0; i < k; ++i) sum += a[row * a_stride + i] * b[i * b_stride + column];
  return sum;
}

struct MmaCase {
  ElementType a, b;
  int k;
};

constexpr MmaCase kMmaCases[] = {
    {ElementType::kF16, ElementType::kF16, 8},    {ElementType::kF16, ElementType::kF16, 16},
    {ElementType::kBf16, ElementType::kBf16, 8},  {ElementType::kBf16, ElementType::kBf16, 16},
    {ElementType::kTf32, ElementType::kTf32, 4},  {ElementType::kTf32, ElementType::kTf32, 8},
    {ElementType::kE4m3, ElementType::kE5m2, 32}, {ElementType::kE5m2, ElementType::kE4m3, 16},
    {ElementType::kS8, ElementType::kU8, 32},     {ElementType::kU8, ElementType::kS8, 16},
    {ElementType::kS8, ElementType::kS8, 32}};

TEST(WarpProduct, EveryShapeAgreesWithTheFragmentTables) {
  std::mt19937 random(7);
  for (const MmaCase& mma : kMmaCases) {
    for (int round = 0; round < 4; ++round) {
      int bits = 8 * ElementBytes(mma.a), per = 32 / bits;
      std::vector<double> a(16 * 32), b(32 * 8);
      std::vector<Register> ra(4), rb(2), rc(4), rd(4);
      std::vector<int> c(16 * 8);
      for (int t = 0; t < 32; ++t) {
        for (int i = 0; i < ARegisters(mma.a, mma.k) * per; ++i) {
          uint32_t element = SmallBits(mma.a, random);
          ra[i / per][t] |= element << (i % per * bits);
          oracle::Coordinates at = oracle::MmaA(bits, t, i);
          a[at.row * 32 + at.column] = oracle::Value(ElementName(mma.a), element);
        }
        for (int i = 0; i < BRegisters(mma.b, mma.k) * per; ++i) {
          uint32_t element = SmallBits(mma.b, random);
          rb[i / per][t] |= element << (i % per * bits);
          oracle::Coordinates at = oracle::MmaB(bits, t, i);
          b[at.row * 8 + at.column] = oracle::Value(ElementName(mma.b), element);
        }
        for (int i = 0; i < 4; ++i) {
          oracle::Coordinates at = oracle::MmaC(t, i);
          int value = static_cast<int>(random() % 101) - 50;
          c[at.row * 8 + at.column] = value;
          rc[i][t] = IsInteger(mma.a) ? static_cast<uint32_t>(value)
                                      : std::bit_cast<uint32_t>(static_cast<float>(value));
        }
      }
      WarpProduct product;
      product.a_type = mma.a;
      product.b_type = mma.b;
      product.k = mma.k;
      product.accumulator = IsInteger(mma.a) ? AccumulatorType::kS32 : AccumulatorType::kF32;
      for (int i = 0; i < 4; ++i) {
        product.a[i] = ra[i].data();
        product.c[i] = rc[i].data();
        product.d[i] = rd[i].data();
      }
      for (int i = 0; i < 2; ++i) product.b[i] = rb[i].data();
      ComputeWarpProduct(product);
      for (int t = 0; t < 32; ++t) {
        for (int i = 0; i < 4; ++i) {
          oracle::Coordinates at = oracle::MmaC(t, i);
          double expected = c[at.row * 8 + at.column] + Sum(a, b, mma.k, at.row, at.column, 32, 8);
          double actual =
              IsInteger(mma.a) ? static_cast<int32_t>(rd[i][t]) : std::bit_cast<float>(rd[i][t]);
          ASSERT_EQ(expected, actual) << ElementName(mma.a) << " k " << mma.k;
        }
      }
    }
  }
}

TEST(WarpProduct, HalfAccumulatorsRoundOnceAndMayBeInPlace) {
  // 1 + 2048 * 1 + 1: in f16 steps 2049 and 2050 round differently than the sum does.
  std::vector<Register> ra(4), rb(2), rc(2);
  for (int t = 0; t < 32; ++t) {
    ra[0][t] = t % 4 == 0 ? FloatToHalf(1.0f) | FloatToHalf(2048.0f) << 16 : 0;
    rb[0][t] = t % 4 == 0 ? FloatToHalf(1.0f) | FloatToHalf(1.0f) << 16 : 0;
    rc[0][t] = FloatToHalf(1.0f) | FloatToHalf(-1.0f) << 16;
  }
  WarpProduct product;
  product.accumulator = AccumulatorType::kF16;
  for (int i = 0; i < 4; ++i) product.a[i] = ra[i].data();
  for (int i = 0; i < 2; ++i) {
    product.b[i] = rb[i].data();
    product.c[i] = rc[i].data();
    product.d[i] = rc[i].data();
  }
  ComputeWarpProduct(product);
  for (int t = 0; t < 32; ++t) {
    EXPECT_EQ(FloatToHalf(2050.0f) | FloatToHalf(2048.0f) << 16, rc[0][t]);
    EXPECT_EQ(0u, rc[1][t]);
  }
}

TEST(WarpProduct, IntegersWrapOrSaturate) {
  std::vector<Register> ra(4), rb(2), rc(4), rd(4);
  for (int t = 0; t < 32; ++t) {
    for (Register& r : ra) r[t] = 0x7F7F7F7F;
    for (Register& r : rb) r[t] = 0x7F7F7F7F;
    for (Register& r : rc) r[t] = 0x7FFFFFFF;
  }
  WarpProduct product;
  product.a_type = product.b_type = ElementType::kS8;
  product.accumulator = AccumulatorType::kS32;
  product.k = 32;
  for (int i = 0; i < 4; ++i) {
    product.a[i] = ra[i].data();
    product.c[i] = rc[i].data();
    product.d[i] = rd[i].data();
  }
  for (int i = 0; i < 2; ++i) product.b[i] = rb[i].data();
  ComputeWarpProduct(product);
  EXPECT_EQ(0x7FFFFFFFu + 32u * 127u * 127u, rd[3][31]);
  product.saturate = true;
  ComputeWarpProduct(product);
  EXPECT_EQ(0x7FFFFFFFu, rd[3][31]);
}

struct WgmmaCase {
  ElementType a, b;
  AccumulatorType accumulator;
};
constexpr WgmmaCase kWgmmaCases[] = {
    {ElementType::kBf16, ElementType::kBf16, AccumulatorType::kF32},
    {ElementType::kF16, ElementType::kF16, AccumulatorType::kF32},
    {ElementType::kF16, ElementType::kF16, AccumulatorType::kF16},
    {ElementType::kTf32, ElementType::kTf32, AccumulatorType::kF32},
    {ElementType::kE4m3, ElementType::kE5m2, AccumulatorType::kF32},
    {ElementType::kE5m2, ElementType::kE4m3, AccumulatorType::kF16},
    {ElementType::kS8, ElementType::kU8, AccumulatorType::kS32}};

/// One random wgmma: shared memory, registers, and the double-loop answer.
class WgmmaTrial {
 public:
  WgmmaTrial(const WgmmaCase& types, int n, std::mt19937& random)
      : random_(random), memory_(96 << 10) {
    product_.a_type = types.a;
    product_.b_type = types.b;
    product_.accumulator = types.accumulator;
    product_.n = n;
    product_.accumulate = random() % 3 != 0;
    bool integer = IsInteger(types.a);
    product_.negate_a = !integer && random() % 2;
    product_.negate_b = !integer && random() % 2;
    product_.a_in_registers = random() % 2;
    bool transposable = ElementBytes(types.a) == 2;
    product_.a_major = transposable && random() % 2 ? Major::kMn : Major::kK;
    product_.b_major = transposable && random() % 2 ? Major::kMn : Major::kK;
    k_ = 32 / ElementBytes(types.a);
    for (uint8_t& byte : memory_) byte = 0;
    product_.window = {memory_.data() + 1024, 1024, static_cast<uint32_t>(memory_.size())};
    product_.a = FillOperand(1024, product_.a_major, types.a, 64, product_.negate_a, a_);
    product_.b = FillOperand(40 << 10, product_.b_major, types.b, n, product_.negate_b, b_);
    if (product_.a_in_registers) FillRegisters();
    FillAccumulators();
  }

  void RunAndCheck() {
    ASSERT_FALSE(static_cast<bool>(ComputeWarpgroupProduct(product_)));
    for (int thread = 0; thread < 128; ++thread) {
      for (int i = 0; i < product_.n / 2; ++i) {
        oracle::Coordinates at = oracle::WgmmaD(thread, i);
        double expected = product_.accumulate ? c_[at.row * product_.n + at.column] : 0;
        for (int k = 0; k < k_; ++k) expected += a_[at.row * k_ + k] * b_[at.column * k_ + k];
        ASSERT_EQ(expected, Read(thread, i)) << ElementName(product_.a_type) << " n " << product_.n
                                             << " thread " << thread << " " << i;
      }
    }
  }

 private:
  SharedMatrix FillOperand(uint32_t start, Major major, ElementType type, int rows, bool negate,
                           std::vector<double>& values) {
    static constexpr Swizzle kSwizzles[] = {Swizzle::kNone, Swizzle::k32B, Swizzle::k64B,
                                            Swizzle::k128B};
    int mode = static_cast<int>(random_() % 4);
    SharedMatrix matrix;
    matrix.swizzle = kSwizzles[mode];
    matrix.start = start;
    // Tight layouts that do not overlap: 8 rows x width, side by side along the other direction.
    uint32_t atom = 8 * SwizzleWidth(matrix.swizzle);
    int units = rows * ElementBytes(type) / 16;
    if (major == Major::kK) {
      matrix.stride = mode == 0 ? 256 : atom;
      matrix.leading = 128;
    } else if (mode == 0) {
      matrix.stride = 128;
      matrix.leading = 128 * static_cast<uint32_t>(units);
    } else {
      matrix.stride = atom;
      matrix.leading = 2 * atom;
    }
    oracle::Canonical canonical{major == Major::kK, mode,           false,
                                matrix.start,       matrix.leading, matrix.stride};
    values.resize(rows * k_);
    for (int row = 0; row < rows; ++row) {
      for (int k = 0; k < k_; ++k) {
        uint32_t bits = SmallBits(type, random_);
        uint32_t address = oracle::ElementAddress(canonical, ElementBytes(type), row, k);
        std::memcpy(&memory_[address], &bits, ElementBytes(type));
        values[row * k_ + k] = (negate ? -1 : 1) * oracle::Value(ElementName(type), bits);
      }
    }
    return matrix;
  }

  void FillRegisters() {
    int bits = 8 * ElementBytes(product_.a_type), per = 32 / bits;
    registers_.assign(16, Register{});
    for (int thread = 0; thread < 128; ++thread) {
      for (int i = 0; i < 4 * per; ++i) {
        uint32_t element = SmallBits(product_.a_type, random_);
        registers_[thread / 32 * 4 + i / per][thread % 32] |= element << (i % per * bits);
        oracle::Coordinates at = oracle::MmaA(bits, thread % 32, i);
        a_[(16 * (thread / 32) + at.row) * k_ + at.column] =
            (product_.negate_a ? -1 : 1) * oracle::Value(ElementName(product_.a_type), element);
      }
    }
    for (int w = 0; w < 4; ++w) {
      for (int r = 0; r < 4; ++r) product_.a_registers[w][r] = registers_[w * 4 + r].data();
    }
  }

  void FillAccumulators() {
    int per_warp = AccumulatorRegisters(product_.accumulator, product_.n);
    d_.assign(4 * per_warp, Register{});
    for (Register& reg : d_) pointers_.push_back(reg.data());
    product_.d = pointers_.data();
    c_.resize(64 * product_.n);
    for (int thread = 0; thread < 128; ++thread) {
      for (int i = 0; i < product_.n / 2; ++i) {
        oracle::Coordinates at = oracle::WgmmaD(thread, i);
        int value = static_cast<int>(random_() % 41) - 20;
        c_[at.row * product_.n + at.column] = value;
        uint32_t* word = Word(thread, i);
        if (product_.accumulator == AccumulatorType::kF16) {
          *word |= static_cast<uint32_t>(FloatToHalf(static_cast<float>(value))) << (i % 2 * 16);
        } else if (product_.accumulator == AccumulatorType::kS32) {
          *word = static_cast<uint32_t>(value);
        } else {
          *word = std::bit_cast<uint32_t>(static_cast<float>(value));
        }
      }
    }
  }

  uint32_t* Word(int thread, int i) {
    int per_warp = AccumulatorRegisters(product_.accumulator, product_.n);
    int r = product_.accumulator == AccumulatorType::kF16 ? i / 2 : i;
    return &d_[thread / 32 * per_warp + r][thread % 32];
  }

  double Read(int thread, int i) {
    uint32_t word = *Word(thread, i);
    if (product_.accumulator == AccumulatorType::kF16) {
      return oracle::Value("f16", word >> (i % 2 * 16) & 0xFFFF);
    }
    if (product_.accumulator == AccumulatorType::kS32) return static_cast<int32_t>(word);
    return std::bit_cast<float>(word);
  }

  std::mt19937& random_;
  std::vector<uint8_t> memory_;
  WarpgroupProduct product_;
  int k_ = 0;
  std::vector<double> a_, b_, c_;
  std::vector<Register> registers_, d_;
  std::vector<uint32_t*> pointers_;
};

TEST(WarpgroupProduct, EveryTypeAndFormAgreesWithTheDoubleLoop) {
  std::mt19937 random(8);
  for (const WgmmaCase& types : kWgmmaCases) {
    for (int n : {8, 16, 32, 64, 128, 176, 256}) {
      for (int round = 0; round < 6; ++round) {
        WgmmaTrial trial(types, n, random);
        trial.RunAndCheck();
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(WarpgroupProduct, ATransposedEightBitOperandIsAnError) {
  std::vector<uint8_t> memory(16 << 10);
  std::vector<Register> d(4 * 4);
  std::vector<uint32_t*> pointers;
  for (Register& reg : d) pointers.push_back(reg.data());
  WarpgroupProduct product;
  product.a_type = product.b_type = ElementType::kE4m3;
  product.b_major = Major::kMn;
  product.a.start = product.b.start = 1024;
  product.window = {memory.data(), 1024, 17 << 10};
  product.d = pointers.data();
  llvm::Error error = ComputeWarpgroupProduct(product);
  EXPECT_EQ("wgmma cannot transpose e4m3 operands", llvm::toString(std::move(error)));
}

class MatrixRows {
 public:
  explicit MatrixRows(std::mt19937& random) {
    for (auto& row : bytes_) {
      for (uint8_t& byte : row) byte = static_cast<uint8_t>(random());
    }
    for (int i = 0; i < 8; ++i) pointers[i] = bytes_[i];
  }
  uint16_t Half(int row, int column) const {
    return static_cast<uint16_t>(bytes_[row][2 * column] | bytes_[row][2 * column + 1] << 8);
  }
  uint8_t Byte(int row, int column) const { return bytes_[row][column]; }
  uint32_t Bits(int row, int first, int count) const {
    uint32_t value = 0;
    for (int b = 0; b < count; ++b) {
      value |= static_cast<uint32_t>(bytes_[row][(first + b) / 8] >> ((first + b) % 8) & 1) << b;
    }
    return value;
  }
  uint8_t* pointers[8];

 private:
  uint8_t bytes_[8][16];
};

TEST(Ldmatrix, ThreadsHoldPairsOfTheirRowOrColumn) {
  std::mt19937 random(9);
  MatrixRows rows(random);
  Register plain, transposed, four, six;
  LoadMatrix(MatrixForm::k8x8b16, rows.pointers, plain.data());
  LoadMatrix(MatrixForm::k8x8b16Trans, rows.pointers, transposed.data());
  LoadMatrix(MatrixForm::k8x16b4, rows.pointers, four.data());
  LoadMatrix(MatrixForm::k8x16b6, rows.pointers, six.data());
  for (int t = 0; t < 32; ++t) {
    int row = t / 4, first = t % 4 * 2;
    EXPECT_EQ(rows.Half(row, first) | static_cast<uint32_t>(rows.Half(row, first + 1)) << 16,
              plain[t]);
    EXPECT_EQ(rows.Half(first, row) | static_cast<uint32_t>(rows.Half(first + 1, row)) << 16,
              transposed[t]);
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(rows.Bits(row, 4 * (4 * (t % 4) + i), 4), four[t] >> (8 * i) & 0xFF);
      EXPECT_EQ(rows.Bits(row, 6 * (4 * (t % 4) + i), 6), six[t] >> (8 * i) & 0xFF);
    }
  }
}

TEST(Stmatrix, IsLdmatrixBackwards) {
  std::mt19937 random(10);
  for (MatrixForm form : {MatrixForm::k8x8b16, MatrixForm::k8x8b16Trans}) {
    MatrixRows from(random), to(random);
    Register reg;
    LoadMatrix(form, from.pointers, reg.data());
    StoreMatrix(form, reg.data(), to.pointers);
    for (int row = 0; row < 8; ++row) {
      for (int column = 0; column < 8; ++column) {
        EXPECT_EQ(from.Half(row, column), to.Half(row, column));
      }
    }
  }
}

TEST(Stmatrix, BytesOfAnAccumulatorTileAreStoredByColumn) {
  std::mt19937 random(11);
  MatrixRows to(random);
  Register reg;
  std::map<std::pair<int, int>, uint8_t> tile;
  for (int t = 0; t < 32; ++t) {
    reg[t] = random();
    for (int i = 0; i < 4; ++i) {
      oracle::Coordinates at = oracle::MmaC(t, i);
      tile[{at.row, at.column}] = static_cast<uint8_t>(reg[t] >> (8 * i));
    }
  }
  StoreMatrix(MatrixForm::k16x8b8Trans, reg.data(), to.pointers);
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 8; ++n) EXPECT_EQ((tile[{m, n}]), to.Byte(n, m));
  }
}

TEST(Movmatrix, TransposesAcrossTheWarp) {
  std::mt19937 random(12);
  MatrixRows rows(random);
  Register plain, transposed;
  LoadMatrix(MatrixForm::k8x8b16, rows.pointers, plain.data());
  LoadMatrix(MatrixForm::k8x8b16Trans, rows.pointers, transposed.data());
  TransposeMatrix(plain.data(), plain.data());
  EXPECT_EQ(transposed, plain);
}

}  // namespace
}  // namespace attnjit::emulator
