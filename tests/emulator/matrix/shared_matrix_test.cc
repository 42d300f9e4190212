#include "runtime/emulator/matrix/shared_matrix.h"

#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "llvm/Support/Error.h"
#include "tests/emulator/matrix/layout_oracle.h"

namespace attnjit::emulator {
namespace {

uint64_t WgmmaBits(uint32_t start, uint32_t lbo, uint32_t sbo, uint64_t mode, uint64_t base = 0) {
  return start >> 4 | static_cast<uint64_t>(lbo >> 4) << 16 |
         static_cast<uint64_t>(sbo >> 4) << 32 | base << 49 | mode << 62;
}

uint64_t Tcgen05Bits(uint32_t start, uint32_t lbo, uint32_t sbo, uint64_t mode, uint64_t base = 0) {
  return start >> 4 | static_cast<uint64_t>(lbo >> 4) << 16 |
         static_cast<uint64_t>(sbo >> 4) << 32 | uint64_t{1} << 46 | base << 49 | mode << 61;
}

std::string ErrorText(llvm::Error error) { return llvm::toString(std::move(error)); }

TEST(WgmmaDescriptor, FieldsAreRead) {
  auto matrix = ParseWgmmaDescriptor(WgmmaBits(0x12340, 0x1000, 0x400, 1));
  ASSERT_TRUE(static_cast<bool>(matrix));
  EXPECT_EQ(0x12340u, matrix->start);
  EXPECT_EQ(0x1000u, matrix->leading);
  EXPECT_EQ(0x400u, matrix->stride);
  EXPECT_EQ(Swizzle::k128B, matrix->swizzle);
  Swizzle modes[] = {Swizzle::kNone, Swizzle::k128B, Swizzle::k64B, Swizzle::k32B};
  for (uint64_t mode = 0; mode < 4; ++mode) {
    EXPECT_EQ(modes[mode], llvm::cantFail(ParseWgmmaDescriptor(WgmmaBits(0, 0, 0, mode))).swizzle);
  }
  EXPECT_EQ(5u, llvm::cantFail(ParseWgmmaDescriptor(WgmmaBits(0, 0, 0, 1, 5))).base_offset);
}

TEST(WgmmaDescriptor, ReservedBitsAndABaseOffsetWithoutSwizzleAreErrors) {
  for (int bit = 0; bit < 64; ++bit) {
    bool field = bit < 14 || (bit >= 16 && bit < 30) || (bit >= 32 && bit < 46) ||
                 (bit >= 49 && bit < 52) || bit >= 62;
    auto matrix = ParseWgmmaDescriptor(uint64_t{1} << 62 | uint64_t{1} << bit);
    EXPECT_EQ(field, static_cast<bool>(matrix)) << bit;
    if (!matrix) llvm::consumeError(matrix.takeError());
  }
  auto matrix = ParseWgmmaDescriptor(WgmmaBits(0x400, 0, 0, 0, 1));
  EXPECT_NE(std::string::npos, ErrorText(matrix.takeError()).find("base offset 1"));
}

TEST(Tcgen05Descriptor, FieldsReservedBitsAndModes) {
  struct {
    uint64_t mode;
    Swizzle swizzle;
  } modes[] = {{0, Swizzle::kNone},
               {1, Swizzle::k128BAtom32B},
               {2, Swizzle::k128B},
               {4, Swizzle::k64B},
               {6, Swizzle::k32B}};
  for (auto [mode, swizzle] : modes) {
    auto matrix = llvm::cantFail(ParseTcgen05Descriptor(Tcgen05Bits(0x8000, 0x20, 0x400, mode)));
    EXPECT_EQ(swizzle, matrix.swizzle);
    EXPECT_EQ(0x8000u, matrix.start);
    EXPECT_EQ(0x20u, matrix.leading);
    EXPECT_EQ(0x400u, matrix.stride);
  }
  uint64_t good = Tcgen05Bits(0x8000, 0x20, 0x400, 2);
  for (uint64_t bad :
       {good & ~(uint64_t{1} << 46), good | uint64_t{1} << 47, good | uint64_t{1} << 52,
        good | uint64_t{1} << 55, good | uint64_t{1} << 14, Tcgen05Bits(0, 0, 0, 3),
        Tcgen05Bits(0, 0, 0, 5), Tcgen05Bits(0, 0, 0, 7), Tcgen05Bits(0, 0, 0, 0, 2)}) {
    auto matrix = ParseTcgen05Descriptor(bad);
    EXPECT_FALSE(static_cast<bool>(matrix)) << std::hex << bad;
    if (!matrix) llvm::consumeError(matrix.takeError());
  }
}

TEST(CheckOperand, TransposedOperandsHaveOnlySomeSwizzles) {
  auto check = [](Swizzle swizzle, ElementType type, Major major, bool tcgen05) {
    SharedMatrix matrix;
    matrix.start = 1024;
    matrix.swizzle = swizzle;
    OperandShape shape{type, 64, 32 / ElementBytes(type), major, false};
    llvm::Error error = CheckOperand(matrix, shape, tcgen05);
    bool ok = !error;
    llvm::consumeError(std::move(error));
    return ok;
  };
  EXPECT_TRUE(check(Swizzle::k128B, ElementType::kBf16, Major::kMn, false));
  EXPECT_FALSE(check(Swizzle::k128B, ElementType::kE4m3, Major::kMn, false));
  EXPECT_FALSE(check(Swizzle::k128B, ElementType::kTf32, Major::kMn, false));
  EXPECT_TRUE(check(Swizzle::k128B, ElementType::kE4m3, Major::kMn, true));
  EXPECT_FALSE(check(Swizzle::k128B, ElementType::kTf32, Major::kMn, true));
  EXPECT_TRUE(check(Swizzle::k128BAtom32B, ElementType::kTf32, Major::kMn, true));
  EXPECT_FALSE(check(Swizzle::k128BAtom32B, ElementType::kBf16, Major::kMn, true));
}

TEST(CheckOperand, ThePatternStartsWhereTheBaseOffsetSays) {
  SharedMatrix matrix;
  matrix.swizzle = Swizzle::k128B;
  OperandShape shape{ElementType::kBf16, 64, 16, Major::kK, false};
  for (uint32_t line = 0; line < 16; ++line) {
    for (uint32_t base = 0; base < 8; ++base) {
      matrix.start = 2048 + 128 * line + 32;  // A step along K is fine.
      matrix.base_offset = base;
      llvm::Error error = CheckOperand(matrix, shape, false);
      EXPECT_EQ(base == 0 || line % 8 == base, !error) << line << " " << base;
      llvm::consumeError(std::move(error));
      error = CheckOperand(matrix, shape, true);
      EXPECT_EQ(line % 8 == base, !error) << line << " " << base;
      llvm::consumeError(std::move(error));
    }
  }
}

struct Mode {
  Swizzle swizzle;
  int bits;
};
constexpr Mode kModes[] = {{Swizzle::kNone, 0},
                           {Swizzle::k32B, 1},
                           {Swizzle::k64B, 2},
                           {Swizzle::k128B, 3},
                           {Swizzle::k128BAtom32B, 3}};

/// Random strides and starts, every mode, both majors, every element: the panel must hold what the
/// canonical layout of the ISA puts there.
TEST(GatherShared, AgreesWithTheCanonicalLayouts) {
  std::mt19937 random(3);
  std::vector<uint8_t> memory(256 << 10);
  for (uint8_t& byte : memory) byte = static_cast<uint8_t>(random());
  const SharedWindow window{memory.data() + 1024, 1024, static_cast<uint32_t>(memory.size())};
  int checked = 0;
  for (int round = 0; round < 60; ++round) {
    for (Mode mode : kModes) {
      for (Major major : {Major::kK, Major::kMn}) {
        for (ElementType type : {ElementType::kBf16, ElementType::kF16, ElementType::kTf32,
                                 ElementType::kE4m3, ElementType::kU8}) {
          bool atoms = mode.swizzle == Swizzle::k128BAtom32B;
          if (atoms && (major == Major::kK || type != ElementType::kTf32)) continue;
          SharedMatrix matrix;
          matrix.swizzle = mode.swizzle;
          uint32_t width = SwizzleWidth(mode.swizzle);
          matrix.start = 1024 * (1 + random() % 16);
          if (major == Major::kK && mode.bits > 1) matrix.start += 32 * (random() % (width / 32));
          if (mode.bits == 0) matrix.start += 16 * (random() % 64);
          matrix.leading = 16 * (random() % 256);
          matrix.stride = mode.bits == 0 ? 16 * (random() % 256) : 1024 * (random() % 5);
          if (major == Major::kMn && mode.bits > 0) matrix.leading = 1024 * (random() % 3);
          OperandShape shape{type, 16 * (1 + static_cast<int>(random() % 8)),
                             32 / ElementBytes(type), major, random() % 2 == 0};
          std::vector<float> panel(shape.rows * shape.k);
          bool fragment = random() % 2;
          ASSERT_FALSE(static_cast<bool>(GatherShared(
              window, matrix, shape, fragment ? PanelOrder::kFragment : PanelOrder::kNatural,
              panel.data(), shape.rows)));
          oracle::Canonical canonical{major == Major::kK, mode.bits,      atoms,
                                      matrix.start,       matrix.leading, matrix.stride};
          for (int row = 0; row < shape.rows; ++row) {
            for (int k = 0; k < shape.k; ++k) {
              uint32_t address = oracle::ElementAddress(canonical, ElementBytes(type), row, k);
              uint32_t bits = 0;
              std::copy_n(memory.data() + address, ElementBytes(type),
                          reinterpret_cast<uint8_t*>(&bits));
              double expected = oracle::Value(ElementName(type), bits);
              static constexpr int kOrder[] = {0, 4, 1, 5, 2, 6, 3, 7};
              int column = fragment ? row / 8 * 8 + kOrder[row % 8] : row;
              float actual = panel[k * shape.rows + column];
              if (std::isnan(expected)) {
                ASSERT_TRUE(std::isnan(actual));
              } else {
                ASSERT_EQ(shape.negate ? -expected : expected, actual)
                    << ElementName(type) << " " << SwizzleName(mode.swizzle) << " row " << row
                    << " k " << k;
              }
              ++checked;
            }
          }
        }
      }
    }
  }
  EXPECT_GT(checked, 1000000);
}

TEST(GatherShared, ABaseOffsetMovesThePatternWithTheMatrix) {
  std::mt19937 random(4);
  std::vector<uint8_t> memory(64 << 10), moved(64 << 10);
  for (uint8_t& byte : memory) byte = static_cast<uint8_t>(random());
  OperandShape shape{ElementType::kBf16, 64, 16, Major::kK, false};
  SharedMatrix matrix;
  matrix.swizzle = Swizzle::k128B;
  matrix.start = 8192;
  matrix.stride = 1024;
  for (uint32_t base = 1; base < 8; ++base) {
    // The same bytes, 128 * base further on.
    std::copy(memory.begin(), memory.end() - 128 * base, moved.begin() + 128 * base);
    SharedMatrix shifted = matrix;
    shifted.start += 128 * base;
    shifted.base_offset = base;
    float panel[64 * 16], shifted_panel[64 * 16];
    ASSERT_FALSE(static_cast<bool>(GatherShared({memory.data(), 0, 64 << 10}, matrix, shape,
                                                PanelOrder::kNatural, panel, 64)));
    ASSERT_FALSE(static_cast<bool>(GatherShared({moved.data(), 0, 64 << 10}, shifted, shape,
                                                PanelOrder::kNatural, shifted_panel, 64)));
    EXPECT_EQ(0, std::memcmp(panel, shifted_panel, sizeof(panel))) << base;
  }
}

TEST(GatherShared, LeavingTheWindowIsAnErrorThatSaysWhere) {
  std::vector<uint8_t> memory(4096);
  SharedMatrix matrix;
  matrix.swizzle = Swizzle::k128B;
  matrix.start = 4096;
  matrix.stride = 1024;
  OperandShape shape{ElementType::kBf16, 64, 16, Major::kK, false};
  float panel[64 * 16];
  std::string text = ErrorText(GatherShared({memory.data(), 1024, 1024 + 4096}, matrix, shape,
                                            PanelOrder::kNatural, panel, 64));
  EXPECT_NE(std::string::npos, text.find("row 8, chunk 0")) << text;
  matrix.start = 0;
  text = ErrorText(GatherShared({memory.data(), 1024, 1024 + 4096}, matrix, shape,
                                PanelOrder::kNatural, panel, 64));
  EXPECT_NE(std::string::npos, text.find("row 0, chunk 0")) << text;
}

}  // namespace
}  // namespace attnjit::emulator
