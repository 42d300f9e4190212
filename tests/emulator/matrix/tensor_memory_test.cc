#include "runtime/emulator/matrix/tensor_memory.h"

#include "gtest/gtest.h"

namespace attnjit::emulator {
namespace {

bool Good(llvm::Error error) {
  bool good = !error;
  llvm::consumeError(std::move(error));
  return good;
}

TEST(TensorMemory, AllocationsArePowersOfTwoThatDoNotGrow) {
  TensorMemory memory;
  for (uint32_t columns : {0u, 16u, 33u, 48u, 96u, 1024u}) {
    EXPECT_FALSE(Good(memory.CheckAllocation(columns))) << columns;
  }
  for (uint32_t columns : {32u, 64u, 128u, 256u, 512u}) {
    EXPECT_TRUE(Good(memory.CheckAllocation(columns))) << columns;
  }
  memory.AllocateAt(*memory.FindFree(128), 128);
  EXPECT_FALSE(Good(memory.CheckAllocation(256)));
  EXPECT_TRUE(Good(memory.CheckAllocation(128)));
  memory.Relinquish();
  EXPECT_FALSE(Good(memory.CheckAllocation(32)));
}

TEST(TensorMemory, FreeColumnsAreFoundFromTheLowestUntilThereAreNone) {
  TensorMemory memory;
  EXPECT_EQ(0u, memory.FindFree(256));
  memory.AllocateAt(0, 256);
  EXPECT_EQ(256u, memory.FindFree(128));
  memory.AllocateAt(256, 128);
  memory.AllocateAt(384, 128);
  EXPECT_FALSE(memory.FindFree(32).has_value());
  EXPECT_EQ(512u, memory.AllocatedColumns());
  EXPECT_TRUE(Good(memory.Deallocate(256, 128)));
  EXPECT_EQ(256u, memory.FindFree(64));
  TensorMemory peer;
  peer.AllocateAt(256, 64);
  EXPECT_EQ(320u, memory.FindFree(64, &peer));
}

TEST(TensorMemory, FreeingNamesAnAllocation) {
  TensorMemory memory;
  memory.AllocateAt(0, 64);
  EXPECT_FALSE(Good(memory.Deallocate(32, 32)));
  EXPECT_FALSE(Good(memory.Deallocate(0, 32)));
  EXPECT_TRUE(Good(memory.Deallocate(0, 64)));
  EXPECT_FALSE(Good(memory.Deallocate(0, 64)));
  EXPECT_EQ(0u, memory.AllocatedColumns());
}

TEST(TensorMemory, AccessStaysInAllocatedColumns) {
  TensorMemory memory;
  memory.AllocateAt(0, 64);
  memory.AllocateAt(64, 32);
  EXPECT_TRUE(Good(memory.CheckRange({0, 32}, 128, 64)));
  EXPECT_FALSE(Good(memory.CheckRange({0, 64}, 128, 33)));
  EXPECT_FALSE(Good(memory.CheckRange({64, 0}, 128, 1)));
  EXPECT_FALSE(Good(memory.CheckRange({0, 500}, 32, 32)));
}

TEST(TensorMemory, AFreshAllocationIsUninitialised) {
  TensorMemory memory;
  memory.AllocateAt(32, 32);
  memory.SetInitialised({16, 40}, 32, 2, true);
  EXPECT_EQ(32u, memory.Initialised(41).count());
  EXPECT_TRUE(memory.Initialised(41)[16]);
  EXPECT_FALSE(memory.Initialised(41)[15]);
  EXPECT_FALSE(memory.Initialised(41)[48]);
  EXPECT_TRUE(Good(memory.Deallocate(32, 32)));
  memory.AllocateAt(32, 32);
  EXPECT_TRUE(memory.Initialised(41).none());
}

}  // namespace
}  // namespace attnjit::emulator
