#include "runtime/emulator/matrix/product.h"

#include <bit>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

constexpr ProductPath kPaths[] = {ProductPath::kBest, ProductPath::kPortable, ProductPath::kAvx2,
                                  ProductPath::kAvx512};

float Random(std::mt19937& random) {
  return std::ldexp(static_cast<float>(static_cast<int>(random() % 65536) - 32768), -14);
}

struct Fragments {
  Fragments(int n, int warps, std::mt19937& random) : words(warps * (n / 2) * 32) {
    for (uint32_t& word : words) word = std::bit_cast<uint32_t>(Random(random));
  }
  std::vector<uint32_t*> Pointers() {
    std::vector<uint32_t*> pointers;
    for (size_t i = 0; i < words.size(); i += 32) pointers.push_back(words.data() + i);
    return pointers;
  }
  std::vector<uint32_t> words;
};

TEST(FragmentProduct, EveryPathGivesTheStatedModelsBits) {
  std::mt19937 random(5);
  for (int n : {8, 16, 24, 40, 128, 176, 256}) {
    for (int warps : {1, 4}) {
      for (int k : {4, 8, 16, 32}) {
        std::vector<float> a(k * 16 * warps), b(k * n);
        for (float& value : a) value = Random(random);
        for (float& value : b) value = Random(random);
        Fragments start(n, warps, random);
        Fragments expected = start;
        static constexpr int kOrder[] = {0, 4, 1, 5, 2, 6, 3, 7};
        for (int w = 0; w < warps; ++w) {
          for (int r = 0; r < n / 2; ++r) {
            for (int t = 0; t < 32; ++t) {
              int row = 16 * w + t / 4 + (r % 4 >= 2 ? 8 : 0);
              int column = r / 4 * 8 + t % 4 * 2 + r % 2;
              uint32_t& word = expected.words[(w * (n / 2) + r) * 32 + t];
              float sum = std::bit_cast<float>(word);
              for (int i = 0; i < k; ++i) {
                sum = std::fma(a[i * 16 * warps + row],
                               b[i * n + column / 8 * 8 + kOrder[column % 8]], sum);
              }
              word = std::bit_cast<uint32_t>(sum);
            }
          }
        }
        for (ProductPath path : kPaths) {
          if (!HasProductPath(path)) continue;
          Fragments actual = start;
          FragmentProduct(a.data(), b.data(), k, n, warps, actual.Pointers().data(), path);
          ASSERT_EQ(expected.words, actual.words) << n << " " << static_cast<int>(path);
        }
      }
    }
  }
}

TEST(LaneProduct, EveryPathGivesTheStatedModelsBits) {
  std::mt19937 random(6);
  for (int n : {8, 24, 64, 256}) {
    for (int block_stride : {16, 32}) {
      int k = 16, a_stride = 128, b_stride = n + 8;
      std::vector<float> a(k * a_stride), b(k * b_stride);
      for (float& value : a) value = Random(random);
      for (float& value : b) value = Random(random);
      std::vector<uint32_t> start(128 * n);
      for (uint32_t& word : start) word = std::bit_cast<uint32_t>(Random(random));
      std::vector<uint32_t> expected = start;
      for (int row = 0; row < 64; ++row) {
        for (int j = 0; j < n; ++j) {
          uint32_t& word = expected[j * 128 + row / 16 * block_stride + row % 16];
          float sum = std::bit_cast<float>(word);
          for (int i = 0; i < k; ++i)
            sum = std::fma(a[i * a_stride + row], b[i * b_stride + j], sum);
          word = std::bit_cast<uint32_t>(sum);
        }
      }
      for (ProductPath path : kPaths) {
        if (!HasProductPath(path)) continue;
        std::vector<uint32_t> actual = start;
        LaneProduct(a.data(), a_stride, b.data(), b_stride, k, n, actual.data(), 128, block_stride,
                    path);
        ASSERT_EQ(expected, actual) << n << " " << static_cast<int>(path);
      }
    }
  }
}

}  // namespace
}  // namespace attnjit::emulator
