// The emulator's speed: warp-instructions a second on one core.
//
//   attnjit_emulator_bench --benchmark_filter=Softmax
//
// "Softmax" is the instruction mix of an online softmax: fma, ex2, max, add, conversion, predicated
// moves, shuffles and a loop, with the loads and stores of its rows.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>

#include "runtime/emulator/machine/grid.h"
#include "runtime/emulator/program/decode.h"
#include "runtime/emulator/ptx/parser.h"

namespace attnjit::emulator {
namespace {

constexpr uint32_t kThreads = 128;
constexpr uint64_t kBlocks = 8;
constexpr int kElements = 16;  ///< Of a row in registers.

/// One pass over a thread's scores: maximum, exponentials, sum, packing.
std::string LoopBody() {
  std::string body;
  const auto f = [](int i) { return "%f" + std::to_string(i); };
  for (int i = 0; i < kElements; ++i) {
    body += "  fma.rn.f32 " + f(i) + ", " + f(i) + ", %f40, %f41;\n";
    body += "  setp.gt.s32 %p1, %r2, " + std::to_string(i) + ";\n";
    body += "  selp.f32 " + f(i) + ", " + f(i) + ", %f42, %p1;\n";
    body += "  max.f32 %f43, %f43, " + f(i) + ";\n";
  }
  body += "  shfl.sync.bfly.b32 %r5|%p2, %f43, 1, 31, -1;\n  mov.b32 %f44, %r5;\n";
  body += "  max.f32 %f43, %f43, %f44;\n  neg.f32 %f45, %f43;\n";
  for (int i = 0; i < kElements; ++i) {
    body += "  add.f32 %f46, " + f(i) + ", %f45;\n";
    body += "  ex2.approx.ftz.f32 " + f(i) + ", %f46;\n";
    body += "  add.f32 %f47, %f47, " + f(i) + ";\n";
    if (i % 2 == 1) body += "  cvt.rn.bf16x2.f32 %r6, " + f(i) + ", " + f(i - 1) + ";\n";
    if (i % 8 == 7) body += "  st.shared.u32 [%r4], %r6;\n  ld.shared.u32 %r7, [%r4];\n";
  }
  return body;
}

std::string SoftmaxPtx() {
  std::string text =
      ".version 9.0\n.target sm_90a\n.address_size 64\n"
      ".visible .entry test(.param .u64 out, .param .u64 count)\n{\n"
      "  .reg .f32 %f<48>; .reg .b32 %r<16>; .reg .b64 %rd<8>; .reg .pred %p<4>;\n"
      "  .shared .align 16 .b8 words[512];\n"
      "  ld.param.u64 %rd0, [out];\n  ld.param.u32 %r1, [count];\n"
      "  mov.u32 %r2, %laneid;\n  mov.u32 %r3, %tid.x;\n  mov.u32 %r4, words;\n"
      "  mad.lo.u32 %r4, %r3, 4, %r4;\n  cvt.rn.f32.u32 %f0, %r3;\n"
      "  mov.f32 %f40, 0f3F000000;\n  mov.f32 %f41, 0fBF000000;\n  mov.f32 %f42, 0fC1200000;\n"
      "  mov.f32 %f43, 0fC1200000;\n  mov.f32 %f47, 0f00000000;\n";
  for (int i = 1; i < kElements; ++i) {
    text += "  mov.f32 %f" + std::to_string(i) + ", %f" + std::to_string(i - 1) + ";\n";
  }
  text += "LOOP:\n" + LoopBody();
  text +=
      "  sub.u32 %r1, %r1, 1;\n  setp.ne.u32 %p3, %r1, 0;\n  @%p3 bra LOOP;\n"
      "  mul.wide.u32 %rd1, %r3, 4;\n  add.s64 %rd1, %rd0, %rd1;\n"
      "  st.global.f32 [%rd1], %f47;\n  ret;\n}\n";
  return text;
}

/// One core; range(0): the sanitizer.
void BM_Softmax(benchmark::State& state) {
  auto module = std::make_shared<const ptx::Module>(llvm::cantFail(ptx::ParsePtx(SoftmaxPtx())));
  const std::shared_ptr<const Program> program = llvm::cantFail(DecodeEntry(module, "test"));
  const std::unique_ptr<GlobalMemory> memory =
      llvm::cantFail(GlobalMemory::Create(uint64_t{1} << 20));
  const uint64_t arguments[2] = {*memory->Allocate(kThreads * 4), 200};
  Launch launch;
  launch.program = program.get();
  launch.device = FindDeviceModel("sm_90a");
  launch.memory = memory.get();
  launch.grid = {kBlocks, 1, 1};
  launch.block = {kThreads, 1, 1};
  launch.params.resize(sizeof(arguments));
  std::memcpy(launch.params.data(), arguments, sizeof(arguments));
  RunOptions options;
  options.threads = 1;
  options.sanitize = state.range(0) != 0;
  options.track_global = false;  // The blocks write the same words.
  uint64_t instructions = 0;
  for (auto _ : state) {
    ReportSink sink;
    const GridResult result = RunGrid(launch, options, sink);
    if (!result.completed || !sink.empty()) state.SkipWithError(sink.ToText().c_str());
    for (const uint64_t count : result.counters.warp_instructions) instructions += count;
  }
  state.counters["warp_instructions"] =
      benchmark::Counter(static_cast<double>(instructions), benchmark::Counter::kIsRate);
}
BENCHMARK(BM_Softmax)->ArgName("sanitize")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace attnjit::emulator

BENCHMARK_MAIN();
