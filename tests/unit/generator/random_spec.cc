#include "tests/unit/generator/random_spec.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "generator/spec_names.h"

namespace attnjit {
namespace {

using Rng = std::mt19937_64;
using Member = std::pair<std::string, std::string>;

int64_t Uniform(Rng& rng, int64_t min, int64_t max) {
  return std::uniform_int_distribution<int64_t>(min, max)(rng);
}

bool Chance(Rng& rng, double probability) { return std::bernoulli_distribution(probability)(rng); }

template <typename T>
T Pick(Rng& rng, const std::vector<T>& values) {
  return values[Uniform(rng, 0, static_cast<int64_t>(values.size()) - 1)];
}

std::string Space(Rng& rng) { return Pick<std::string>(rng, {"", "", "", " ", "\n  ", "\t\r\n"}); }

std::string Object(std::vector<Member> members, Rng& rng) {
  if (Chance(rng, 0.1)) members.push_back({"x-note", R"({"a":[1,null,"\u00e9"]})"});
  std::shuffle(members.begin(), members.end(), rng);
  std::string text = Space(rng) + "{" + Space(rng);
  for (size_t i = 0; i < members.size(); ++i) {
    if (i != 0) text += Space(rng) + "," + Space(rng);
    text += "\"" + members[i].first + "\"" + Space(rng) + ":" + Space(rng) + members[i].second;
  }
  return text + Space(rng) + "}" + Space(rng);
}

std::string Integer(int64_t value, Rng& rng) {
  return std::to_string(value) + (Chance(rng, 0.2) ? ".0" : "");
}

std::string ElementText(Element element, Rng& rng) {
  return element == Element::kBf16
             ? Pick<std::string>(rng, {R"("bf16")", R"("bfloat16")"})
             : Pick<std::string>(rng, {R"("fp16")", R"("float16")", R"("half")"});
}

std::string DtypeText(const AttentionSpec& spec, Rng& rng) {
  const bool one = spec.element_q == spec.element_kv && spec.element_q == spec.element_o;
  if (one && Chance(rng, 0.5)) return ElementText(spec.element_q, rng);
  return Object({{"q", ElementText(spec.element_q, rng)},
                 {"kv", ElementText(spec.element_kv, rng)},
                 {"o", ElementText(spec.element_o, rng)}},
                rng);
}

std::string HeadDimText(const AttentionSpec& spec, Rng& rng) {
  if (spec.head_dim_qk == spec.head_dim_v && Chance(rng, 0.5)) {
    return Integer(spec.head_dim_qk, rng);
  }
  return Object({{"qk", Integer(spec.head_dim_qk, rng)}, {"v", Integer(spec.head_dim_v, rng)}},
                rng);
}

std::string MaskText(const MaskSpec& mask, Rng& rng) {
  if (IsUnmasked(mask) && Chance(rng, 0.5)) return R"("none")";
  if (IsCausal(mask) && Chance(rng, 0.5)) return R"("causal")";
  const auto bound = [&](const std::optional<int32_t>& b) {
    return b ? Integer(*b, rng) : std::string("null");
  };
  return Object({{"window", std::string("[") + bound(mask.left) + "," + bound(mask.right) + "]"}},
                rng);
}

void AddAlign(const AttentionSpec& spec, Rng& rng, std::vector<Member>& members) {
  if (IsUnmasked(spec.mask)) {
    if (Chance(rng, 0.3)) members.push_back({"align", R"("bottom_right")"});
  } else if (spec.align != Align::kEqualLengths) {
    members.push_back({"align", std::string("\"") + NameOf(kAlignNames, spec.align) + "\""});
  }
}

void AddScale(const AttentionSpec& spec, Rng& rng, std::vector<Member>& members) {
  const bool is_default = spec.softmax_scale == 1.0 / std::sqrt(spec.head_dim_qk);
  if (is_default && Chance(rng, 0.7)) {
    if (Chance(rng, 0.5)) members.push_back({"softmax_scale", "null"});
    return;
  }
  members.push_back({"softmax_scale", nlohmann::json(spec.softmax_scale).dump()});
}

void AddHints(const AttentionSpec& spec, Rng& rng, std::vector<Member>& members) {
  std::vector<Member> hints;
  if (spec.seqlen_q_multiple_of != 1 || Chance(rng, 0.2)) {
    hints.push_back({"seqlen_q_multiple_of", Integer(spec.seqlen_q_multiple_of, rng)});
  }
  if (spec.seqlen_kv_multiple_of != 1 || Chance(rng, 0.2)) {
    hints.push_back({"seqlen_kv_multiple_of", Integer(spec.seqlen_kv_multiple_of, rng)});
  }
  if (spec.seqlen_q_at_most != 0) {
    hints.push_back({"seqlen_q_at_most", Integer(spec.seqlen_q_at_most, rng)});
  }
  if (spec.ctas != 0) hints.push_back({"ctas", Integer(spec.ctas, rng)});
  if (!hints.empty() || Chance(rng, 0.2)) members.push_back({"hints", Object(hints, rng)});
}

}  // namespace

AttentionSpec RandomSpec(Rng& rng) {
  const std::vector<Element> elements = {Element::kFp16, Element::kBf16};
  AttentionSpec spec;
  if (Chance(rng, 0.5)) spec.arch = AllArchs()[Uniform(rng, 0, AllArchs().size() - 1)].arch;
  spec.element_q = Pick(rng, elements);
  spec.element_kv = Chance(rng, 0.8) ? spec.element_q : Pick(rng, elements);
  spec.element_o = Chance(rng, 0.8) ? spec.element_q : Pick(rng, elements);
  spec.head_dim_qk = 8 * static_cast<int>(Uniform(rng, 1, 32));
  spec.head_dim_v = Chance(rng, 0.6) ? spec.head_dim_qk : 8 * static_cast<int>(Uniform(rng, 1, 32));
  spec.heads_kv = Uniform(rng, 1, 8);
  spec.heads_q = spec.heads_kv * Uniform(rng, 1, 16);
  spec.layout = Pick<Layout>(rng, {Layout::kBshd, Layout::kBhsd, Layout::kThd});
  const auto bound = [&]() -> std::optional<int32_t> {
    if (Chance(rng, 0.3)) return std::nullopt;
    return Chance(rng, 0.4) ? 0 : static_cast<int32_t>(Uniform(rng, 0, 5000));
  };
  spec.mask = {bound(), bound()};
  spec.align = Pick<Align>(rng, {Align::kTopLeft, Align::kBottomRight, Align::kEqualLengths});
  if (spec.layout == Layout::kThd && spec.align == Align::kEqualLengths) {
    spec.align = Align::kBottomRight;
  }
  if (IsUnmasked(spec.mask)) spec.align = Align::kTopLeft;
  spec.softmax_scale = Chance(rng, 0.5)
                           ? 1.0 / std::sqrt(spec.head_dim_qk)
                           : std::exp(std::uniform_real_distribution<double>(-60, 60)(rng));
  spec.lse = Chance(rng, 0.5);
  if (Chance(rng, 0.3)) spec.seqlen_q_multiple_of = Uniform(rng, 1, 300);
  if (Chance(rng, 0.3)) spec.seqlen_kv_multiple_of = Uniform(rng, 1, 300);
  if (Chance(rng, 0.3)) spec.seqlen_q_at_most = Uniform(rng, 1, 300);
  if (Chance(rng, 0.2)) spec.ctas = Uniform(rng, 1, 2);
  return spec;
}

std::string RandomSpelling(const AttentionSpec& spec, Rng& rng) {
  std::vector<Member> members = {{"dtype", DtypeText(spec, rng)},
                                 {"head_dim", HeadDimText(spec, rng)}};
  // A field that has its default value may be left out.
  const auto add = [&](const char* name, bool is_default, const std::string& text) {
    if (!is_default || Chance(rng, 0.5)) members.push_back({name, text});
  };
  add("version", true, Integer(1, rng));
  add("op", true, R"("attention_forward")");
  if (spec.arch) add("arch", false, std::string("\"") + GetArchInfo(*spec.arch).name + "\"");
  add("heads", spec.heads_q == 1 && spec.heads_kv == 1,
      Object({{"q", Integer(spec.heads_q, rng)}, {"kv", Integer(spec.heads_kv, rng)}}, rng));
  add("layout", spec.layout == Layout::kBshd,
      std::string("\"") + NameOf(kLayoutNames, spec.layout) + "\"");
  add("mask", IsUnmasked(spec.mask), MaskText(spec.mask, rng));
  add("lse", !spec.lse, spec.lse ? "true" : "false");
  AddAlign(spec, rng, members);
  AddScale(spec, rng, members);
  AddHints(spec, rng, members);
  return Object(members, rng);
}

}  // namespace attnjit
