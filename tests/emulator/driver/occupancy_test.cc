// Resident CTAs, against figures of the CUDA occupancy calculator.
#include "runtime/emulator/driver/occupancy.h"

#include <gtest/gtest.h>

namespace attnjit::emulator {
namespace {

int Blocks(const char* arch, int threads, int registers, int64_t shared) {
  return BlocksPerSm(*FindDeviceModel(arch), {threads, registers, shared});
}

TEST(Occupancy, IsBoundByTheScarcestResource) {
  EXPECT_EQ(Blocks("sm_80", 32, 16, 0), 32) << "blocks";
  EXPECT_EQ(Blocks("sm_80", 1024, 32, 0), 2) << "threads";
  EXPECT_EQ(Blocks("sm_86", 1024, 32, 0), 1) << "threads";
  EXPECT_EQ(Blocks("sm_80", 256, 128, 0), 2) << "registers";
  EXPECT_EQ(Blocks("sm_80", 128, 255, 0), 2) << "registers, rounded up to 256";
  EXPECT_EQ(Blocks("sm_90a", 384, 168, 0), 1) << "registers of a warp-specialised block";
  EXPECT_EQ(Blocks("sm_80", 128, 32, 81 * 1024), 2) << "shared memory with a KiB for the system";
  EXPECT_EQ(Blocks("sm_80", 128, 32, 82 * 1024), 1) << "shared memory";
}

TEST(Occupancy, IsNothingWhereOneDoesNotFit) {
  EXPECT_EQ(Blocks("sm_90a", 1025, 16, 0), 0);
  EXPECT_EQ(Blocks("sm_90a", 0, 16, 0), 0);
  EXPECT_EQ(Blocks("sm_90a", 512, 168, 0), 0);
  EXPECT_EQ(Blocks("sm_90a", 32, 16, 227 * 1024), 1);
  EXPECT_EQ(Blocks("sm_90a", 32, 16, 227 * 1024 + 128), 0);
}

}  // namespace
}  // namespace attnjit::emulator
