// tools/problem on a device that is host memory: checking, timing, counting work.
#include <gtest/gtest.h>

#include "tests/gpu/host_driver.h"
#include "tools/problem/check_launch.h"
#include "tools/problem/device_limits.h"
#include "tools/problem/timing.h"
#include "tools/problem/work.h"

namespace attnjit {
namespace {

AttentionSpec Parse(llvm::StringRef json) { return llvm::cantFail(ParseSpec(json)); }

CheckFigures Check(const AttentionSpec& spec, const ForwardProblem& problem, Fault fault) {
  HostKernel kernel(spec, fault);
  return llvm::cantFail(CheckLaunch(HostDriver(), kernel, problem, spec.layout, 7, 2));
}

TEST(CheckLaunchTest, ARightKernelPassesInEveryLayout) {
  for (const char* layout : {"bshd", "bhsd", "thd"}) {
    AttentionSpec spec = Parse(std::string("{\"head_dim\":40,\"dtype\":\"fp16\",\"lse\":true,"
                                           "\"mask\":\"causal\",\"align\":\"bottom_right\","
                                           "\"heads\":{\"q\":4,\"kv\":2},\"layout\":\"") +
                               layout + "\"}");
    ForwardProblem problem = spec.layout == Layout::kThd
                                 ? MakePackedProblem(spec, 2, {100, 0, 33}, {100, 5, 60})
                                 : MakeProblem(spec, 2, 2, 100, 130);
    CheckFigures figures = Check(spec, problem, Fault::kNone);
    EXPECT_TRUE(figures.passed) << layout << ": " << figures.problem;
    EXPECT_EQ(figures.rounds, 1);
    EXPECT_TRUE(figures.comparison.has_lse);
    EXPECT_LT(figures.comparison.error_ratio, 0.5);
  }
}

TEST(CheckLaunchTest, AProblemOfFewOutputsIsDrawnAgain) {
  AttentionSpec spec = Parse("{\"head_dim\":64,\"dtype\":\"bf16\",\"mask\":\"none\"}");
  CheckFigures figures = Check(spec, MakeProblem(spec, 1, 1, 1, 50), Fault::kNone);
  EXPECT_TRUE(figures.passed) << figures.problem;
  EXPECT_EQ(figures.rounds, 64);
  EXPECT_EQ(figures.comparison.elements, 64 * 64);
}

TEST(CheckLaunchTest, EveryFaultIsFoundAndSaid) {
  AttentionSpec spec = Parse("{\"head_dim\":64,\"dtype\":\"bf16\",\"mask\":\"none\",\"lse\":true}");
  ForwardProblem problem = MakeProblem(spec, 2, 2, 65, 70);
  for (Fault fault :
       {Fault::kDropsLastKey, Fault::kWritesPastRow, Fault::kSkipsRow, Fault::kNotRepeatable}) {
    CheckFigures figures = Check(spec, problem, fault);
    EXPECT_FALSE(figures.passed) << static_cast<int>(fault);
    EXPECT_NE(figures.problem, "") << static_cast<int>(fault);
  }
}

TEST(TimingTest, TimesEachIteration) {
  AttentionSpec spec = Parse("{\"head_dim\":64,\"dtype\":\"bf16\",\"mask\":\"none\"}");
  LaunchImage image = MakeLaunchImage(MakeProblem(spec, 1, 1, 8, 8), spec.layout, {});
  FillInputs(image, 1, {}, {}, {}, {});
  HostKernel kernel(spec, Fault::kNone);
  DeviceStream stream = llvm::cantFail(DeviceStream::Create(HostDriver()));
  DeviceImage device = llvm::cantFail(DeviceImage::Create(HostDriver(), image, stream.get()));
  L2Flush flush = llvm::cantFail(L2Flush::Create(HostDriver(), 1 << 20));
  std::vector<double> times = llvm::cantFail(
      TimeLaunches(HostDriver(), kernel, device.args(), flush, stream.get(), {2, 7}));
  EXPECT_EQ(times, std::vector<double>(7, 0.5));
}

TEST(TimingTest, MedianOfOddAndEvenNumbers) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median({}), 0);
}

TEST(DeviceLimitsTest, KnowsDatasheetsAndComputesTheRest) {
  DeviceLimits h100 = LimitsOf("NVIDIA H100 80GB HBM3", {9, 0, 132, 1980000, 2619000, 5120});
  EXPECT_EQ(h100.source, "datasheet");
  EXPECT_NEAR(h100.tflops, 989, 1);
  // A GPU of 100 SMs at 1 GHz, and memory of 1 GHz on 256 bits.
  DeviceLimits other = LimitsOf("some GPU", {8, 0, 100, 1000000, 1000000, 256});
  EXPECT_EQ(other.source, "clocks");
  EXPECT_NEAR(other.tflops, 100 * 2048e9 / 1e12, 1e-9);
  EXPECT_NEAR(other.gbytes, 64, 1e-9);
  EXPECT_EQ(LimitsOf("new GPU", {99, 0, 100, 1000000, 0, 0}).tflops, 0);
}

TEST(WorkTest, CountsVisiblePairsAndEachTensorOnce) {
  AttentionSpec spec = Parse(
      "{\"head_dim\":{\"qk\":192,\"v\":128},\"dtype\":\"bf16\",\"mask\":\"causal\",\"lse\":true,"
      "\"heads\":{\"q\":4,\"kv\":2}}");
  Work work = WorkOf(MakeProblem(spec, 3, 2, 10, 10));
  EXPECT_EQ(work.flop, 2.0 * 320 * 3 * 4 * 55);
  EXPECT_EQ(work.bytes, 2.0 * 320 * 3 * 10 * (4 + 2) + 4.0 * 3 * 10 * 4);
}

}  // namespace
}  // namespace attnjit
