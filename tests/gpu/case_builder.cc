#include "tests/gpu/case_builder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "llvm/Support/FormatVariadic.h"

namespace attnjit {
namespace {

constexpr int64_t kMinOutputs = 6144;      // Elements of O, for the maxima to mean something.
constexpr int64_t kMaxScores = 3'000'000;  // Of one case: the reference takes 10 to 60 ns each.

const char* Name(Element element) { return element == Element::kBf16 ? "bf16" : "fp16"; }

const char* Name(Layout layout) {
  if (layout == Layout::kThd) return "thd";
  return layout == Layout::kBhsd ? "bhsd" : "bshd";
}

nlohmann::json MaskJson(const MaskSpec& mask) {
  auto bound = [](const std::optional<int32_t>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
  };
  if (!mask.left && !mask.right) return "none";
  if (!mask.left && mask.right == 0) return "causal";
  return {{"window", {bound(mask.left), bound(mask.right)}}};
}

/// FNV-1a, then mixed so that ids that differ in their last letters alone lie far apart (the end of
/// MurmurHash3's 64-bit mix). The same on every machine.
uint64_t HashOf(const std::string& text) {
  uint64_t hash = 0xCBF29CE484222325u;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001B3u;
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDu;
  hash = (hash ^ (hash >> 33)) * 0xC4CEB9FE1A85EC53u;
  return hash ^ (hash >> 33);
}

/// K/V heads and batch for a dense problem of these lengths.
void ChooseSizes(const CaseSpec& spec, SuiteCase& suite_case) {
  int64_t rows = std::max<int64_t>(1, suite_case.seqlen_q) * spec.group;
  int64_t scores = std::max<int64_t>(1, rows * suite_case.seqlen_kv);
  int64_t wanted = (kMinOutputs + rows * spec.dim_v - 1) / (rows * spec.dim_v);
  int64_t allowed = std::max<int64_t>(1, kMaxScores / scores);
  int64_t copies = std::clamp<int64_t>(wanted, std::min<int64_t>(4, allowed), allowed);
  if (suite_case.heads_kv == 0) {
    suite_case.heads_kv = suite_case.batch != 0 ? std::max<int64_t>(1, copies / suite_case.batch)
                                                : std::min<int64_t>(copies, copies > 32 ? 8 : 2);
  }
  if (suite_case.batch == 0) {
    suite_case.batch = (copies + suite_case.heads_kv - 1) / suite_case.heads_kv;
  }
}

}  // namespace

std::string RequestJson(const CaseSpec& spec, int64_t heads_kv) {
  nlohmann::json json = {{"version", 1},
                         {"arch", GetArchInfo(spec.arch).name},
                         {"dtype", Name(spec.element)},
                         {"head_dim", {{"qk", spec.dim_qk}, {"v", spec.dim_v}}},
                         {"heads", {{"q", heads_kv * spec.group}, {"kv", heads_kv}}},
                         {"layout", Name(spec.layout)},
                         {"mask", MaskJson(spec.mask)},
                         {"lse", spec.lse}};
  if (spec.element_o != spec.element) {
    json["dtype"] = {
        {"q", Name(spec.element)}, {"kv", Name(spec.element)}, {"o", Name(spec.element_o)}};
  }
  bool masked = spec.mask.left || spec.mask.right;
  if (masked) json["align"] = spec.align == Align::kTopLeft ? "top_left" : "bottom_right";
  if (spec.scale) json["softmax_scale"] = *spec.scale;
  if (spec.seqlen_q_multiple_of != 1) {
    json["hints"]["seqlen_q_multiple_of"] = spec.seqlen_q_multiple_of;
  }
  if (spec.seqlen_kv_multiple_of != 1) {
    json["hints"]["seqlen_kv_multiple_of"] = spec.seqlen_kv_multiple_of;
  }
  if (spec.ctas != 0) json["hints"]["ctas"] = spec.ctas;
  if (spec.seqlen_q_at_most != 0) json["hints"]["seqlen_q_at_most"] = spec.seqlen_q_at_most;
  return json.dump();
}

SuiteCase& CaseBuilder::AddDense(const std::string& category, const CaseSpec& spec,
                                 int64_t seqlen_q, int64_t seqlen_kv, int64_t batch,
                                 int64_t heads_kv) {
  SuiteCase suite_case;
  suite_case.seqlen_q = seqlen_q;
  suite_case.seqlen_kv = seqlen_kv;
  suite_case.batch = batch;
  suite_case.heads_kv = heads_kv;
  ChooseSizes(spec, suite_case);
  std::string sizes =
      llvm::formatv("b{0}h{1}q{2}k{3}", suite_case.batch, suite_case.heads_kv, seqlen_q, seqlen_kv);
  return Add(category, spec, std::move(suite_case), sizes);
}

SuiteCase& CaseBuilder::AddPacked(const std::string& category, CaseSpec spec,
                                  std::vector<int32_t> seqlens_q, std::vector<int32_t> seqlens_kv,
                                  int64_t heads_kv) {
  spec.layout = Layout::kThd;
  int64_t rows = std::accumulate(seqlens_q.begin(), seqlens_q.end(), int64_t{0}) * spec.group;
  int64_t outputs = std::max<int64_t>(1, rows * spec.dim_v);
  SuiteCase suite_case;
  suite_case.batch = static_cast<int64_t>(seqlens_q.size());
  suite_case.heads_kv =
      heads_kv != 0 ? heads_kv : std::clamp<int64_t>((kMinOutputs + outputs - 1) / outputs, 2, 16);
  std::string sizes = llvm::formatv("b{0}h{1}q{2}k{3}", suite_case.batch, suite_case.heads_kv,
                                    std::accumulate(seqlens_q.begin(), seqlens_q.end(), 0),
                                    std::accumulate(seqlens_kv.begin(), seqlens_kv.end(), 0));
  suite_case.seqlens_q = std::move(seqlens_q);
  suite_case.seqlens_kv = std::move(seqlens_kv);
  return Add(category, spec, std::move(suite_case), sizes);
}

SuiteCase& CaseBuilder::Add(const std::string& category, const CaseSpec& spec, SuiteCase suite_case,
                            const std::string& sizes) {
  suite_case.category = category;
  suite_case.spec = RequestJson(spec, suite_case.heads_kv);
  std::string name = KernelName(
      ResolveKernelSpec(llvm::cantFail(ParseSpec(suite_case.spec), "the grid's request")),
      spec.arch);
  // The number keeps cases apart that differ in storage or contents alone. It counts by arch, so
  // that a case has the same id whatever other archs the grid is for.
  int number = numbers_[category + GetArchInfo(spec.arch).name]++;
  suite_case.id = llvm::formatv("{0}/{1}_{2}_{3}", category, name, sizes, number);
  suite_case.seed = HashOf(suite_case.id);
  cases_.push_back(std::move(suite_case));
  return cases_.back();
}

}  // namespace attnjit
