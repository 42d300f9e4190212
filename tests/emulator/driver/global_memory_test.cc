// The memory of one emulated device.
#include "runtime/emulator/machine/global_memory.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "runtime/emulator/machine/address.h"

namespace attnjit::emulator {
namespace {

std::unique_ptr<GlobalMemory> Make(uint64_t capacity) {
  return llvm::cantFail(GlobalMemory::Create(capacity));
}

TEST(GlobalMemory, AddressesAreTheSameForTheSameCalls) {
  const auto addresses = [] {
    const auto memory = Make(1 << 20);
    std::vector<uint64_t> all = {*memory->Allocate(1), *memory->Allocate(513)};
    memory->Free(all[0]);
    all.push_back(*memory->Allocate(512));
    all.push_back(*memory->Allocate(512));
    return all;
  };
  EXPECT_EQ(addresses(), addresses());
  EXPECT_EQ(addresses()[0], kGlobalBase);
}

TEST(GlobalMemory, FreshMemoryIsNan) {
  const auto memory = Make(1 << 20);
  const uint64_t address = *memory->Allocate(8);
  const auto* words = reinterpret_cast<const uint16_t*>(memory->Host(address, 8));
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(words[i] & 0x7f80, 0x7f80) << "bf16";
    EXPECT_NE(words[i] & 0x007f, 0) << "bf16";
    EXPECT_EQ(words[i] & 0x7c00, 0x7c00) << "fp16";
  }
}

/// Against a map of what is allocated, byte by byte.
TEST(GlobalMemory, OnlyAllocatedRangesAreThere) {
  const auto memory = Make(1 << 16);
  std::map<uint64_t, uint64_t> allocated;
  std::mt19937_64 random(1);
  const auto inside = [&](uint64_t address, uint64_t bytes) {
    for (const auto& [start, size] : allocated) {
      if (address >= start && address + bytes <= start + size) return true;
    }
    return false;
  };
  for (int step = 0; step < 400; ++step) {
    if (random() % 3 != 0) {
      const uint64_t bytes = 1 + random() % 2000;
      if (const auto address = memory->Allocate(bytes)) {
        EXPECT_EQ(*address % 512, 0u);
        for (const auto& [start, size] : allocated) {
          EXPECT_TRUE(*address >= start + size + 512 || *address + bytes + 512 <= start);
        }
        allocated[*address] = bytes;
      }
    } else if (!allocated.empty()) {
      auto gone = std::next(allocated.begin(), random() % allocated.size());
      EXPECT_TRUE(memory->Free(gone->first));
      allocated.erase(gone);
    }
    for (int probe = 0; probe < 50; ++probe) {
      const uint64_t address = kGlobalBase + random() % 40000, bytes = 1 + random() % 1500;
      ASSERT_EQ(memory->Host(address, bytes) != nullptr, inside(address, bytes))
          << address << " + " << bytes;
    }
  }
}

TEST(GlobalMemory, AddressesThatWrapAreNotThere) {
  const auto memory = Make(1 << 20);
  const uint64_t address = *memory->Allocate(16);
  EXPECT_EQ(memory->Host(address, ~uint64_t{0}), nullptr);
  EXPECT_EQ(memory->Host(~uint64_t{0}, 2), nullptr);
  EXPECT_EQ(memory->Host(0, 1), nullptr);
  EXPECT_EQ(memory->Host(kGlobalBase - 1, 2), nullptr);
}

TEST(GlobalMemory, NamesTheBlockNearAnAddress) {
  const auto memory = Make(1 << 20);
  const uint64_t first = *memory->Allocate(100), second = *memory->Allocate(100);
  EXPECT_EQ(memory->BlockNear(first + 300)->address, first);
  EXPECT_EQ(memory->BlockNear(second)->address, second);
  EXPECT_FALSE(memory->BlockNear(kGlobalBase - 1));
}

TEST(GlobalMemory, CapacityIsWhatAllocationsComeTo) {
  const auto memory = Make(4096);
  const uint64_t all = *memory->Allocate(4096);
  EXPECT_FALSE(memory->Allocate(1));
  EXPECT_EQ(memory->used(), 4096u);
  EXPECT_TRUE(memory->Free(all));
  EXPECT_FALSE(memory->Free(all));
  EXPECT_TRUE(memory->Allocate(1));
}

TEST(GlobalMemory, AViewShowsAModulesVariablesToo) {
  const auto memory = Make(4096);
  const uint64_t address = *memory->Allocate(8);
  uint8_t variables[64] = {};
  const uint64_t base = kGlobalBase - 4096;
  const auto view = GlobalMemory::View(*memory, {base, variables, {{base, 4}, {base + 32, 32}}});
  EXPECT_EQ(view->Host(address, 8), memory->Host(address, 8));
  EXPECT_EQ(view->Host(base + 40, 8), variables + 40);
  EXPECT_EQ(view->Host(base, 5), nullptr) << "past the first variable";
  EXPECT_EQ(view->Host(base + 60, 8), nullptr);
  EXPECT_EQ(memory->Host(base, 4), nullptr);
  EXPECT_EQ(view->BlockNear(base + 10)->bytes, 4u);
}

}  // namespace
}  // namespace attnjit::emulator
