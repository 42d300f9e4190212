// AttentionSpec -> canonical JSON; AttentionSpec -> KernelSpec -> canonical JSON.
#include <nlohmann/json.hpp>

#include "generator/spec.h"
#include "generator/spec_names.h"

namespace attnjit {
namespace {

// nlohmann::json keeps object keys sorted, prints the shortest decimal that reads back as the same
// double, and dumps compactly by default: that is the canonical form.
using Json = nlohmann::json;

Json BoundJson(const std::optional<int32_t>& bound) { return bound ? Json(*bound) : Json(nullptr); }

Json MaskJson(const MaskSpec& mask) {
  if (IsUnmasked(mask)) return "none";
  if (IsCausal(mask)) return "causal";
  return {{"window", Json::array({BoundJson(mask.left), BoundJson(mask.right)})}};
}

Json DtypeJson(Element q, Element kv, Element o) {
  if (q == kv && q == o) return NameOf(kElementNames, q);
  return {{"q", NameOf(kElementNames, q)},
          {"kv", NameOf(kElementNames, kv)},
          {"o", NameOf(kElementNames, o)}};
}

Json HeadDimJson(int qk, int v) {
  if (qk == v) return qk;
  return {{"qk", qk}, {"v", v}};
}

/// The promises of an AttentionSpec or a KernelSpec.
template <class Spec>
void AddHints(const Spec& spec, Json& json) {
  const auto add = [&json](const char* name, int64_t promise, int64_t says_nothing) {
    if (promise != says_nothing) json["hints"][name] = promise;
  };
  add("seqlen_q_multiple_of", spec.seqlen_q_multiple_of, 1);
  add("seqlen_kv_multiple_of", spec.seqlen_kv_multiple_of, 1);
  add("seqlen_q_at_most", spec.seqlen_q_at_most, 0);
  add("ctas", spec.ctas, 0);
}

Bound LeftBound(const std::optional<int32_t>& left) {
  return left ? Bound::kRuntime : Bound::kNone;
}

Bound RightBound(const std::optional<int32_t>& right) {
  if (!right) return Bound::kNone;
  return *right == 0 ? Bound::kZero : Bound::kRuntime;
}

/// A mask that resolves to these bounds: 1 stands for a width given at run time.
MaskSpec RepresentativeMask(const Problem& problem) {
  MaskSpec mask;
  if (problem.left == Bound::kRuntime) mask.left = 1;
  if (problem.right == Bound::kZero) mask.right = 0;
  if (problem.right == Bound::kRuntime) mask.right = 1;
  return mask;
}

}  // namespace

std::string CanonicalJson(const AttentionSpec& spec) {
  Json json = {
      {"version", kSpecVersion},
      {"op", kOpForward},
      {"dtype", DtypeJson(spec.element_q, spec.element_kv, spec.element_o)},
      {"head_dim", HeadDimJson(spec.head_dim_qk, spec.head_dim_v)},
      {"heads", {{"q", spec.heads_q}, {"kv", spec.heads_kv}}},
      {"layout", NameOf(kLayoutNames, spec.layout)},
      {"mask", MaskJson(spec.mask)},
      {"softmax_scale", spec.softmax_scale},
      {"lse", spec.lse},
  };
  if (spec.arch) json["arch"] = GetArchInfo(*spec.arch).name;
  if (!IsUnmasked(spec.mask) && spec.align != Align::kEqualLengths) {
    json["align"] = NameOf(kAlignNames, spec.align);
  }
  AddHints(spec, json);
  return json.dump();
}

KernelSpec ResolveKernelSpec(const AttentionSpec& spec) {
  KernelSpec kernel;
  Problem& problem = kernel.problem;
  problem.element = spec.element_q;
  problem.element_o = spec.element_o;
  problem.head_dim_qk = spec.head_dim_qk;
  problem.head_dim_v = spec.head_dim_v;
  problem.group = static_cast<int>(spec.heads_q / spec.heads_kv);
  problem.left = LeftBound(spec.mask.left);
  problem.right = RightBound(spec.mask.right);
  // With equal lengths both diagonals are the same one.
  problem.diagonal = problem.masked() && spec.align == Align::kBottomRight ? Diagonal::kBottomRight
                                                                           : Diagonal::kTopLeft;
  problem.packed = spec.layout == Layout::kThd;
  problem.lse = spec.lse;
  kernel.element_kv = spec.element_kv;
  kernel.seqlen_q_multiple_of = spec.seqlen_q_multiple_of;
  kernel.seqlen_kv_multiple_of = spec.seqlen_kv_multiple_of;
  kernel.seqlen_q_at_most = spec.seqlen_q_at_most <= kFewQueries     ? spec.seqlen_q_at_most
                            : spec.seqlen_q_at_most <= kShortQueries ? kShortQueries
                                                                     : 0;
  kernel.ctas = spec.ctas;
  return kernel;
}

std::string CanonicalJson(const KernelSpec& spec, Arch arch) {
  const Problem& problem = spec.problem;
  Json json = {
      {"version", kSpecVersion},
      {"op", kOpForward},
      {"arch", GetArchInfo(arch).name},
      {"dtype", DtypeJson(problem.element, spec.element_kv, problem.element_o)},
      {"head_dim", HeadDimJson(problem.head_dim_qk, problem.head_dim_v)},
      {"heads", {{"q", problem.group}, {"kv", 1}}},
      {"layout", problem.packed ? "thd" : "bshd"},
      {"mask", MaskJson(RepresentativeMask(problem))},
      {"lse", problem.lse},
  };
  if (problem.masked()) {
    json["align"] = problem.diagonal == Diagonal::kBottomRight ? "bottom_right" : "top_left";
  }
  AddHints(spec, json);
  return json.dump();
}

}  // namespace attnjit
