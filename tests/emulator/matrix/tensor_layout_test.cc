#include "runtime/emulator/matrix/tensor_layout.h"

#include <array>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "tests/emulator/matrix/tcgen05_oracle.h"

namespace attnjit::emulator {
namespace {

struct NamedShape {
  TensorShape shape;
  const char* name;
};
constexpr NamedShape kShapes[] = {{TensorShape::k32x32b, "32x32b"},
                                  {TensorShape::k16x64b, "16x64b"},
                                  {TensorShape::k16x128b, "16x128b"},
                                  {TensorShape::k16x256b, "16x256b"},
                                  {TensorShape::k16x32bx2, "16x32bx2"}};

TEST(TensorAccess, RegisterCountsAreTheTables) {
  // PTX ISA table 49: rows x1 .. x128; columns 32x32b (and 16x64b, 16x32bx2), 16x128b, 16x256b.
  constexpr int kTable[8][3] = {{1, 2, 4},    {2, 4, 8},     {4, 8, 16},   {8, 16, 32},
                                {16, 32, 64}, {32, 64, 128}, {64, 128, 0}, {128, 0, 0}};
  for (int row = 0; row < 8; ++row) {
    int repeat = 1 << row;
    EXPECT_EQ(kTable[row][0], TensorRegisters({TensorShape::k32x32b, repeat}));
    EXPECT_EQ(kTable[row][0], TensorRegisters({TensorShape::k16x64b, repeat}));
    EXPECT_EQ(kTable[row][0], TensorRegisters({TensorShape::k16x32bx2, repeat}));
    EXPECT_EQ(kTable[row][1], TensorRegisters({TensorShape::k16x128b, repeat}));
    EXPECT_EQ(kTable[row][2], TensorRegisters({TensorShape::k16x256b, repeat}));
  }
}

TEST(TensorAccess, RegistersStandWhereTheTraitsSay) {
  for (NamedShape shape : kShapes) {
    for (int repeat = 1; repeat <= 128; repeat *= 2) {
      for (bool packed : {false, true}) {
        TensorAccess access{shape.shape, repeat, packed, 40};
        int registers = TensorRegisters(access);
        if (registers == 0 || TensorAccessColumns(access) > 256) continue;
        std::set<std::pair<int, int>> seen;
        for (int t = 0; t < 32; ++t) {
          for (int r = 0; r < registers; ++r) {
            auto words = oracle::FragmentWords(shape.name, repeat, packed, 40, t, r);
            TensorAddress at = TensorRegisterPlace(access, t, r);
            ASSERT_EQ(words[0], (oracle::Word{at.lane, at.column}))
                << shape.name << " x" << repeat << " t " << t << " r " << r;
            if (packed) {
              ASSERT_EQ(words[1], (oracle::Word{at.lane, at.column + 1}));
            }
            if (shape.shape != TensorShape::k16x32bx2) seen.insert(words[0]);
          }
        }
        if (shape.shape == TensorShape::k16x32bx2) continue;
        EXPECT_EQ(static_cast<size_t>(32 * registers), seen.size()) << shape.name;
        for (auto [lane, column] : seen) {
          EXPECT_LT(lane, TensorShapeLanes(shape.shape));
          EXPECT_LT(column, TensorAccessColumns(access));
        }
      }
    }
  }
}

TEST(TensorAccess, WhatIsStoredIsLoadedAndOnlyThat) {
  std::mt19937 random(13);
  for (NamedShape shape : kShapes) {
    for (bool packed : {false, true}) {
      TensorMemory memory;
      memory.AllocateAt(0, 512);
      TensorAccess access{shape.shape, 4, packed, 64};
      int count = TensorRegisters(access);
      std::vector<std::array<uint32_t, 32>> in(count), out(count);
      std::vector<const uint32_t*> from;
      std::vector<uint32_t*> to;
      for (int r = 0; r < count; ++r) {
        for (uint32_t& word : in[r]) word = random();
        from.push_back(in[r].data());
        to.push_back(out[r].data());
      }
      TensorAddress base{64, 32};
      std::vector<uint32_t> uninitialised(count);
      LoadTensor(memory, access, base, to, uninitialised.data());
      for (uint32_t mask : uninitialised) EXPECT_EQ(~0u, mask);
      StoreTensor(memory, access, base, from);
      LoadTensor(memory, access, base, to, uninitialised.data());
      EXPECT_EQ(in, out) << shape.name;
      for (uint32_t mask : uninitialised) EXPECT_EQ(0u, mask);
      size_t words = 0;
      for (int column = 0; column < kTensorColumns; ++column) {
        words += memory.Initialised(column).count();
      }
      EXPECT_EQ(static_cast<size_t>(32 * count * (packed ? 2 : 1)), words);
    }
  }
}

TEST(TensorAccess, AWarpReachesItsQuarterOnly) {
  TensorMemory memory;
  memory.AllocateAt(0, 64);
  auto good = [&](TensorShape shape, int lane, int warp) {
    llvm::Error error = CheckTensorAccess(memory, {shape, 1, false, 0}, {lane, 0}, warp);
    bool ok = !error;
    llvm::consumeError(std::move(error));
    return ok;
  };
  for (int warp = 0; warp < 4; ++warp) {
    for (int lane = 0; lane < 128; ++lane) {
      EXPECT_EQ(lane == 32 * warp, good(TensorShape::k32x32b, lane, warp));
      EXPECT_EQ(lane == 32 * warp || lane == 32 * warp + 16,
                good(TensorShape::k16x256b, lane, warp));
    }
  }
}

TEST(TensorCopy, RowsGoToTheLanesOfTheTraits) {
  struct {
    TensorCopyShape shape;
    const char* name;
    int rows, chunks;
  } shapes[] = {{TensorCopyShape::k128x256b, "128x256b", 128, 2},
                {TensorCopyShape::k4x256b, "4x256b", 4, 2},
                {TensorCopyShape::k128x128b, "128x128b", 128, 1},
                {TensorCopyShape::k64x128bWarpx2_02_13, "64x128b.02_13", 64, 1},
                {TensorCopyShape::k64x128bWarpx2_01_23, "64x128b.01_23", 64, 1},
                {TensorCopyShape::k32x128bWarpx4, "32x128b", 32, 1}};
  for (auto& shape : shapes) {
    EXPECT_EQ(shape.rows, TensorCopySource(shape.shape).rows);
    EXPECT_EQ(shape.chunks, TensorCopySource(shape.shape).chunks);
    for (int row = 0; row < shape.rows; ++row) {
      auto lanes = TensorCopyLanes(shape.shape, row);
      EXPECT_EQ(oracle::CopyLanes(shape.name, row), std::vector<int>(lanes.begin(), lanes.end()))
          << shape.name << " row " << row;
    }
  }
}

}  // namespace
}  // namespace attnjit::emulator
