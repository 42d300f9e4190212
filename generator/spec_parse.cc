// JSON text -> AttentionSpec. One reader for each field, then the rules between fields.
#include <cmath>
#include <limits>

#include "generator/spec.h"
#include "generator/spec_fields.h"

namespace attnjit {
namespace {

using Kind = JsonNode::Kind;

// The scale becomes a float, multiplied by log2(e); well inside what a float holds.
constexpr double kMinSoftmaxScale = 1e-30;
constexpr double kMaxSoftmaxScale = 1e30;
constexpr int64_t kMaxInt32 = std::numeric_limits<int32_t>::max();

// What people call a field elsewhere.
constexpr std::pair<llvm::StringRef, llvm::StringRef> kSynonyms[] = {
    {"scale", "softmax_scale"}, {"sm_scale", "softmax_scale"},
    {"causal", "mask"},         {"is_causal", "mask"},
    {"window", "mask"},         {"window_size", "mask"},
    {"num_heads", "heads"},     {"gpu", "arch"},
    {"target", "arch"},         {"type", "dtype"},
    {"return_lse", "lse"},      {"alignment", "align"},
};

/// One parse: the request as far as it was read, and what is known to be valid of it.
class SpecReader {
 public:
  explicit SpecReader(std::vector<OrderedDiagnostic> found) : diagnostics_(std::move(found)) {}

  void Read(const JsonNode& root);
  llvm::Expected<AttentionSpec> Finish();

 private:
  void ReadFields(const JsonPlace& place);
  void ReadVersion(const JsonPlace& place);
  void ReadOp(const JsonPlace& place);
  void ReadArch(const JsonPlace& place);
  void ReadDtype(const JsonPlace& place);
  void ReadHeadDim(const JsonPlace& place);
  void ReadHeads(const JsonPlace& place);
  void ReadMask(const JsonPlace& place);
  void ReadWindow(const JsonPlace& place);
  void ReadSoftmaxScale(const JsonPlace& place);
  void ReadHints(const JsonPlace& place);
  void CheckAlign();
  void FillDefaults();

