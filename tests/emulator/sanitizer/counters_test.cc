#include "runtime/emulator/sanitizer/counters.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <set>

#include "nlohmann/json.hpp"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kAll = ~0u;

std::array<uint64_t, 32> Strided(uint64_t base, uint64_t stride) {
  std::array<uint64_t, 32> addresses;
  for (uint64_t lane = 0; lane < 32; ++lane) addresses[lane] = base + lane * stride;
  return addresses;
}

Wavefronts Count(const std::array<uint64_t, 32>& addresses, uint32_t bytes, uint32_t lanes = kAll) {
  return SharedWavefronts(addresses.data(), lanes, bytes);
}

TEST(Wavefronts, ConsecutiveWordsTakeOne) {
  EXPECT_EQ(Count(Strided(0x400, 4), 4).actual, 1u);
  EXPECT_EQ(Count(Strided(0x400, 2), 2).actual, 1u);
}

TEST(Wavefronts, ABroadcastTakesOne) { EXPECT_EQ(Count(Strided(0x400, 0), 4).actual, 1u); }

TEST(Wavefronts, AStrideOfTheBanksSerialises) {
  EXPECT_EQ(Count(Strided(0, 128), 4).actual, 32u);
  EXPECT_EQ(Count(Strided(0, 128), 4).minimum, 1u);
  EXPECT_EQ(Count(Strided(0, 8), 4).actual, 2u);
  EXPECT_EQ(Count(Strided(0, 132), 4).actual, 1u);
}

TEST(Wavefronts, WideAccessesGoInParts) {
  EXPECT_EQ(Count(Strided(0, 8), 8).actual, 2u);
  EXPECT_EQ(Count(Strided(0, 8), 8).minimum, 2u);
  EXPECT_EQ(Count(Strided(0, 16), 16).actual, 4u);
  EXPECT_EQ(Count(Strided(0, 16), 16).minimum, 4u);
  EXPECT_EQ(Count(Strided(0, 128), 16).actual, 32u);  // Rows of a tile without a swizzle.
}

TEST(Wavefronts, InactiveLanesCostNothing) {
  EXPECT_EQ(Count(Strided(0, 128), 4, 0x3).actual, 2u);
  EXPECT_EQ(Count(Strided(0, 16), 16, 0xff).actual, 1u);
  EXPECT_EQ(Count(Strided(0, 16), 16, 0).actual, 0u);
}

/// The definition, bank by bank.
uint32_t Naive(const std::array<uint64_t, 32>& addresses, uint32_t bytes, uint32_t lanes) {
  const uint32_t part = bytes <= 4 ? 32 : 128 / bytes;
  uint32_t total = 0;
  for (uint32_t first = 0; first < 32; first += part) {
    std::array<std::set<uint64_t>, 32> banks;
    for (uint32_t lane = first; lane < first + part; ++lane) {
      for (uint32_t byte = 0; (lanes >> lane & 1) && byte < bytes; ++byte) {
        const uint64_t word = (addresses[lane] + byte) / 4;
        banks[word % 32].insert(word);
      }
    }
    size_t most = 0;
    for (const auto& bank : banks) most = std::max(most, bank.size());
    total += static_cast<uint32_t>(most);
  }
  return total;
}

TEST(Wavefronts, RandomAccessesAgreeWithTheDefinition) {
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    const uint32_t bytes = 1u << random() % 5;
    std::array<uint64_t, 32> addresses;
    for (uint64_t& address : addresses) address = random() % (4096 / bytes) * bytes;
    const uint32_t lanes = random();
    const Wavefronts wavefronts = Count(addresses, bytes, lanes);
    EXPECT_EQ(wavefronts.actual, Naive(addresses, bytes, lanes));
    EXPECT_LE(wavefronts.minimum, wavefronts.actual);
  }
}

TEST(Counters, MergeIsASum) {
  Counters a;
  a.AddInstruction(InstructionClass::kExponential, kAll);
  a.AddInstruction(InstructionClass::kExponential, 0x3);
  a.AddBytes(Traffic::kBulkToShared, 100);
  a.AddMatrix(MatrixKind::kF16, 64, 128, 16);
  a.AddSharedAccess(Strided(0, 128).data(), kAll, 4);
  a.barrier_waits = 2;
  Counters b = a;
  b.ctas = 1;
  a.Merge(b);
  EXPECT_EQ(a[InstructionClass::kExponential], 4u);
  EXPECT_EQ(a.thread_instructions[static_cast<size_t>(InstructionClass::kExponential)], 68u);
  EXPECT_EQ(a[Traffic::kBulkToShared], 200u);
  EXPECT_EQ(a[MatrixKind::kF16], 2u * 2 * 64 * 128 * 16);
  EXPECT_EQ(a.bank_conflicts(), 62u);
  EXPECT_EQ(a.barrier_waits, 4u);
  EXPECT_EQ(a.ctas, 1u);
}

TEST(Counters, JsonNamesEveryCounter) {
  Counters counters;
  counters.AddBytes(Traffic::kTensorStore, 7);
  counters.AddInstruction(InstructionClass::kOther, 1);
  const nlohmann::json json = nlohmann::json::parse(counters.ToJson());
  EXPECT_EQ(json["bytes"]["tensor-store"], 7);
  EXPECT_EQ(json["warp_instructions"]["other"], 1);
  EXPECT_EQ(json["bytes"].size(), kTrafficKinds);
  EXPECT_EQ(json["warp_instructions"].size(), kInstructionClasses);
  EXPECT_EQ(json["matrix_flops"].size(), kMatrixKinds);
}

// FlashAttention-4's example: with M = N = D = 128 a B200 needs as long for the exponentials of a
// tile as for its two products: 128 * 128 / 16 cycles and 4 * 128^3 / 8192.
TEST(ResourceCosts, ExponentialsEqualProductsOnB200) {
  Counters counters;
  counters.AddMatrix(MatrixKind::kF16, 128, 128, 128);
  counters.AddMatrix(MatrixKind::kF16, 128, 128, 128);
  for (int i = 0; i < 128 * 128 / 32; ++i) {
    counters.AddInstruction(InstructionClass::kExponential, kAll);
  }
  const std::vector<ResourceCost> costs = ResourceCosts(counters, *FindSmRates(Arch::kSm100a));
  ASSERT_EQ(costs.size(), 3u);
  EXPECT_EQ(costs[0].cycles, 1024);
  EXPECT_EQ(costs[1].cycles, 1024);
  EXPECT_EQ(costs[2].resource, "issue");
  EXPECT_EQ(costs[2].cycles, 128);
}

TEST(ResourceCosts, CostsAreSortedAndIdleResourcesLeftOut) {
  Counters counters;
  counters.AddInstruction(InstructionClass::kFp32, kAll);
  counters.AddSharedAccess(Strided(0, 128).data(), kAll, 4);
  const std::vector<ResourceCost> costs = ResourceCosts(counters, *FindSmRates(Arch::kSm90a));
  ASSERT_EQ(costs.size(), 3u);
  EXPECT_EQ(costs[0].resource, "shared");
  EXPECT_EQ(costs[0].cycles, 32);
}

}  // namespace
}  // namespace attnjit::emulator
