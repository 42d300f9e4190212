// Kernels of one CTA that write one word for each thread.
#ifndef ATTNJIT_TESTS_EMULATOR_MACHINE_MACHINE_TEST_UTIL_H_
#define ATTNJIT_TESTS_EMULATOR_MACHINE_MACHINE_TEST_UTIL_H_

#include <string>
#include <vector>

#include "tests/emulator/run_ptx.h"

namespace attnjit::emulator {

inline constexpr char kOutParameter[] = ".param .u64 out";

/// %r0 = tid.x, %rd1 = out, %rd0 = &out[tid] (words).
inline constexpr char kPrologue[] = R"(
  .reg .b16 %h<16>; .reg .b32 %r<32>; .reg .b64 %rd<32>; .reg .pred %p<8>; .reg .f32 %f<8>;
  ld.param.u64 %rd1, [out];
  cvta.to.global.u64 %rd1, %rd1;
  mov.u32 %r0, %tid.x;
  mul.wide.u32 %rd2, %r0, 4;
  add.s64 %rd0, %rd1, %rd2;
)";
/// Writes %r1.
inline constexpr char kEpilogue[] = R"(
  st.global.u32 [%rd0], %r1;
  ret;
)";

/// out[] of a kernel that completes without a report.
inline std::vector<uint32_t> RunBody(PtxRun& run, const std::string& body, size_t count = 32,
                                     const std::string& module = "") {
  const uint64_t out = run.Upload(std::vector<uint32_t>(count, 0));
  EXPECT_TRUE(run.Kernel(kOutParameter, kPrologue + body + kEpilogue, {out}, module))
      << run.sink.ToText();
  EXPECT_TRUE(run.sink.empty()) << run.sink.ToText();
  return run.Read<uint32_t>(out, count);
}

/// The only report of a kernel.
inline Report RunForReport(PtxRun& run, const std::string& body, bool completes = false,
                           size_t count = 32) {
  const uint64_t out = run.Upload(std::vector<uint32_t>(count, 0));
  EXPECT_EQ(run.Kernel(kOutParameter, kPrologue + body + kEpilogue, {out}), completes);
  const std::vector<Report> reports = run.sink.reports();
  EXPECT_EQ(reports.size(), 1u) << run.sink.ToText();
  return reports.empty() ? Report() : reports.front();
}

}  // namespace attnjit::emulator

#endif  // ATTNJIT_TESTS_EMULATOR_MACHINE_MACHINE_TEST_UTIL_H_
