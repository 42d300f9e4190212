// What the PTX programs of these tests share.
#ifndef ATTNJIT_TESTS_EMULATOR_ASYNC_PROGRAMS_H_
#define ATTNJIT_TESTS_EMULATOR_ASYNC_PROGRAMS_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/emulator/async/tensor_map.h"
#include "tests/emulator/run_ptx.h"

namespace attnjit::emulator {

/// eager, late, and 20 seeds.
inline std::vector<AsyncPolicy> AllPolicies() {
  std::vector<AsyncPolicy> policies = {{AsyncPolicy::Kind::kEager, 0},
                                       {AsyncPolicy::Kind::kLate, 0}};
  for (uint64_t seed = 0; seed < 20; ++seed) {
    policies.push_back({AsyncPolicy::Kind::kSeeded, seed});
  }
  return policies;
}

inline bool HasRule(const ReportSink& sink, Rule rule) {
  for (const Report& report : sink.reports()) {
    if (report.rule == rule) return true;
  }
  return false;
}

/// Registers for any program.
inline constexpr char kRegisters[] = R"(
  .reg .b16 %h<4>; .reg .b32 %r<40>; .reg .b64 %rd<20>; .reg .pred %p<8>; .reg .f32 %f<8>;
)";

/// Spins on `mbarrier` (a register) until the phase of `parity` (register or number) has ended.
inline std::string WaitParity(const std::string& mbarrier, const std::string& parity,
                              const std::string& label) {
  return label + ":\n  mbarrier.try_wait.parity.shared::cta.b64 %p7, [" + mbarrier + "], " +
         parity + ";\n  @!%p7 bra " + label + ";\n";
}

/// The device address of a map of a dense two-dimensional f32 tensor.
inline uint64_t UploadMap(PtxRun& run, uint64_t tensor, uint64_t columns, uint64_t rows,
                          uint32_t box_columns, uint32_t box_rows,
                          cu::TensorMapSwizzle swizzle = cu::kTensorMapSwizzleNone) {
  cu::TensorMap map = {};
  const uint64_t dims[] = {columns, rows};
  const uint64_t strides[] = {columns * 4};
  const uint32_t box[] = {box_columns, box_rows};
  const uint32_t ones[] = {1, 1};
  EXPECT_EQ(EncodeTensorMap(&map, cu::kTensorMapFloat32, 2, reinterpret_cast<void*>(tensor), dims,
                            strides, box, ones, cu::kTensorMapInterleaveNone, swizzle,
                            cu::kTensorMapL2PromotionNone, cu::kTensorMapOobFillNone),
            cu::kSuccess);
  return run.Upload(std::vector<cu::TensorMap>{map});
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_ASYNC_PROGRAMS_H_
