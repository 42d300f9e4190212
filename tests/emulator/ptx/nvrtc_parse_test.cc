// Everything that NVRTC makes of our kernels parses, with and without line numbers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "llvm/Support/MemoryBuffer.h"
#include "runtime/compiler.h"
#include "runtime/emulator/program/line_map.h"
#include "tests/emulator/ptx/parse_or_fail.h"
#include "tests/golden/golden_cases.h"

namespace attnjit {
namespace {

// "sm_90a" of a kernel's name, "fwd_sm90a_bf16_d128".
std::string TargetOf(llvm::StringRef name) {
  return "sm_" + name.split("_sm").second.split('_').first.str();
}

std::string CompileOrFail(const Compiler& compiler, const GoldenKernel& kernel,
                          const std::string& target, std::vector<std::string> options) {
  options.push_back("--gpu-architecture=" + target);
  options.push_back("--std=c++20");
  llvm::Expected<CompileOutput> output = compiler.Compile(kernel.source, kernel.name, options);
  if (output) return output->ptx;
  ADD_FAILURE() << llvm::toString(output.takeError());
  return "";
}

// The same PTX with line numbers gives a line of the source for nearly every instruction.
void ExpectLineMap(const Compiler& compiler, const GoldenKernel& kernel,
                   const emulator::ptx::Module& shipped) {
  const emulator::ptx::Module lined = emulator::ptx::ParseOrFail(
      CompileOrFail(compiler, kernel, TargetOf(kernel.name), {"-lineinfo"}));
  llvm::Expected<emulator::LineMap> map = emulator::LineMap::Make(shipped, lined);
  ASSERT_TRUE(static_cast<bool>(map)) << llvm::toString(map.takeError());
  const auto lines = static_cast<int32_t>(llvm::StringRef(kernel.source).count('\n'));
  size_t known = 0;
  for (const auto& instruction : shipped.functions.at(0).instructions) {
    const emulator::CudaLine line = map->Find(instruction.line);
    EXPECT_LE(line.line, lines);
    known += line.line > 0 ? 1 : 0;
  }
  EXPECT_GT(known, shipped.functions.at(0).instructions.size() * 9 / 10);
}

TEST(NvrtcPtx, EveryGoldenKernelParses) {
  const Compiler compiler({});
  if (llvm::Expected<NvrtcInfo> nvrtc = compiler.Describe(); !nvrtc) {
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  }
  std::vector<std::string> targets;
  for (const GoldenKernel& kernel : GoldenKernels()) {
    SCOPED_TRACE(kernel.name);
    const emulator::ptx::Module module =
        emulator::ptx::ParseOrFail(CompileOrFail(compiler, kernel, TargetOf(kernel.name), {}));
    const emulator::ptx::Function* entry = module.FindFunction(kernel.name);
    ASSERT_NE(entry, nullptr);
    EXPECT_GT(entry->instructions.size(), 500u);
    // Line numbers take a second compilation: one kernel of each target.
    const bool fresh = targets.empty() || targets.back() != TargetOf(kernel.name);
    targets.push_back(TargetOf(kernel.name));
    if (fresh) ExpectLineMap(compiler, kernel, module);
  }
}

struct Source {
  const char* file;
  const char* target;
};

class NvrtcPtxOfSource : public testing::TestWithParam<Source> {};

// Features of the language and instructions that our kernels do not use, or not yet.
TEST_P(NvrtcPtxOfSource, Parses) {
  const Compiler compiler({});
  if (llvm::Expected<NvrtcInfo> nvrtc = compiler.Describe(); !nvrtc) {
    GTEST_SKIP() << llvm::toString(nvrtc.takeError());
  }
  auto buffer = llvm::MemoryBuffer::getFile(std::string(NVRTC_SOURCES) + "/" + GetParam().file);
  ASSERT_TRUE(static_cast<bool>(buffer));
  const GoldenKernel kernel = {"torture", (*buffer)->getBuffer().str()};
  for (const char* option : {"--fmad=true", "-lineinfo"}) {
    const emulator::ptx::Module module =
        emulator::ptx::ParseOrFail(CompileOrFail(compiler, kernel, GetParam().target, {option}));
    EXPECT_NE(module.FindFunction("torture"), nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, NvrtcPtxOfSource,
    testing::Values(Source{"scalar.cu", "sm_80"}, Source{"scalar.cu", "sm_90a"},
                    Source{"scalar.cu", "sm_100a"}, Source{"scalar.cu", "sm_120a"},
                    Source{"sm90.cu", "sm_90a"}, Source{"sm100.cu", "sm_100a"}),
    [](const testing::TestParamInfo<Source>& info) {
      return llvm::StringRef(info.param.file).drop_back(3).str() + "_" + info.param.target;
    });

}  // namespace
}  // namespace attnjit
