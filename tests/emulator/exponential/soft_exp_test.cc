// The software exponential of family sm100 against fp64, over its whole range, and the exponential
// unit's instruction beside it. The device code is the template's; the emulator runs it. The test
// prints the table of docs/numerics.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "generator/template_files.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include "runtime/compiler.h"
#include "tests/emulator/run_ptx.h"
#include "tests/reference/half.h"

namespace attnjit::emulator {
namespace {

constexpr int kDegrees[] = {3, 4, 5};
constexpr size_t kFunctions = 1 + std::size(kDegrees);  ///< ex2, then each degree.
constexpr size_t kSamples = size_t{1} << 18;            ///< Of each range.
constexpr float kInf = std::numeric_limits<float>::infinity();

/// The templates' text without what only the emitter reads.
std::string Source() {
  std::string source;
  for (const char* path : {"types.h", "ptx/math.h", "ptx/packed.h", "sm100/soft_exp.h"}) {
    llvm::StringRef rest = *TemplateText(path);
    while (!rest.empty()) {
      llvm::StringRef line;
      std::tie(line, rest) = rest.split('\n');
      if (!line.startswith("#include") && !line.startswith("#pragma once")) {
        source += line.str() + "\n";
      }
    }
  }
  return source + R"(
namespace attnjit {
template <int kDegree>
ATTNJIT_DEVICE void Soft(const float* x, float* y, int i, int n) {
  FloatPair pair = sm100::SoftExp2<kDegree>(MakePair(x[i], x[i + 1]));
  Split(pair, y[i], y[i + 1]);
}
}
extern "C" __global__ void test(const float* x, float* y, long long n) {
  using namespace attnjit;
  const int i = 2 * (blockIdx.x * blockDim.x + threadIdx.x);
  y[i] = Exp2(x[i]);
  y[i + 1] = Exp2(x[i + 1]);
  Soft<3>(x, y + n, i, n);
  Soft<4>(x, y + 2 * n, i, n);
  Soft<5>(x, y + 3 * n, i, n);
})";
}

class SoftExp : public testing::Test {
 protected:
  void SetUp() override {
    const Compiler compiler{CompilerOptions{}};
    llvm::Expected<CompileOutput> output =
        compiler.Compile(Source(), "test", {"--gpu-architecture=sm_100a", "--std=c++20"});
    if (!output) {
      llvm::Error error = output.takeError();
      const bool no_nvrtc = error.isA<ToolchainError>();
      const std::string text = llvm::toString(std::move(error));
      if (no_nvrtc) GTEST_SKIP() << "NVRTC is needed: " << text;
      FAIL() << text;
    }
    program_ = run_.Decode(output->ptx);
    ASSERT_NE(program_, nullptr);
  }

  /// results[function][i] for inputs whose number is a multiple of 64.
  std::vector<std::vector<float>> Run(const std::vector<float>& inputs) {
    const size_t n = inputs.size();
    const uint64_t x = run_.Upload(inputs);
    const uint64_t y = run_.Allocate(kFunctions * n * sizeof(float));
    run_.launch.grid = {static_cast<uint32_t>(n / 64), 1, 1};
    EXPECT_TRUE(run_.Run(program_, {x, y, n}));
    const std::vector<float> all = run_.Read<float>(y, kFunctions * n);
    std::vector<std::vector<float>> results;
    for (size_t f = 0; f < kFunctions; ++f) {
      results.emplace_back(all.begin() + f * n, all.begin() + (f + 1) * n);
    }
    return results;
  }

  PtxRun run_{"sm_100a"};
  std::shared_ptr<const Program> program_;
};

double RelativeError(double value, double exact) { return std::abs(value - exact) / exact; }

/// Largest relative errors: as it is, and rounded to bf16 and, where fp16 is normal, to fp16.
struct Errors {
  double f32 = 0, bf16 = 0, fp16 = 0;

  void Add(double value, double x) {
    const double exact = std::exp2(x);
    f32 = std::max(f32, RelativeError(value, exact));
    const auto rounded = static_cast<float>(value);
    bf16 = std::max(bf16, RelativeError(RoundTo(Element::kBf16, rounded), exact));
    if (x >= -14) fp16 = std::max(fp16, RelativeError(RoundTo(Element::kFp16, rounded), exact));
  }
  void Print(const char* range, const std::string& function) const {
    llvm::outs() << llvm::formatv("| {0} | {1} | {2:e2} | {3:e2} | {4:e2} |\n", range, function,
                                  f32, bf16, fp16);
  }
};

std::vector<float> Draw(float from, float to) {
  std::mt19937 engine(20261122);
  std::uniform_real_distribution<float> uniform(from, to);
  std::vector<float> inputs(kSamples);
  for (float& x : inputs) x = uniform(engine);
  return inputs;
}

TEST_F(SoftExp, ErrorsStayBelowWhatRoundingPHides) {
  const struct {
    const char* name;
    float from, to;
  } ranges[] = {{"-1 .. 0", -1, 0}, {"-14 .. 0", -14, 0}, {"-126 .. 0", -126, 0}, {"0 .. 8", 0, 8}};
  constexpr double kLargest[] = {1e-6, 8.9e-5, 3.3e-6, 4e-7};
  for (const auto& [name, from, to] : ranges) {
    const std::vector<float> inputs = Draw(from, to);
    const auto results = Run(inputs);
    Errors exact;
    for (float x : inputs) exact.Add(std::exp2(static_cast<double>(x)), x);
    exact.Print(name, "exact");
    for (size_t f = 0; f < kFunctions; ++f) {
      Errors errors;
      for (size_t i = 0; i < inputs.size(); ++i) errors.Add(results[f][i], inputs[i]);
      errors.Print(name, f == 0 ? "ex2.approx" : "degree " + std::to_string(kDegrees[f - 1]));
      EXPECT_LE(errors.f32, kLargest[f]) << name << ", function " << f;
      EXPECT_LE(errors.bf16, 1.03 * exact.bf16) << name << ", function " << f;
    }
  }
}

TEST_F(SoftExp, WholeNumbersAreExactAndWhatIsMaskedIsZero) {
  std::vector<float> inputs;
  for (int n = -126; n <= 8; ++n) inputs.push_back(static_cast<float>(n));
  const size_t whole = inputs.size();
  for (float x : {-kInf, -3.4e38f, -1000.0f, -127.0f}) inputs.push_back(x);
  const size_t zeros = inputs.size();
  inputs.resize(192, 0.0f);
  const auto results = Run(inputs);
  for (size_t f = 1; f < kFunctions; ++f) {
    for (size_t i = 0; i < whole; ++i) EXPECT_EQ(results[f][i], std::exp2(inputs[i])) << inputs[i];
    for (size_t i = whole; i < zeros; ++i) EXPECT_EQ(results[f][i], 0.0f) << inputs[i];
  }
}

TEST_F(SoftExp, TinyResultsDoNotExceedTheSmallestNormal) {
  const std::vector<float> inputs = Draw(-127, -126);
  const auto results = Run(inputs);
  for (size_t f = 1; f < kFunctions; ++f) {
    for (float y : results[f]) ASSERT_TRUE(y >= 0 && y <= std::numeric_limits<float>::min()) << y;
  }
}

}  // namespace
}  // namespace attnjit::emulator
