#include "tests/emulator/grid/emulator_grid.h"

#include <array>
#include <utility>

#include "tests/gpu/case_builder.h"

namespace attnjit {
namespace {

using Lengths = std::pair<int, int>;

/// Shorter than a tile, at its edges, some blocks of keys, more queries than keys.
constexpr std::array<Lengths, 5> kLengths = {
    {{1, 77}, {64, 65}, {127, 129}, {130, 333}, {200, 100}}};
constexpr std::array<Lengths, 3> kFewLengths = {{{3, 130}, {129, 255}, {140, 60}}};
constexpr std::array<Lengths, 1> kOneLength = {{{129, 140}}};
/// For tiles of up to 512 rows: parts of them, one of them and more.
constexpr std::array<Lengths, 4> kWideLengths = {{{1, 77}, {130, 333}, {300, 200}, {600, 150}}};

class Grid {
 public:
  explicit Grid(Arch arch) { base_.arch = arch; }
  std::vector<SuiteCase> Take() { return builder_.Take(); }

  /// What every family is asked: each line is one kernel.
  void AddCommon() {
    Dense("common", Make(64, 64, Element::kBf16, {}), kFewLengths);
    Dense("common", Make(128, 128, Element::kFp16, CausalMask()), kFewLengths);
    Dense("common", Make(128, 64, Element::kBf16, {40, 10}), kFewLengths);
    Dense("common", Make(256, 256, Element::kBf16, CausalMask()), kOneLength);
    Packed("common", Make(72, 72, Element::kFp16, CausalMask()));
    Planted(Make(64, 64, Element::kBf16, CausalMask()));
  }

  /// More of everything: dims that need padding, layouts, storage, values, launches.
  void AddMore() {
    for (int dim : {16, 40, 96, 128, 192}) {
      CaseSpec spec = Make(dim, dim, dim % 64 == 0 ? Element::kBf16 : Element::kFp16, {});
      spec.lse = dim != 96;
      Dense("dims", spec, kFewLengths);
    }
    Dense("dims", Make(192, 128, Element::kBf16, CausalMask()), kFewLengths);
    Dense("dims", Make(24, 104, Element::kFp16, {}), kFewLengths);
    Masks();
    Heads();
    Packed("packed", Make(128, 128, Element::kBf16, {}));
    Packed("packed", Make(64, 64, Element::kBf16, {70, 10}));
    Packed("packed", Make(256, 256, Element::kFp16, CausalMask()));
    Storage();
    Values();
    Hints();
    Launches();
  }

  /// One CTA and pairs, whichever the planner would not choose by itself among them.
  void AddCtas() {
    for (int ctas : {1, 2}) {
      base_.ctas = ctas;
      Dense("ctas", Make(128, 128, Element::kBf16, {}), kWideLengths);
      Dense("ctas", Make(128, 128, Element::kFp16, CausalMask()), kWideLengths);
      Dense("ctas", Make(256, 256, Element::kBf16, {}), kFewLengths);
    }
    Dense("ctas", Make(64, 64, Element::kBf16, {}), kWideLengths);
    Dense("ctas", Make(192, 128, Element::kBf16, CausalMask()), kWideLengths);
    Dense("ctas", Make(256, 256, Element::kFp16, CausalMask()), kFewLengths);
    Dense("ctas", Make(72, 40, Element::kFp16, {100, 30}), kWideLengths);
    CaseSpec grouped = Make(64, 128, Element::kBf16, CausalMask());
    grouped.group = 4;
    Packed("ctas", grouped);
    for (Plant plant : {Plant::kNanUnseen, Plant::kInfUnseen, Plant::kNanInKey, Plant::kNanInValue,
                        Plant::kNanInNeighbours}) {
      builder_.AddDense("nan", Make(64, 64, Element::kBf16, CausalMask()), 560, 600, 1, 1).plant =
          plant;
    }
    base_.ctas = 0;
  }

 private:
  CaseSpec Make(int qk, int v, Element element, MaskSpec mask) {
    CaseSpec spec = CaseSpec(base_).Dims(qk, v).Dtype(element);
    spec.mask = mask;
    return spec;
  }

  template <size_t kCount>
  void Dense(const char* category, const CaseSpec& spec, const std::array<Lengths, kCount>& sizes) {
    for (auto [q, kv] : sizes) builder_.AddDense(category, spec, q, kv, 2, q < 16 ? 8 : 1);
  }

  void Packed(const char* category, const CaseSpec& spec) {
    builder_.AddPacked(category, spec, {5, 0, 130, 33}, {70, 3, 160, 1}, 1);
    builder_.AddPacked(category, spec, {1, 1, 64}, {65, 200, 64}, 2).storage.trailing_tokens = 5;
    builder_.AddPacked(category, spec, {0, 77, 0}, {9, 0, 4}, 2);
  }

