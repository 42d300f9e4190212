#include <algorithm>

#include "llvm/Support/FormatVariadic.h"
#include "runtime/emulator/sanitizer/counters.h"

namespace attnjit::emulator {
namespace {

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

std::vector<ResourceCost> ResourceCosts(const Counters& counters, const SmRates& rates) {
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