  SpecDiagnostics diagnostics_;
  AttentionSpec spec_;
  bool align_given_ = false;
  bool layout_and_mask_valid_ = true;
  bool scale_given_ = false;
};

void SpecReader::Read(const JsonNode& root) {
  const JsonPlace place{&root, ""};
  if (root.kind == Kind::kObject) {
    ReadFields(place);
  } else if (root.kind != Kind::kInvalidNumber) {
    diagnostics_.Add(place,
                     "must be an object such as "
                     "{\"head_dim\":128,\"dtype\":\"bf16\",\"mask\":\"causal\"}");
  }
}

void SpecReader::ReadFields(const JsonPlace& place) {
  const FieldReader fields[] = {
      {"version", [this](const JsonPlace& at) { ReadVersion(at); }},
      {"op", [this](const JsonPlace& at) { ReadOp(at); }},
      {"arch", [this](const JsonPlace& at) { ReadArch(at); }},
      {"dtype", [this](const JsonPlace& at) { ReadDtype(at); }, "\"fp16\" or \"bf16\""},
      {"head_dim", [this](const JsonPlace& at) { ReadHeadDim(at); },
       "a multiple of 8 from 8 to 256"},
      {"heads", [this](const JsonPlace& at) { ReadHeads(at); }},
      {"layout",
       [this](const JsonPlace& at) {
         const auto layout = ReadNamedValue(at, kLayoutNames, diagnostics_);
         if (layout) spec_.layout = *layout;
         layout_and_mask_valid_ &= layout.has_value();
       }},
      {"mask", [this](const JsonPlace& at) { ReadMask(at); }},
      {"align",
       [this](const JsonPlace& at) {
         const auto align = ReadNamedValue(at, kAlignNames, diagnostics_);
         if (align) spec_.align = *align;
         align_given_ = true;
       }},
      {"softmax_scale", [this](const JsonPlace& at) { ReadSoftmaxScale(at); }},
      {"lse",
       [this](const JsonPlace& at) { spec_.lse = ReadBool(at, diagnostics_).value_or(false); }},
      {"hints", [this](const JsonPlace& at) { ReadHints(at); }},
  };
  ReadObject(place, fields, diagnostics_, kSynonyms);
  CheckAlign();
}

void SpecReader::ReadVersion(const JsonPlace& place) {
  ReadInteger(place, {kSpecVersion, kSpecVersion}, "1, the only version there is", diagnostics_);
}

void SpecReader::ReadOp(const JsonPlace& place) {
  ReadName(place, {kOpForward}, std::string("\"") + kOpForward + "\"", diagnostics_);
}

void SpecReader::ReadArch(const JsonPlace& place) {
  std::vector<llvm::StringRef> names;
  std::string what = "one of";
  for (const ArchInfo& info : AllArchs()) {
    names.push_back(info.name);
    what += std::string(" ") + info.name;
  }
  const auto index = ReadName(place, names, what, diagnostics_);
  if (index) spec_.arch = AllArchs()[*index].arch;
}

void SpecReader::ReadDtype(const JsonPlace& place) {
  const auto read_into = [this](Element& element) {
    return [this, &element](const JsonPlace& at) {
      element = ReadNamedValue(at, kElementNames, diagnostics_).value_or(element);
    };
  };
  constexpr const char* kNames = "\"fp16\" or \"bf16\"";
  if (place.node->kind == Kind::kObject) {
    const FieldReader fields[] = {{"q", read_into(spec_.element_q), kNames},
                                  {"kv", read_into(spec_.element_kv), kNames},
                                  {"o", read_into(spec_.element_o), kNames}};
    ReadObject(place, fields, diagnostics_);
  } else if (place.node->kind == Kind::kString) {
    read_into(spec_.element_q)(place);
    spec_.element_kv = spec_.element_q;
    spec_.element_o = spec_.element_q;
  } else {
    diagnostics_.Add(place, std::string("must be ") + kNames + ", or an object of q, kv and o");
  }
}

void SpecReader::ReadHeadDim(const JsonPlace& place) {
  const auto read_into = [this](int& dim, const char* or_else) {
    return [this, &dim, or_else](const JsonPlace& at) {
      const auto value = ReadInteger(
          at, {8, 256, 8}, std::string("a multiple of 8 from 8 to 256") + or_else, diagnostics_);
      if (value) dim = static_cast<int>(*value);
    };
  };
  if (place.node->kind == Kind::kObject) {
    constexpr const char* kDim = "a multiple of 8 from 8 to 256";
    const FieldReader fields[] = {{"qk", read_into(spec_.head_dim_qk, ""), kDim},
                                  {"v", read_into(spec_.head_dim_v, ""), kDim}};
    ReadObject(place, fields, diagnostics_);
    return;
  }
  read_into(spec_.head_dim_qk, ", or an object of qk and v")(place);
  spec_.head_dim_v = spec_.head_dim_qk;
}

void SpecReader::ReadHeads(const JsonPlace& place) {
  if (place.node->kind != Kind::kObject) {
    diagnostics_.Add(place, "must be an object of q and kv, such as {\"q\":32,\"kv\":8}");
    return;
  }
  std::optional<int64_t> q;
  std::optional<int64_t> kv;
  const auto read_into = [this](std::optional<int64_t>& heads) {
    return [this, &heads](const JsonPlace& at) {
      heads = ReadInteger(at, {1, kMaxInt32}, "an integer from 1 to 2147483647", diagnostics_);
    };
  };
  const FieldReader fields[] = {{"q", read_into(q), "the number of query heads"},
                                {"kv", read_into(kv), "the number of key and value heads"}};
  ReadObject(place, fields, diagnostics_);
  if (!q || !kv) return;
  if (*q % *kv != 0) {
    diagnostics_.Add(place, "heads.q must be a multiple of heads.kv");
    return;
  }
  spec_.heads_q = *q;
  spec_.heads_kv = *kv;
}

void SpecReader::ReadMask(const JsonPlace& place) {
  static constexpr llvm::StringRef kNames[] = {"none", "causal"};
  const std::string what = "\"none\", \"causal\" or {\"window\":[left,right]}";
  if (place.node->kind == Kind::kObject) {
    const FieldReader fields[] = {{"window", [this](const JsonPlace& at) { ReadWindow(at); },
                                   "[left,right], the keys visible beside the diagonal"}};
    layout_and_mask_valid_ &= ReadObject(place, fields, diagnostics_);
    return;
  }
  const auto index = ReadName(place, kNames, what, diagnostics_);
  if (index && kNames[*index] == "causal") spec_.mask.right = 0;
  layout_and_mask_valid_ &= index.has_value();
}

void SpecReader::ReadWindow(const JsonPlace& place) {
  const JsonNode& window = *place.node;
  if (window.kind != Kind::kArray || window.items.size() != 2) {
    diagnostics_.Add(place, "must be [left,right]: two integers, or null for unbounded");
    layout_and_mask_valid_ = false;
    return;
  }
  std::optional<int32_t>* const bounds[] = {&spec_.mask.left, &spec_.mask.right};
  for (size_t i = 0; i < 2; ++i) {
    const JsonNode& bound = window.items[i];
    if (bound.kind == Kind::kNull) continue;
    std::optional<int64_t> value;
    if (bound.kind != Kind::kInvalidNumber) {
      value = ReadInteger({&bound, AppendPointer(place.pointer, i)}, {0, kMaxInt32},
                          "an integer from 0 to 2147483647, or null for unbounded", diagnostics_);
    }
    if (value) {
      *bounds[i] = static_cast<int32_t>(*value);
    } else {
      layout_and_mask_valid_ = false;
    }
  }
}

void SpecReader::ReadSoftmaxScale(const JsonPlace& place) {
  const JsonNode& node = *place.node;
  if (node.kind == Kind::kNull) return;
  const bool is_number = node.kind == Kind::kInteger || node.kind == Kind::kNumber;
  if (!is_number || node.number < kMinSoftmaxScale || node.number > kMaxSoftmaxScale) {
    diagnostics_.Add(place, "must be a number from 1e-30 to 1e30, or null for 1/sqrt(head_dim.qk)");
    return;
  }
  spec_.softmax_scale = node.number;
  scale_given_ = true;
}

void SpecReader::ReadHints(const JsonPlace& place) {
  if (place.node->kind != Kind::kObject) {
    diagnostics_.Add(place, "must be an object, such as {\"seqlen_q_multiple_of\":128}");
    return;
  }
  const auto read_into = [this](int64_t& promise) {
    return [this, &promise](const JsonPlace& at) {
      promise = ReadInteger(at, {1, kMaxInt32}, "an integer from 1 to 2147483647", diagnostics_)
                    .value_or(1);
    };
  };
  const auto read_ctas = [this](const JsonPlace& at) {
    spec_.ctas = ReadInteger(at, {1, 2}, "1 or 2", diagnostics_).value_or(0);
  };
  const FieldReader fields[] = {{"seqlen_q_multiple_of", read_into(spec_.seqlen_q_multiple_of)},
                                {"seqlen_kv_multiple_of", read_into(spec_.seqlen_kv_multiple_of)},
                                {"seqlen_q_at_most", read_into(spec_.seqlen_q_at_most)},
                                {"ctas", read_ctas}};
  ReadObject(place, fields, diagnostics_);
}

void SpecReader::CheckAlign() {
  if (align_given_ || !layout_and_mask_valid_) return;
  if (spec_.layout != Layout::kThd || IsUnmasked(spec_.mask)) return;
  diagnostics_.AddMissing("/align",
                          "is required, for a mask over packed sequences (layout \"thd\"), whose "
                          "q and kv lengths may differ: \"top_left\" or \"bottom_right\"");
}

void SpecReader::FillDefaults() {
  if (IsUnmasked(spec_.mask)) spec_.align = Align::kTopLeft;
  if (!scale_given_) spec_.softmax_scale = 1.0 / std::sqrt(spec_.head_dim_qk);
}

llvm::Expected<AttentionSpec> SpecReader::Finish() {
  if (!diagnostics_.empty()) return llvm::make_error<SpecError>(diagnostics_.Take());
  FillDefaults();
  return spec_;
}

}  // namespace

llvm::Expected<AttentionSpec> ParseSpec(llvm::StringRef json) {
  JsonDocument document = ReadJson(json);
  SpecReader reader(std::move(document.diagnostics));
  if (document.readable) reader.Read(document.root);
  return reader.Finish();
}

}  // namespace attnjit
