// Boxes of random maps against an oracle that goes element by element.
#include "runtime/emulator/async/box_copy.h"

#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

constexpr uint64_t kAddress = 0x7f00'0000'1000;
constexpr uint32_t kWindow = 256 << 10;

/// Where a byte of the dense box lies, from the tables of PTX ISA 5.5.7: the pattern numbers chunks
/// in lines of 128 bytes, and line r of the pattern shows which chunk lies at each place. All of
/// these patterns are their own inverse.
uint32_t OraclePlace(TensorSwizzle swizzle, uint32_t address) {
  const uint32_t line = address / 128;
  uint32_t chunk = address / 16 % 8;
  uint32_t byte = address % 16;
  switch (swizzle) {
    case TensorSwizzle::kNone:
      break;
    case TensorSwizzle::k32B:  // Two lines: 0 1 .., 1 0 ..
      if (line % 2 == 1) chunk = chunk % 2 == 0 ? chunk + 1 : chunk - 1;
      break;
    case TensorSwizzle::k64B: {
      static constexpr uint32_t kTable[4][4] = {
          {0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
      chunk = chunk / 4 * 4 + kTable[line % 4][chunk % 4];
      break;
    }
    case TensorSwizzle::k128B: {
      static constexpr uint32_t kTable[8][8] = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6},
                                                {2, 3, 0, 1, 6, 7, 4, 5}, {3, 2, 1, 0, 7, 6, 5, 4},
                                                {4, 5, 6, 7, 0, 1, 2, 3}, {5, 4, 7, 6, 1, 0, 3, 2},
                                                {6, 7, 4, 5, 2, 3, 0, 1}, {7, 6, 5, 4, 3, 2, 1, 0}};
      chunk = kTable[line % 8][chunk];
      break;
    }
    case TensorSwizzle::k128BAtom32B:
    case TensorSwizzle::k128BAtom32BFlip8B: {
      static constexpr uint32_t kTable[4][4] = {
          {0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
      chunk = kTable[line % 4][chunk / 2] * 2 + chunk % 2;
      if (swizzle == TensorSwizzle::k128BAtom32BFlip8B && line % 2 == 1) byte = (byte + 8) % 16;
      break;
    }
    case TensorSwizzle::k128BAtom64B:
      if (line % 2 == 1) chunk = (chunk + 4) % 8;
      break;
  }
  return line * 128 + chunk * 16 + byte;
}

struct RandomBox {
  TensorMapInfo map;
  BoxStart start = {};
  uint32_t offset = 0;
};

RandomBox MakeBox(std::mt19937& random) {
  const auto pick = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  static constexpr TensorElement kElements[] = {TensorElement::kU8, TensorElement::kBf16,
                                                TensorElement::kF32, TensorElement::kU64};
  RandomBox box;
  TensorMapInfo& map = box.map;
  map.element = kElements[pick(0, 3)];
  map.rank = static_cast<uint32_t>(pick(1, 5));
  map.address = kAddress;
  map.swizzle = static_cast<TensorSwizzle>(pick(0, 6));
  map.fill_nan = IsFloat(map.element) && pick(0, 1) == 1;
  const auto element = static_cast<int64_t>(ElementBytes(map.element));
  const int64_t width = map.swizzle == TensorSwizzle::kNone ? 256 : SwizzleWidth(map.swizzle);
  map.box[0] =
      static_cast<uint32_t>(pick(1, std::min<int64_t>(width, 256 * element) / 16) * 16 / element);
  map.dims[0] = static_cast<uint64_t>(pick(1, 2 * map.box[0]));
  map.strides[0] = static_cast<uint64_t>(element);
  map.element_strides[0] = 1;
  uint64_t stride = (map.dims[0] * map.strides[0] + 15) / 16 * 16;
  for (uint32_t i = 1; i < map.rank; ++i) {
    map.dims[i] = static_cast<uint64_t>(pick(1, 9));
    map.box[i] = static_cast<uint32_t>(pick(1, 4));
    map.element_strides[i] = static_cast<uint32_t>(pick(0, 2) == 0 ? pick(1, 8) : 1);
    map.strides[i] = stride + static_cast<uint64_t>(pick(0, 2) * 16);
    stride = map.strides[i] * map.dims[i];
  }
  for (uint32_t i = 0; i < map.rank; ++i) {
    box.start[i] =
        static_cast<int32_t>(pick(-int64_t{map.box[i]} - 1, static_cast<int64_t>(map.dims[i]) + 1));
  }
  box.offset = static_cast<uint32_t>(pick(8, 100)) * kBoxAlignment;
  return box;
}

/// Byte `dense` of the box without gaps, before the swizzle: rows begin at multiples of its width.
uint32_t OracleOffset(const TensorMapInfo& map, uint32_t dense) {
  const uint32_t row = map.box[0] * ElementBytes(map.element);
  if (map.swizzle == TensorSwizzle::kNone) return dense;
  return dense / row * SwizzleWidth(map.swizzle) + dense % row;
}

/// Calls use(element's index in the box, device address or nothing).
template <class Use>
void ForEachElement(const RandomBox& box, const Use& use) {
  const TensorMapInfo& map = box.map;
  std::array<int64_t, 5> count = {1, 1, 1, 1, 1};
  for (uint32_t i = 0; i < map.rank; ++i) {
    count[i] = (map.box[i] + map.element_strides[i] - 1) / map.element_strides[i];
  }
  uint32_t index = 0;
  std::array<int64_t, 5> at;
  for (at[4] = 0; at[4] < count[4]; ++at[4]) {
    for (at[3] = 0; at[3] < count[3]; ++at[3]) {
      for (at[2] = 0; at[2] < count[2]; ++at[2]) {
        for (at[1] = 0; at[1] < count[1]; ++at[1]) {
          for (at[0] = 0; at[0] < count[0]; ++at[0]) {
            std::optional<uint64_t> address = map.address;
            for (uint32_t i = 0; i < map.rank && address; ++i) {
              const int64_t c = box.start[i] + at[i] * map.element_strides[i];
              if (c < 0 || c >= static_cast<int64_t>(map.dims[i])) {
                address.reset();
              } else {
                *address += static_cast<uint64_t>(c) * map.strides[i];
              }
            }
            use(index++, address);
          }
        }
      }
    }
  }
}

class BoxCopy : public testing::Test {
 protected:
  BoxCopy() : shared_(kWindow) {
    std::mt19937 random(0);
    for (uint8_t& byte : shared_) byte = static_cast<uint8_t>(random());
  }

  void FillGlobal(const RandomBox& box, std::mt19937& random) {
    const TensorMapInfo& map = box.map;
    const uint64_t bytes = map.rank == 1 ? map.dims[0] * map.strides[0]
                                         : map.strides[map.rank - 1] * map.dims[map.rank - 1];
    global_.resize(bytes);
    for (uint8_t& byte : global_) byte = static_cast<uint8_t>(random());
  }

  std::vector<uint8_t> global_;
  std::vector<uint8_t> shared_;
};

TEST_F(BoxCopy, LoadsWhatTheOracleSays) {
  std::mt19937 random(1);
  for (int round = 0; round < 800; ++round) {
    SCOPED_TRACE(round);
    const RandomBox box = MakeBox(random);
    FillGlobal(box, random);
    std::vector<uint8_t> expected = shared_;
    const uint32_t element = ElementBytes(box.map.element);
    uint32_t elements = 0;
    ForEachElement(box, [&](uint32_t index, std::optional<uint64_t> address) {
      ++elements;
      for (uint32_t b = 0; b < element; ++b) {
        uint8_t value = 0;
        if (address) {
          value = global_[*address - kAddress + b];
        } else if (box.map.fill_nan) {
          value = b % 2 == 0 ? 0xf7 : 0x7f;
        }
        expected[OraclePlace(box.map.swizzle,
                             box.offset + OracleOffset(box.map, index * element + b))] = value;
      }
    });
    EXPECT_EQ(BoxBytes(box.map), elements * element);
    const auto span = TouchedSpan(box.map, box.start).value_or(GlobalSpan{kAddress, 0});
    ASSERT_LE(span.address - kAddress + span.bytes, global_.size());
    LoadBox(box.map, box.start, span, global_.data() + (span.address - kAddress), shared_.data(),
            box.offset);
    ASSERT_EQ(shared_, expected);
  }
}

TEST_F(BoxCopy, RowsAndReadBoxStoreWhatTheOracleSays) {
  std::mt19937 random(2);
  for (int round = 0; round < 800; ++round) {
    SCOPED_TRACE(round);
    const RandomBox box = MakeBox(random);
    FillGlobal(box, random);
    std::vector<uint8_t> expected = global_;
    const uint32_t element = ElementBytes(box.map.element);
    ForEachElement(box, [&](uint32_t index, std::optional<uint64_t> address) {
      for (uint32_t b = 0; b < element && address; ++b) {
        expected[*address - kAddress + b] = shared_[OraclePlace(
            box.map.swizzle, box.offset + OracleOffset(box.map, index * element + b))];
      }
    });
    std::vector<uint8_t> dense(BoxBytes(box.map));
    ReadBox(box.map, shared_.data(), box.offset, dense.data());
    ForEachBoxRow(box.map, box.start, [&](const BoxRow& row) {
      std::copy_n(
          dense.begin() + row.offset + row.skipped, row.bytes,
          global_.begin() + static_cast<ptrdiff_t>(row.bytes == 0 ? 0 : row.global - kAddress));
    });
    ASSERT_EQ(global_, expected);
  }
}

TEST_F(BoxCopy, RangesAreTheBytesThatALoadWrites) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    const RandomBox box = MakeBox(random);
    std::set<uint32_t> covered;
    ForEachBoxRange(box.map, box.offset, [&](uint32_t offset, uint32_t bytes) {
      for (uint32_t i = 0; i < bytes; ++i) EXPECT_TRUE(covered.insert(offset + i).second);
    });
    std::set<uint32_t> expected;
    for (uint32_t i = 0; i < BoxBytes(box.map); ++i) {
      expected.insert(OraclePlace(box.map.swizzle, box.offset + OracleOffset(box.map, i)));
    }
    ASSERT_EQ(covered, expected);
  }
}

TEST(Swizzle, PatternsFollowTheAddressNotTheTile) {
  for (int s = 0; s <= 6; ++s) {
    const auto swizzle = static_cast<TensorSwizzle>(s);
    for (uint32_t address = 0; address < 4096; ++address) {
      ASSERT_EQ(SwizzleAddress(swizzle, address), OraclePlace(swizzle, address)) << s;
    }
  }
}

TEST(Box, ExtremeCoordinatesAreOutside) {
  TensorMapInfo map;
  map.element = TensorElement::kF16;
  map.rank = 2;
  map.address = kAddress;
  map.dims = {uint64_t{1} << 32, uint64_t{1} << 32};
  map.strides = {2, (uint64_t{1} << 40) - 16};
  map.box = {64, 2};
  map.element_strides = {1, 8};
  EXPECT_FALSE(TouchedSpan(map, {INT32_MIN, INT32_MIN}).has_value());
  EXPECT_FALSE(TouchedSpan(map, {0, INT32_MIN}).has_value());
  EXPECT_TRUE(TouchedSpan(map, {INT32_MAX, 0}).has_value());
}

}  // namespace
}  // namespace attnjit::emulator