  void Planted(const CaseSpec& spec) {
    for (Plant plant : {Plant::kNanUnseen, Plant::kInfUnseen, Plant::kNanInKey, Plant::kNanInValue,
                        Plant::kNanInNeighbours}) {
      builder_.AddDense("nan", spec, 70, 150, 2, 1).plant = plant;
    }
  }

  void Masks() {
    constexpr std::optional<int32_t> kNull;
    for (const MaskSpec& mask : {MaskSpec{64, 0}, MaskSpec{0, 0}, MaskSpec{kNull, 37},
                                 MaskSpec{33, kNull}, MaskSpec{0, 100}}) {
      CaseSpec spec = Make(64, 64, Element::kBf16, mask);
      spec.align = mask.left ? Align::kTopLeft : Align::kBottomRight;
      Dense("masks", spec, kFewLengths);
    }
    CaseSpec spec = Make(128, 128, Element::kBf16, CausalMask());
    Dense("masks", spec, kLengths);
    spec.align = Align::kTopLeft;
    Dense("masks", spec, kLengths);
  }

  void Heads() {
    for (int group : {2, 5, 8}) {
      CaseSpec spec = Make(64, 64, Element::kBf16, group == 5 ? MaskSpec{} : CausalMask());
      spec.group = group;
      builder_.AddDense("heads", spec, 1, 200, 4, 2);
      builder_.AddDense("heads", spec, 70, 100, 1, 1);
      builder_.AddPacked("heads", spec, {1, 7, 40}, {100, 7, 80}, 1);
    }
  }

  void Storage() {
    std::array<StorageOptions, 4> variants;
    variants[0].head_padding = 8;
    variants[0].seq_padding = 40;
    variants[1].batch_padding = 1000;
    variants[1].lse_padding = 3;
    variants[2].interleaved = true;
    variants[3].broadcast_kv = true;
    for (Layout layout : {Layout::kBshd, Layout::kBhsd}) {
      CaseSpec spec = Make(64, 64, Element::kFp16, CausalMask());
      spec.group = 2;
      spec.layout = layout;
      for (const StorageOptions& storage : variants) {
        builder_.AddDense("storage", spec, 100, 140, 2, 2).storage = storage;
      }
    }
    CaseSpec mixed = Make(64, 64, Element::kFp16, {});
    mixed.element_o = Element::kBf16;
    Dense("outputs", mixed, kFewLengths);
  }

  void Values() {
    CaseSpec spec = Make(64, 64, Element::kBf16, {});
    for (Contents contents :
         {Contents::kSharp, Contents::kLargeLogits, Contents::kNegative, Contents::kPositive,
          Contents::kConstant, Contents::kAscending, Contents::kDescending}) {
      builder_.AddDense("values", spec, 70, 300, 1, 2).contents = contents;
    }
    for (double scale : {1e-6, 30.0}) {
      spec.scale = scale;
      builder_.AddDense("values", spec, 70, 300, 1, 2);
    }
    spec.scale.reset();
    builder_.AddDense("empty", spec, 100, 0, 1, 2);
    builder_.AddDense("empty", spec, 0, 100, 1, 2);
  }

  void Hints() {
    CaseSpec spec = Make(128, 128, Element::kBf16, {});
    spec.seqlen_q_multiple_of = 128;
    spec.seqlen_kv_multiple_of = 64;
    builder_.AddDense("hints", spec, 128, 192, 1, 1);
    CaseSpec decode = Make(128, 128, Element::kBf16, CausalMask());
    decode.group = 4;
    decode.seqlen_q_at_most = 4;
    builder_.AddDense("hints", decode, 1, 900, 2, 2);
    builder_.AddDense("hints", decode, 4, 300, 2, 2);
  }

  void Launches() {
    CaseSpec spec = Make(64, 64, Element::kBf16, CausalMask());
    builder_.AddDense("invariance", spec, 65, 90, 3, 1).extra = ExtraCheck::kAlone;
    builder_.AddPacked("invariance", spec, {1, 70, 64}, {90, 33, 65}, 1).extra = ExtraCheck::kAlone;
    builder_.AddDense("launch", spec, 100, 90, 1, 2).extra = ExtraCheck::kGraph;
    builder_.AddDense("launch", spec, 100, 90, 1, 1).extra = ExtraCheck::kThreads;
  }

  CaseBuilder builder_;
  CaseSpec base_;
};

}  // namespace

std::vector<SuiteCase> MakeEmulatorGrid(Arch arch) {
  Grid grid(arch);
  grid.AddCommon();
  // One GPU of each family gets it all.
  if (arch == Arch::kSm80 || arch == Arch::kSm90a || arch == Arch::kSm100a) grid.AddMore();
  if (arch == Arch::kSm100a) grid.AddCtas();
  return grid.Take();
}

}  // namespace attnjit
