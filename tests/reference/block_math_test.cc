#include "tests/reference/block_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace attnjit {
namespace {

TEST(BlockMathTest, ExpAgreesWithTheLibrary) {
  std::vector<double> x;
  for (double value = -700; value <= 700; value += 0.0173) x.push_back(value);
  std::vector<double> result = x;
  ExpShifted(result.data(), static_cast<int64_t>(result.size()), 0.0);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(result[i] / std::exp(x[i]), 1.0, 5e-16) << x[i];
  }
}

TEST(BlockMathTest, ExpKeepsNanAndEndsAtZero) {
  double infinity = std::numeric_limits<double>::infinity();
  std::vector<double> x = {std::nan(""), -infinity, -800, 3, -infinity};
  ExpShifted(x.data(), 4, 3.0);
  EXPECT_TRUE(std::isnan(x[0]));
  EXPECT_EQ(x[1], 0);
  EXPECT_EQ(x[2], 0);
  EXPECT_EQ(x[3], 1);
  EXPECT_EQ(x[4], -infinity) << "past the count";
}

template <typename T>
void ExpectProduct(int rows, int depth, int columns, bool accumulate) {
  std::vector<T> a(rows * depth), b(depth * columns), c(rows * columns, T{2});
  auto at = [&](int k, int n) -> T& { return b[(n / kPanel * depth + k) * kPanel + n % kPanel]; };
  for (int i = 0; i < rows * depth; ++i) a[i] = static_cast<T>(i % 7 - 3);
  for (int k = 0; k < depth; ++k) {
    for (int n = 0; n < columns; ++n) at(k, n) = static_cast<T>((k * 5 + n * 3) % 11 - 5);
  }
  MultiplyPanels(a.data(), depth, rows, depth, b.data(), columns, accumulate, c.data(), columns);
  for (int r = 0; r < rows; ++r) {
    for (int n = 0; n < columns; ++n) {
      T want = accumulate ? T{2} : T{0};
      for (int k = 0; k < depth; ++k) want += a[r * depth + k] * at(k, n);
      ASSERT_EQ(c[r * columns + n], want) << r << "," << n;
    }
  }
}

TEST(BlockMathTest, ProductsOfIntegersAreExact) {
  for (int rows : {1, 3, 4, 9}) {
    for (bool accumulate : {false, true}) {
      ExpectProduct<double>(rows, 13, 24, accumulate);
      ExpectProduct<float>(rows, 13, 24, accumulate);
    }
  }
}

}  // namespace
}  // namespace attnjit
