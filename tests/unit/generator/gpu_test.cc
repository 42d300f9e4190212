// The table of GPUs: complete, sourced, and in agreement with itself.
#include "generator/model/gpu.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace attnjit {
namespace {

TEST(SmRates, EveryArchHasThemWithASource) {
  for (const ArchInfo& arch : AllArchs()) {
    const SmRates* rates = FindSmRates(arch.arch);
    ASSERT_NE(rates, nullptr) << arch.name;
    EXPECT_STRNE(rates->source, "") << arch.name;
    EXPECT_GT(rates->matrix_flops[static_cast<size_t>(MatrixKind::kF16)], 0) << arch.name;
    EXPECT_GE(rates->memory_latency, rates->l2_latency) << arch.name;
  }
  EXPECT_EQ(FindSmRates(7, 5), nullptr);
}

TEST(GpuInfo, PeaksFollowFromSmsAndAClockThatTheGpuHas) {
  for (const GpuInfo& gpu : AllGpus()) {
    const SmRates& rates = *FindSmRates(gpu.arch);
    const double flops_per_clock = gpu.sm_count * gpu.matrix_share(rates) *
                                   rates.matrix_flops[static_cast<size_t>(MatrixKind::kF16)];
    const double ghz = gpu.tflops * 1e3 / flops_per_clock;
    EXPECT_LE(ghz, 1.01e-3 * gpu.clock_mhz) << gpu.name;
    EXPECT_GE(ghz, 0.8e-3 * gpu.clock_mhz) << gpu.name;
    EXPECT_LE(gpu.matrix_clock_hz(), 1.01e6 * gpu.clock_mhz) << gpu.name;
    const double gbytes = 2e-3 * gpu.memory_clock_mhz * gpu.bus_bits / 8;
    EXPECT_NEAR(gbytes / gpu.gbytes, 1, 0.03) << gpu.name;
  }
}

TEST(FindGpu, TakesTheDriversNames) {
  EXPECT_STREQ(FindGpu("NVIDIA H200")->name, "H200");
  EXPECT_STREQ(FindGpu("NVIDIA H100 80GB HBM3")->name, "H100 80GB HBM3");
  EXPECT_STREQ(FindGpu("NVIDIA GeForce RTX 4090")->name, "RTX 4090");
  EXPECT_EQ(FindGpu("NVIDIA Tesla V100"), nullptr);
}

TEST(TypicalGpu, StandsForPlainAndSpecificTargetsAlike) {
  EXPECT_EQ(TypicalGpu(Arch::kSm90), TypicalGpu(Arch::kSm90a));
  EXPECT_EQ(std::string(TypicalGpu(Arch::kSm90a)->name).substr(0, 4), "H100");
  EXPECT_EQ(TypicalGpu(Arch::kSm87), nullptr);
}

}  // namespace
}  // namespace attnjit
