#include "runtime/emulator/matrix/instruction_descriptor.h"

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

uint32_t Bits(uint32_t d, uint32_t a, uint32_t b, int m, int n, uint32_t more = 0) {
  return d << 4 | a << 7 | b << 10 | static_cast<uint32_t>(n / 8) << 17 |
         static_cast<uint32_t>(m / 16) << 24 | more;
}

bool Good(uint32_t bits, MmaKind kind, int group) {
  auto descriptor = ParseInstructionDescriptor(bits, kind, group);
  if (descriptor) return true;
  llvm::consumeError(descriptor.takeError());
  return false;
}

TEST(InstructionDescriptor, FieldsAreRead) {
  auto descriptor = llvm::cantFail(
      ParseInstructionDescriptor(Bits(1, 1, 1, 128, 176, 1u << 13 | 1u << 16), MmaKind::kF16, 1));
  EXPECT_EQ(ElementType::kBf16, descriptor.a);
  EXPECT_EQ(ElementType::kBf16, descriptor.b);
  EXPECT_TRUE(descriptor.d_f32);
  EXPECT_TRUE(descriptor.negate_a);
  EXPECT_FALSE(descriptor.negate_b);
  EXPECT_FALSE(descriptor.transpose_a);
  EXPECT_TRUE(descriptor.transpose_b);
  EXPECT_EQ(128, descriptor.m);
  EXPECT_EQ(176, descriptor.n);
  EXPECT_EQ(16, descriptor.k);
}

TEST(InstructionDescriptor, TypesBelongToTheKind) {
  EXPECT_TRUE(Good(Bits(1, 2, 2, 128, 64), MmaKind::kTf32, 1));
  EXPECT_FALSE(Good(Bits(1, 1, 2, 128, 64), MmaKind::kTf32, 1));
  EXPECT_FALSE(Good(Bits(0, 2, 2, 128, 64), MmaKind::kTf32, 1));
  EXPECT_FALSE(Good(Bits(1, 2, 0, 128, 64), MmaKind::kF16, 1));
  EXPECT_TRUE(Good(Bits(0, 0, 0, 128, 64), MmaKind::kF16, 1));
  EXPECT_FALSE(Good(Bits(0, 1, 1, 128, 64), MmaKind::kF16, 1));
  for (uint32_t type : {0, 1, 3, 4, 5}) {
    EXPECT_TRUE(Good(Bits(0, type, 0, 128, 64), MmaKind::kF8f6f4, 1)) << type;
  }
  for (uint32_t type : {2, 6, 7}) {
    EXPECT_FALSE(Good(Bits(1, type, 0, 128, 64), MmaKind::kF8f6f4, 1)) << type;
  }
}

TEST(InstructionDescriptor, ShapesFollowTheGroup) {
  for (int m = 16; m <= 256; m += 16) {
    EXPECT_EQ(m == 64 || m == 128, Good(Bits(1, 1, 1, m, 64), MmaKind::kF16, 1)) << m;
    EXPECT_EQ(m == 128 || m == 256, Good(Bits(1, 1, 1, m, 64), MmaKind::kF16, 2)) << m;
  }
  EXPECT_TRUE(Good(Bits(1, 1, 1, 128, 8), MmaKind::kF16, 1));
  EXPECT_FALSE(Good(Bits(1, 1, 1, 128, 0), MmaKind::kF16, 1));
  EXPECT_FALSE(Good(Bits(1, 1, 1, 128, 264), MmaKind::kF16, 1));
  EXPECT_FALSE(Good(Bits(1, 1, 1, 128, 24), MmaKind::kF16, 2));
  EXPECT_FALSE(Good(Bits(1, 0, 0, 128, 24, 1u << 16), MmaKind::kF8f6f4, 1));
  EXPECT_FALSE(Good(Bits(1, 0, 0, 128, 48, 1u << 16), MmaKind::kF8f6f4, 2));
  EXPECT_TRUE(Good(Bits(1, 0, 0, 128, 64, 1u << 16), MmaKind::kF8f6f4, 2));
}

TEST(InstructionDescriptor, ReservedAndUnsupportedBitsAreErrors) {
  for (int bit : {0, 1, 2, 3, 6, 23, 29, 30, 31}) {
    EXPECT_FALSE(Good(Bits(1, 1, 1, 128, 64, 1u << bit), MmaKind::kF16, 1)) << bit;
  }
}

}  // namespace
}  // namespace attnjit::emulator
