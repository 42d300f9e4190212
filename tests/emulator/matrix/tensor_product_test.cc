#include "runtime/emulator/matrix/tensor_product.h"

#include <bit>
#include <cstring>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/emulator/matrix/layout_oracle.h"
#include "tests/emulator/matrix/tcgen05_oracle.h"

namespace attnjit::emulator {
namespace {

struct Kind {
  ElementType a, b;
  bool d_f32;
};
constexpr Kind kKinds[] = {{ElementType::kBf16, ElementType::kF16, true},
                           {ElementType::kF16, ElementType::kF16, false},
                           {ElementType::kTf32, ElementType::kTf32, true},
                           {ElementType::kE4m3, ElementType::kE5m2, true},
                           {ElementType::kE5m2, ElementType::kE4m3, false}};

uint32_t SmallBits(ElementType type, std::mt19937& random) {
  return oracle::SmallElement(ElementName(type), random());
}

/// Both CTAs of a pair (or one), random operands, and the answer by three loops.
class Trial {
 public:
  Trial(const Kind& kind, int group, int m, int n, bool a_in_tensor, std::mt19937& random)
      : group_(group), m_(m), n_(n), k_(32 / ElementBytes(kind.a)), kind_(kind), random_(random) {
    product_.descriptor.a = kind.a;
    product_.descriptor.b = kind.b;
    product_.descriptor.d_f32 = kind.d_f32;
    product_.descriptor.m = m;
    product_.descriptor.n = n;
    product_.descriptor.k = k_;
    product_.descriptor.negate_a = random() % 2;
    product_.descriptor.negate_b = random() % 2;
    bool transposed_b = random() % 2 && (ElementBytes(kind.a) != 1 || n % (16 * group) == 0);
    product_.descriptor.transpose_a = !a_in_tensor && random() % 2;
    product_.descriptor.transpose_b = transposed_b;
    product_.cta_group = group;
    product_.a_in_tensor_memory = a_in_tensor;
    product_.accumulate = random() % 3 != 0;
    product_.scale_shift = ElementBytes(kind.a) != 1 && random() % 2 ? 1 : 0;
    if (random() % 2) {
      for (int lane = 0; lane < kTensorLanes; ++lane) product_.disabled[lane] = random() % 4 == 0;
    }
    product_.d = {group == 1 && m == 64 ? 16 * static_cast<int>(random() % 2) : 0, 64};
    product_.a_address = {product_.d.lane, 16};
    a_.resize(m * k_);
    b_.resize(n * k_);
    for (int cta = 0; cta < group; ++cta) {
      shared_[cta].resize(100 << 10);
      tensor_[cta].AllocateAt(0, 512);
    }
    FillShared(product_.descriptor.transpose_b, kind.b, n, 48 << 10, b_matrix_, b_,
               product_.descriptor.negate_b);
    if (!a_in_tensor) {
      FillShared(product_.descriptor.transpose_a, kind.a, m, 1024, a_matrix_, a_,
                 product_.descriptor.negate_a);
    } else {
      FillTensorA();
    }
    FillD();
  }

  void RunAndCheck() {
    for (int cta = 0; cta < group_; ++cta) {
      TensorProduct product = product_;
      product.a = {Window(cta), a_matrix_};
      for (int i = 0; i < group_; ++i) product.b[i] = {Window(i), b_matrix_};
      if (llvm::Error error = CheckTensorProduct(tensor_[cta], product)) {
        FAIL() << llvm::toString(std::move(error));
      }
      ASSERT_FALSE(static_cast<bool>(ComputeTensorProduct(tensor_[cta], product)));
    }
    for (int m = 0; m < m_; ++m) {
      for (int n = 0; n < n_; ++n) {
        oracle::Place at = oracle::DPlace(group_, m_, n_, m, n);
        int lane = product_.d.lane + at.lane, column = product_.d.column + at.column;
        double old = d_[m * n_ + n];
        double expected = 0;
        if (product_.disabled[lane]) {
          expected = old;
        } else {
          if (product_.accumulate) expected = old / (1 << product_.scale_shift);
          for (int k = 0; k < k_; ++k) expected += a_[m * k_ + k] * b_[n * k_ + k];
          ASSERT_TRUE(tensor_[at.cta].Initialised(column)[lane]);
        }
        uint32_t word = tensor_[at.cta].Column(column)[lane];
        double actual = kind_.d_f32 ? std::bit_cast<float>(word) : oracle::Value("f16", word);
        ASSERT_EQ(expected, actual) << "group " << group_ << " M " << m_ << " N " << n_ << " at "
                                    << m << " " << n << " type " << ElementName(kind_.a);
      }
    }
  }

 private:
  SharedWindow Window(int cta) {
    return {shared_[cta].data() + 1024, 1024, static_cast<uint32_t>(shared_[cta].size())};
  }

