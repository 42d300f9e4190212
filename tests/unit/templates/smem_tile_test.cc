// Swizzled tiles: every chunk has a place of its own, ldmatrix finds what it names, and no access
// meets a bank twice.
#include "templates/mma/smem_tile.h"

#include <set>
#include <utility>

#include "gtest/gtest.h"

namespace attnjit {
namespace {

constexpr u32 kRows = 64;

/// Calls f with SmemTile<1>, SmemTile<2>, .. SmemTile<32>: head dims 8 .. 256.
template <class F, int... kPitches>
void ForEachTile(F f, std::integer_sequence<int, kPitches...>) {
  (f(SmemTile<kPitches + 1>()), ...);
}
template <class F>
void ForEachTile(F f) {
  ForEachTile(f, std::make_integer_sequence<int, 32>());
}

TEST(SmemTile, EveryChunkHasItsOwnPlaceInTheTile) {
  ForEachTile([](auto tile) {
    std::set<u32> offsets;
    for (u32 row = 0; row < kRows; ++row) {
      for (u32 chunk = 0; chunk < tile.kPitch; ++chunk) {
        const u32 offset = tile.Offset(row, chunk);
        EXPECT_EQ(offset % kChunkBytes, 0u);
        EXPECT_EQ(offset / tile.kRowBytes, row) << "a chunk left its row";
        offsets.insert(offset);
      }
    }
    EXPECT_EQ(offsets.size(), kRows * tile.kPitch);
  });
}

TEST(SmemTile, EightRowsOfOneChunkLieInEightBankGroups) {
  ForEachTile([](auto tile) {
    for (u32 row = 0; row < kRows; row += 8) {
      for (u32 chunk = 0; chunk < tile.kPitch; ++chunk) {
        std::set<u32> groups;
        for (u32 r = 0; r < 8; ++r) groups.insert(tile.Offset(row + r, chunk) / kChunkBytes % 8);
        EXPECT_EQ(groups.size(), 8u) << "pitch " << tile.kPitch << " chunk " << chunk;
      }
    }
  });
}

/// The row and chunk (of a fragment at the origin) that lane `lane` must name to ldmatrix.x4.
std::pair<u32, u32> QNames(u32 lane) {
  const u32 matrix = lane / 8;  // Registers of a: rows 0-7, rows 8-15, then the next 8 k.
  return {lane % 8 + matrix % 2 * 8, matrix / 2};
}
std::pair<u32, u32> KNames(u32 lane) {
  const u32 matrix = lane / 8;  // b0, b1 of keys 0-7, then of keys 8-15.
  return {lane % 8 + matrix / 2 * 8, matrix % 2};
}
std::pair<u32, u32> VNames(u32 lane) {
  const u32 matrix = lane / 8;  // Keys 0-7 and 8-15 of dims 0-7, then of dims 8-15.
  return {lane % 8 + matrix % 2 * 8, matrix / 2};
}

template <class Tile, class Names>
void ExpectLaneFinds(const LaneAddress<Tile>& address, u32 lane, Names names) {
  const auto [row, chunk] = names(lane);
  for (u32 r = 0; r + 16 <= kRows; r += 8) {
    for (u32 c = 0; c + 2 <= Tile::kPitch; c += 2) {
      ASSERT_EQ(address.Offset(r, c), Tile::Offset(r + row, c + chunk))
          << "pitch " << Tile::kPitch << " lane " << lane << " row " << r << " chunk " << c;
    }
  }
}

TEST(LaneAddress, FragmentsAreWhereTheTileHasThem) {
  ForEachTile([](auto tile) {
    using Tile = decltype(tile);
    for (u32 lane = 0; lane < 32; ++lane) {
      ExpectLaneFinds(QLane<Tile>(lane), lane, QNames);
      ExpectLaneFinds(KLane<Tile>(lane), lane, KNames);
      ExpectLaneFinds(VLane<Tile>(lane), lane, VNames);
    }
  });
}

TEST(LaneAddress, TheLastOddChunkOfVIsFoundByTheLowerLanes) {
  ForEachTile([](auto tile) {
    using Tile = decltype(tile);
    if constexpr (Tile::kPitch % 2 == 1) {
      for (u32 lane = 0; lane < 16; ++lane) {
        EXPECT_EQ(VLane<Tile>(lane).Offset(16, Tile::kPitch - 1),
                  Tile::Offset(16 + lane, Tile::kPitch - 1));
      }
    }
  });
}

}  // namespace
}  // namespace attnjit
