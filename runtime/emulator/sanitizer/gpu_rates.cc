#include <algorithm>
#include <iterator>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/counters.h"

namespace attnjit::emulator {
namespace {

// Lane rates: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions" (results
// per clock and SM by compute capability). Matrix rates: the datasheet's dense peak divided by SMs
// and boost clock, rounded to the power of two that the unit has. Shared memory: 32 banks of 4
// bytes (the guide, shared memory). Tensor memory: 32 lanes of 4 bytes in each of the four
// sub-partitions (inferred from the lanes that each warp reaches, PTX ISA 9.7.16.8). The f16 rate
// accumulates in f32. No rate of int8 is published for B300 beyond a rounded figure: 0.
constexpr GpuRates kRates[] = {
    {"sm_80",
     64,
     256,
     64,
     16,
     64,
     4,
     128,
     0,
     {2048, 1024, 0, 4096},
     "CUDA C++ Programming Guide (8.0); A100 datasheet: 312 TFLOP/s f16, 156 tf32, 624 TOP/s i8, "
     "108 SMs, 1.41 GHz"},
    {"sm_86",
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 0, 2048},
     "CUDA C++ Programming Guide (8.6); A40 datasheet: 149.7 TFLOP/s f16, 74.8 tf32, 299 TOP/s i8, "
     "84 SMs, 1.74 GHz (GeForce parts: half of f16 with f32 accumulation)"},
    {"sm_89",
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 2048, 2048},
     "CUDA C++ Programming Guide (8.9); L40S datasheet: 362 TFLOP/s f16, 183 tf32, 733 f8, 733 "
     "TOP/s i8, 142 SMs, 2.52 GHz (GeForce parts: half of f16 and f8 with f32 accumulation)"},
    {"sm_90a",
     128,
     256,
     64,
     16,
     64,
     4,
     128,
     0,
     {4096, 2048, 8192, 8192},
     "CUDA C++ Programming Guide (9.0); H100 SXM datasheet: 989 TFLOP/s f16, 495 tf32, 1979 f8, "
     "1979 TOP/s i8, 132 SMs, 1.83 GHz"},
    {"sm_100a",
     128,
     256,
     64,
     16,
     64,
     4,
     128,
     512,
     {8192, 4096, 16384, 16384},
     "CUDA C++ Programming Guide (10.0); FlashAttention-4 for f16 (8192), special (16) and shared "
     "(128); B200 datasheet for the ratios of tf32, f8 and i8 to f16"},
    {"sm_103a",
     128,
     256,
     64,
     32,
     64,
     4,
     128,
     512,
     {8192, 4096, 16384, 0},
     "as sm_100a; Blackwell Ultra doubles the special function rate (NVIDIA's Blackwell Ultra "
     "description: twice the attention-layer acceleration)"},
    {"sm_120a",
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 2048, 2048},
     "CUDA C++ Programming Guide (12.0); RTX PRO 6000 Blackwell datasheet: 504 TFLOP/s f16, 252 "
     "tf32, 1008 f8, 1008 TOP/s i8, 188 SMs, 2.62 GHz"},
};

/// Adds a resource that `amount` of work keeps busy at `rate` for each clock.
class CostList {
 public:
  void Add(std::string resource, double amount, double rate, llvm::StringRef unit) {
    if (amount <= 0 || rate <= 0) return;
    costs_.push_back({std::move(resource), amount / rate,
                      llvm::formatv("{0:f0} {1} at {2:f0} a clock", amount, unit, rate)});
  }
  std::vector<ResourceCost> Sorted() && {
    std::stable_sort(costs_.begin(), costs_.end(),
                     [](const auto& a, const auto& b) { return a.cycles > b.cycles; });
    return std::move(costs_);
  }

 private:
  std::vector<ResourceCost> costs_;
};

double SumOf(const Counters& counters, std::initializer_list<InstructionClass> kinds) {
  double sum = 0;
  for (InstructionClass kind : kinds) sum += static_cast<double>(counters[kind]);
  return sum;
}

}  // namespace

const GpuRates* FindRates(llvm::StringRef arch) {
  const auto found = std::find_if(std::begin(kRates), std::end(kRates),
                                  [arch](const GpuRates& rates) { return rates.arch == arch; });
  return found == std::end(kRates) ? nullptr : found;
}

std::vector<ResourceCost> ResourceCosts(const Counters& counters, const GpuRates& rates) {
  using enum InstructionClass;
  CostList costs;
  for (size_t i = 0; i < kMatrixKinds; ++i) {
    costs.Add(("matrix-" + MatrixKindName(static_cast<MatrixKind>(i))).str(),
              static_cast<double>(counters.matrix_flops[i]), rates.matrix_flops[i], "FLOP");
  }
  // A warp-instruction occupies its unit for 32 lanes, whatever its active lanes.
  const double special =
      SumOf(counters, {kExponential, kReciprocal, kLogarithm, kRsqrt, kOtherSpecial});
  costs.Add("special", 32 * special, rates.special_lanes, "results");
  // Packed instructions save issue slots; their results cost what others do.
  const double fp32 = SumOf(counters, {kFp32, kFp32Packed, kFp32Packed});
  costs.Add("fp32", 32 * fp32, rates.fp32_lanes, "results");
  costs.Add("fp16", 64 * static_cast<double>(counters[kFp16]), rates.fp16_lanes, "results");
  costs.Add("integer", 32 * static_cast<double>(counters[kInteger]), rates.integer_lanes,
            "results");
  costs.Add("convert", 32 * static_cast<double>(counters[kConvert]), rates.convert_lanes,
            "results");

  double instructions = 0;
  for (uint64_t count : counters.warp_instructions) instructions += static_cast<double>(count);
  costs.Add("issue", instructions, rates.issue_warps, "warp-instructions");

  double shared = 128.0 * static_cast<double>(counters.shared_wavefronts);
  for (Traffic traffic : {Traffic::kCpAsyncToShared, Traffic::kBulkToShared, Traffic::kBulkToGlobal,
                          Traffic::kMatrixFromShared}) {
    shared += static_cast<double>(counters[traffic]);
  }
  costs.Add("shared", shared, rates.shared_bytes, "bytes");
  costs.Add("tensor-memory", static_cast<double>(counters[Traffic::kTensorLoad]),
            rates.tensor_bytes, "bytes");
  return std::move(costs).Sorted();
}

}  // namespace attnjit::emulator