  void FillShared(bool transposed, ElementType type, int total, uint32_t start,
                  SharedMatrix& matrix, std::vector<double>& values, bool negate) {
    int rows = total / group_;
    bool atoms = transposed && type == ElementType::kTf32;
    int bits = atoms ? 3 : static_cast<int>(random_() % 4);
    static constexpr Swizzle kSwizzles[] = {Swizzle::kNone, Swizzle::k32B, Swizzle::k64B,
                                            Swizzle::k128B};
    matrix.swizzle = atoms ? Swizzle::k128BAtom32B : kSwizzles[bits];
    matrix.start = start;
    uint32_t atom = (atoms ? 4 : 8) * SwizzleWidth(matrix.swizzle);
    uint32_t units = static_cast<uint32_t>(rows * ElementBytes(type) / 16);
    uint32_t k_atoms = static_cast<uint32_t>(k_ / (atoms ? 4 : 8));
    if (!transposed) {
      matrix.stride = bits == 0 ? 256 : atom;
      matrix.leading = 128;
    } else if (bits == 0) {
      matrix.stride = 128;
      matrix.leading = 128 * units;
    } else {
      matrix.stride = atom;
      matrix.leading = k_atoms * atom;
    }
    oracle::Canonical canonical{!transposed, bits, atoms, start, matrix.leading, matrix.stride};
    for (int row = 0; row < total; ++row) {
      for (int k = 0; k < k_; ++k) {
        uint32_t element = SmallBits(type, random_);
        uint32_t address = oracle::ElementAddress(canonical, ElementBytes(type), row % rows, k);
        std::memcpy(&shared_[row / rows][address], &element, ElementBytes(type));
        values[row * k_ + k] = (negate ? -1 : 1) * oracle::Value(ElementName(type), element);
      }
    }
  }

  void FillTensorA() {
    int bits = 8 * ElementBytes(kind_.a), per = 32 / bits;
    for (int m = 0; m < m_; ++m) {
      for (int k = 0; k < k_; ++k) {
        uint32_t element = SmallBits(kind_.a, random_);
        a_[m * k_ + k] =
            (product_.descriptor.negate_a ? -1 : 1) * oracle::Value(ElementName(kind_.a), element);
        int written = -1;
        for (int n : {0, n_ - 1}) {  // Layout B reads another copy for the second half of N.
          oracle::Place at = oracle::APlace(group_, m_, n_, m, n);
          int lane = product_.a_address.lane + at.lane;
          if (lane == written) continue;
          tensor_[at.cta].Column(product_.a_address.column + k / per)[lane] |= element
                                                                               << (k % per * bits);
          written = lane;
        }
      }
    }
  }

  void FillD() {
    d_.resize(m_ * n_);
    for (int m = 0; m < m_; ++m) {
      for (int n = 0; n < n_; ++n) {
        int value = 2 * (static_cast<int>(random_() % 21) - 10);
        d_[m * n_ + n] = value;
        oracle::Place at = oracle::DPlace(group_, m_, n_, m, n);
        tensor_[at.cta].Column(product_.d.column + at.column)[product_.d.lane + at.lane] =
            kind_.d_f32 ? std::bit_cast<uint32_t>(static_cast<float>(value))
                        : FloatToHalf(static_cast<float>(value));
      }
    }
  }

  int group_, m_, n_, k_;
  Kind kind_;
  std::mt19937& random_;
  TensorProduct product_;
  SharedMatrix a_matrix_, b_matrix_;
  std::vector<double> a_, b_, d_;
  std::vector<uint8_t> shared_[2];
  TensorMemory tensor_[2];
};

TEST(TensorProduct, EveryGroupShapeAndKindAgreesWithTheTripleLoop) {
  std::mt19937 random(14);
  struct {
    int group, m;
  } shapes[] = {{1, 64}, {1, 128}, {2, 128}, {2, 256}};
  for (const Kind& kind : kKinds) {
    for (auto shape : shapes) {
      for (int n : {16, 32, 64, 128, 176, 256}) {
        for (bool a_in_tensor : {false, true}) {
          Trial trial(kind, shape.group, shape.m, n, a_in_tensor, random);
          trial.RunAndCheck();
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(TensorProduct, PlacesThatTheLayoutsForbidAreErrors) {
  TensorMemory memory;
  memory.AllocateAt(0, 64);
  TensorProduct good;
  good.descriptor = {
      ElementType::kBf16, ElementType::kBf16, true, false, false, false, false, 128, 64, 16};
  auto text = [&](const TensorProduct& product) {
    return llvm::toString(CheckTensorProduct(memory, product));
  };
  EXPECT_EQ("", text(good));
  TensorProduct lane = good;
  lane.d.lane = 16;
  EXPECT_NE("", text(lane));
  lane.descriptor.m = 64;
  EXPECT_EQ("", text(lane));
  TensorProduct wide = good;
  wide.descriptor.n = 72;
  EXPECT_EQ("column 64 of tensor memory is not allocated", text(wide));
  TensorProduct transposed = good;
  transposed.a_in_tensor_memory = true;
  EXPECT_EQ("", text(transposed));
  transposed.descriptor.transpose_a = true;
  EXPECT_NE("", text(transposed));
  TensorProduct apart = lane;
  apart.a_in_tensor_memory = true;
  EXPECT_NE("", text(apart));
}

}  // namespace
}  // namespace attnjit::emulator
