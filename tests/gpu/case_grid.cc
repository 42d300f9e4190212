#include "tests/gpu/case_grid.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "tests/gpu/case_builder.h"

namespace attnjit {
namespace {

constexpr std::array kElements = {Element::kBf16, Element::kFp16};
constexpr std::array kAligns = {Align::kBottomRight, Align::kTopLeft};
constexpr std::array kGroups = {1, 2, 3, 4, 5, 7, 8, 16};

/// Query and key lengths around the edges of tiles, and far from them.
constexpr std::pair<int, int> kLengths[] = {
    {1, 1},       {1, 2},       {2, 1},     {15, 17},    {16, 16},    {17, 15},   {63, 65},
    {64, 64},     {65, 63},     {127, 129}, {128, 128},  {129, 127},  {255, 257}, {257, 255},
    {1, 239},     {3, 799},     {799, 3},   {1, 4224},   {4224, 1},   {113, 203}, {128, 217},
    {113, 211},   {108, 256},   {256, 512}, {384, 256},  {640, 128},  {512, 257}, {1024, 1024},
    {1023, 1024}, {1024, 1023}, {31, 96},   {200, 1500}, {448, 1500}, {729, 729}, {33, 1},
};

/// Lengths of sequences of queries and of keys.
using Ragged = std::pair<std::vector<int32_t>, std::vector<int32_t>>;

std::vector<Ragged> RaggedSets() {
  Ragged many, decode = {{}, {0, 1, 63, 64, 65, 1000, 129, 2048}};
  for (int i = 0; i < 40; ++i) {
    many.first.push_back(i * 7 % 23);
    many.second.push_back(i * 11 % 37);
  }
  decode.first.assign(decode.second.size(), 1);
  return {
      {{0, 1, 17, 128, 0, 65, 300, 0}, {5, 0, 33, 128, 0, 200, 300, 0}},
      {{129, 1, 0, 255, 64}, {129, 1, 0, 255, 64}},
      many,
      decode,
      {{0, 0, 77, 0}, {0, 9, 130, 0}},
      {{5, 9}, {0, 0}},
      {{64, 100, 1}, {640, 1100, 513}},
      {{300, 50, 129}, {20, 1, 128}},
      {{1000}, {1000}},
      {{3, 0, 5}, {0, 4, 799}},
  };
}

class Grid {
 public:
  explicit Grid(llvm::ArrayRef<Arch> archs) {
    for (Arch arch : archs) {
      base_ = {};
      base_.arch = arch;
      AddAll();
    }
  }
  std::vector<SuiteCase> Take() { return builder_.Take(); }

 private:
  void AddAll() {
    next_length_ = next_keys_ = 0;
    Dims();
    MixedDims();
    Masks();
    Lengths();
    Heads();
    Packed();
    Storage();
    Outputs();
    Hints();
    Nan();
    NanPacked();
    Values();
    Empty();
    Invariance();
    Launch();
    Random();
    Decode();
    DecodeShapes();
    DecodePacked();
    DecodeTrouble();
  }

  /// The next pair of lengths, going through all of them again and again.
  std::pair<int, int> NextLengths() { return kLengths[next_length_++ % std::size(kLengths)]; }

  /// The masks of the broad categories; Masks has every kind.
  std::vector<MaskSpec> CommonMasks(int width) const {
    return {{}, CausalMask(), {width, width / 2}};
  }

  void Dims() {
    int turn = 0;
    for (int dim = 8; dim <= 256; dim += 8) {
      for (Element element : kElements) {
        for (const MaskSpec& mask : CommonMasks(dim + 5)) {
          CaseSpec spec = CaseSpec(base_).Dims(dim, dim).Dtype(element);
          spec.mask = mask;
          spec.align = kAligns[turn / 3 % 2];
          spec.group = kGroups[turn % 4];
          ++turn;
          for (int n = 0; n < 3; ++n) {
            auto [q, kv] = NextLengths();
            builder_.AddDense("dims", spec, q, kv);
          }
          // Several blocks of keys whatever the tile.
          builder_.AddDense("dims", spec, 300 + dim, 700 - dim);
        }
      }
    }
  }

  void MixedDims() {
    constexpr std::pair<int, int> kDims[] = {
        {192, 128}, {128, 192}, {64, 128},  {128, 64}, {8, 256},  {256, 8},   {72, 80},
        {80, 72},   {40, 64},   {96, 128},  {24, 104}, {104, 24}, {256, 128}, {128, 256},
        {192, 256}, {256, 192}, {136, 120}, {16, 8},   {8, 16},   {176, 48},  {56, 200},
        {248, 240}, {64, 72},   {144, 16},  {32, 256}, {256, 64}, {160, 128}, {112, 8},
    };
    int turn = 0;
    for (auto [qk, v] : kDims) {
      for (int n = 0; n < 2; ++n, ++turn) {
        CaseSpec spec = CaseSpec(base_).Dims(qk, v).Dtype(kElements[n]);
        spec.mask = CommonMasks(50)[turn % 3];
        spec.align = kAligns[turn / 2 % 2];
        spec.group = kGroups[turn / 3 % 4];
        auto [q, kv] = NextLengths();
        builder_.AddDense("mixed_dims", spec, q, kv);
        builder_.AddDense("mixed_dims", spec, 321, 473);
        builder_.AddPacked("mixed_dims", spec, {5, 0, 160, 33}, {70, 3, 160, 1});
      }
    }
  }

  void Masks() {
    constexpr std::optional<int32_t> kNull;
    const std::vector<MaskSpec> masks = {
        {},           CausalMask(),    {64, 64},        {100, 0},
        {0, 0},       {0, 100},        {kNull, 37},     {129, kNull},
        {kNull, 128}, {0, kNull},      {1, 1},          {1000, 1000},
        {256, 0},     {2147483647, 0}, {0, 2147483647}, {2147483647, 2147483647},
    };
    constexpr std::pair<int, int> kSizes[] = {{257, 257}, {129, 640}, {640, 129}, {1, 300},
                                              {300, 1},   {64, 500},  {511, 383}};
    int turn = 0;
    for (int dim : {64, 128}) {
      for (const MaskSpec& mask : masks) {
        for (Align align : kAligns) {
          CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
          spec.mask = mask;
          spec.align = align;
          for (auto [q, kv] : kSizes) {
            if (turn++ % 2 == 0 || q > kv) builder_.AddDense("masks", spec, q, kv);
          }
        }
      }
    }
  }

  void Lengths() {
    for (int dim : {64, 128}) {
      for (bool causal : {false, true}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
        if (causal) spec.mask = CausalMask();
        for (auto [q, kv] : kLengths) builder_.AddDense("lengths", spec, q, kv);
      }
    }
  }

  void Heads() {
    for (int group : kGroups) {
      for (int dim : {64, 128}) {
        for (bool causal : {false, true}) {
          CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
          spec.group = group;
          if (causal) spec.mask = CausalMask();
          builder_.AddDense("heads", spec, 1, 777, 3, 2);
          builder_.AddDense("heads", spec, 150, 150, 2, group > 4 ? 1 : 3);
          builder_.AddPacked("heads", spec, {1, 7, 130}, {500, 7, 260}, 1);
        }
      }
    }
  }

  void Packed() {
    int turn = 0;
    const std::vector<Ragged> sets = RaggedSets();
    for (auto [qk, v] : {std::pair{64, 64}, {80, 80}, {128, 128}, {192, 128}, {256, 256}}) {
      for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{70, 10}}) {
        CaseSpec spec = CaseSpec(base_).Dims(qk, v).Dtype(kElements[turn % 2]);
        spec.mask = mask;
        spec.align = kAligns[turn / 3 % 2];
        spec.group = kGroups[turn % 3];
        ++turn;
        for (const auto& [q, kv] : sets) {
          builder_.AddPacked("packed", spec, q, kv).storage.trailing_tokens = turn % 3 * 5;
        }
      }
    }
  }

  void Storage() {
    std::vector<StorageOptions> variants(6);
    variants[0].head_padding = 8;
    variants[1].seq_padding = 40;
    variants[1].lse_padding = 3;
    variants[2].batch_padding = 1000;
    variants[3].interleaved = true;
    variants[4].broadcast_kv = true;
    variants[5].head_padding = 24;
    variants[5].seq_padding = 16;
    variants[5].batch_padding = 72;
    variants[5].interleaved = true;
    for (int dim : {40, 64, 128, 256}) {
      for (bool causal : {false, true}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
        spec.group = 2;
        if (causal) spec.mask = CausalMask();
        for (Layout layout : {Layout::kBshd, Layout::kBhsd}) {
          spec.layout = layout;
          builder_.AddDense("storage", spec, 133, 190, 2, 2);
          for (const StorageOptions& storage : variants) {
            builder_.AddDense("storage", spec, 133, 190, 3, 2).storage = storage;
          }
        }
        if (dim == 64 || dim == 128) {
          spec.layout = Layout::kBshd;
          builder_.AddDense("storage", spec, 100, 150, 2, 2).storage.batch_stride =
              (int64_t{1} << 31) + 4096;
        }
        StorageOptions packed;
        packed.head_padding = 16;
        packed.interleaved = true;
        packed.lse_padding = 5;
        packed.trailing_tokens = 30;
        builder_.AddPacked("storage", spec, {100, 0, 37}, {150, 9, 40}, 2).storage = packed;
      }
    }
  }

  void Outputs() {
    for (auto [qk, v] : {std::pair{64, 64}, {128, 128}, {192, 128}, {72, 72}}) {
      for (Element element : kElements) {
        for (Element element_o : kElements) {
          for (bool lse : {false, true}) {
            CaseSpec spec = CaseSpec(base_).Dims(qk, v).Dtype(element);
            spec.element_o = element_o;
            spec.lse = lse;
            spec.mask = lse ? MaskSpec{} : CausalMask();
            builder_.AddDense("outputs", spec, 200, 333);
            builder_.AddPacked("outputs", spec, {1, 0, 200}, {99, 4, 333});
          }
        }
      }
    }
  }

  void Hints() {
    for (int dim : {64, 128, 256}) {
      for (bool causal : {false, true}) {
        for (auto [q, kv] : {std::pair{128, 1}, {1, 128}, {128, 128}, {64, 16}, {256, 512}}) {
          CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
          if (causal) spec.mask = CausalMask();
          spec.seqlen_q_multiple_of = q;
          spec.seqlen_kv_multiple_of = kv;
          int some_q = q == 1 ? 77 : q, some_kv = kv == 1 ? 77 : kv;
          builder_.AddDense("hints", spec, some_q, some_kv);
          builder_.AddDense("hints", spec, 2 * some_q, 3 * some_kv);
        }
      }
    }
  }

  void Nan() {
    constexpr std::array kPlants = {Plant::kNanUnseen,  Plant::kInfUnseen,
                                    Plant::kNanInKey,   Plant::kNanInValue,
                                    Plant::kNanInQuery, Plant::kNanInNeighbours};
    int turn = 0;
    for (int dim : {64, 72, 128, 256}) {
      for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{60, 20}}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim).Dtype(kElements[turn / 2 % 2]);
        spec.mask = mask;
        spec.align = kAligns[turn++ % 2];
        for (Plant plant : kPlants) {
          bool planted_unseen = plant == Plant::kNanUnseen || plant == Plant::kInfUnseen;
          // Unseen keys: top left with more keys than queries, bottom right with a narrow window.
          builder_.AddDense("nan", spec, planted_unseen ? 100 : 260, 290, 4, 2).plant = plant;
          builder_.AddDense("nan", spec, 140, 130, 4, 2).plant = plant;
        }
      }
    }
  }

  void NanPacked() {
    for (int dim : {64, 128}) {
      for (bool causal : {false, true}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
        if (causal) spec.mask = CausalMask();
        for (Plant plant : {Plant::kNanInNeighbours, Plant::kNanInKey, Plant::kNanInValue}) {
          builder_.AddPacked("nan", spec, {100, 60, 1, 129, 33}, {90, 64, 200, 130, 1}, 2).plant =
              plant;
        }
      }
    }
  }

  void Values() {
    constexpr std::array kContents = {
        Contents::kSharp,    Contents::kLargeLogits, Contents::kNegative,  Contents::kPositive,
        Contents::kConstant, Contents::kAscending,   Contents::kDescending};
    for (int dim : {64, 128, 192}) {
      for (Element element : kElements) {
        for (bool causal : {false, true}) {
          CaseSpec spec = CaseSpec(base_).Dims(dim, dim).Dtype(element);
          if (causal) spec.mask = CausalMask();
          for (Contents contents : kContents) {
            builder_.AddDense("values", spec, 150, 600, 2, 2).contents = contents;
          }
          for (double scale : {1e-6, 0.01, 1.0, 30.0}) {
            spec.scale = scale;
            builder_.AddDense("values", spec, 150, 600, 2, 2);
          }
          spec.scale.reset();
        }
      }
    }
  }

  void Empty() {
    for (int dim : {64, 128}) {
      for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{5, 5}}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
        spec.mask = mask;
        builder_.AddDense("empty", spec, 100, 0, 2, 2);
        builder_.AddDense("empty", spec, 0, 100, 2, 2);
        builder_.AddDense("empty", spec, 1, 0, 2, 2);
        builder_.AddPacked("empty", spec, {0, 0, 0}, {0, 3, 0}, 2);
        builder_.AddPacked("empty", spec, {200, 0, 3}, {0, 0, 0}, 2);
        builder_.AddPacked("empty", spec, {0, 130, 0}, {0, 130, 0}, 2);
      }
    }
    // Rows that see nothing, at tile edges and in the middle of tiles.
    for (auto [q, kv] : {std::pair{300, 44}, {256, 128}, {257, 1}, {129, 64}}) {
      CaseSpec spec = CaseSpec(base_).Dims(128, 128);
      spec.mask = CausalMask();
      builder_.AddDense("empty", spec, q, kv);
      spec.mask = {10, 0};
      spec.align = Align::kTopLeft;  // Queries beyond the last key and its window.
      builder_.AddDense("empty", spec, q, kv);
    }
  }

  void Invariance() {
    for (int dim : {64, 128, 192, 256}) {
      for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{100, 30}}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
        spec.mask = mask;
        spec.group = 2;
        builder_.AddDense("invariance", spec, 200, 333, 5, 2).extra = ExtraCheck::kAlone;
        builder_.AddPacked("invariance", spec, {1, 200, 0, 64, 129}, {900, 333, 7, 64, 65}, 2)
            .extra = ExtraCheck::kAlone;
        SuiteCase& poisoned =
            builder_.AddPacked("invariance", spec, {65, 64, 130}, {65, 300, 257}, 2);
        poisoned.extra = ExtraCheck::kAlone;
        poisoned.plant = Plant::kNanInNeighbours;
      }
    }
  }

  void Launch() {
    for (int dim : {64, 128}) {
      for (bool causal : {false, true}) {
        CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
        if (causal) spec.mask = CausalMask();
        for (ExtraCheck extra : {ExtraCheck::kGraph, ExtraCheck::kThreads}) {
          builder_.AddDense("launch", spec, 300, 500, 3, 2).extra = extra;
          builder_.AddPacked("launch", spec, {100, 300, 20}, {100, 300, 500}, 2).extra = extra;
        }
      }
    }
  }

  void Random() {
    std::mt19937 random(20);
    auto pick = [&](int count) { return static_cast<int>(random() % count); };
    for (int n = 0; n < 80; ++n) {
      CaseSpec spec = CaseSpec(base_).Dims(8 + 8 * pick(32), 8 + 8 * pick(32));
      if (pick(2)) spec.dim_v = spec.dim_qk;
      spec.Dtype(kElements[pick(2)]);
      if (pick(8) == 0) spec.element_o = kElements[pick(2)];
      spec.group = kGroups[pick(8)];
      const std::optional<int32_t> bounds[] = {std::nullopt, 0, pick(300)};
      spec.mask = {bounds[pick(3)], bounds[pick(3)]};
      spec.align = kAligns[pick(2)];
      spec.lse = pick(4) != 0;
      spec.layout = pick(2) ? Layout::kBshd : Layout::kBhsd;
      for (int m = 0; m < 3; ++m) {
        StorageOptions storage;
        storage.head_padding = 8 * pick(3);
        storage.seq_padding = 8 * pick(4);
        storage.lse_padding = pick(4);
        storage.interleaved = pick(4) == 0;
        builder_.AddDense("random", spec, 1 + pick(700), 1 + pick(900)).storage = storage;
      }
      CaseSpec packed = spec;
      std::vector<int32_t> q, kv;
      for (int b = 1 + pick(6); b > 0; --b) {
        q.push_back(pick(5) == 0 ? 0 : pick(400));
        kv.push_back(pick(5) == 0 ? 0 : pick(500));
      }
      if (n % 2 == 0) builder_.AddPacked("random", packed, q, kv);
    }
  }

  /// A request for few queries of a group.
  CaseSpec Few(int dim, int group, int at_most, const MaskSpec& mask) const {
    CaseSpec spec = CaseSpec(base_).Dims(dim, dim);
    spec.group = group;
    spec.seqlen_q_at_most = at_most;
    spec.mask = mask;
    return spec;
  }

  /// The next length of keys: around the edges of blocks and of pieces, and far from them.
  int NextKeys() {
    constexpr int kKeys[] = {1,   63,  64,   65,   127,  128,  257,  511,  512,
                             513, 777, 1023, 1024, 1025, 1500, 2049, 4096, 8191};
    return kKeys[next_keys_++ % std::size(kKeys)];
  }

  void Decode() {
    int turn = 0;
    for (int dim : {64, 128, 256}) {
      for (int group : {1, 4, 8, 16}) {
        for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{300, 0}}) {
          for (int at_most : {1, 8}) {
            CaseSpec spec = Few(dim, group, at_most, mask).Dtype(kElements[turn % 2]);
            for (int n = 0; n < 3; ++n, ++turn) {
              spec.layout = turn % 3 == 0 ? Layout::kBhsd : Layout::kBshd;
              builder_.AddDense("decode", spec, 1 + turn * 5 % at_most, NextKeys());
            }
          }
        }
      }
    }
  }

  /// Groups that do not divide a tile's rows, tiles of many rows, other head dims.
  void DecodeShapes() {
    int turn = 0;
    for (int group : {2, 3, 5, 7, 12, 48, 65, 96, 128}) {
      for (int tokens : {3, 20}) {
        CaseSpec spec = Few(64, group, tokens, turn++ % 2 ? MaskSpec{} : CausalMask());
        builder_.AddDense("decode", spec, tokens, NextKeys(), 1, 1);
        builder_.AddDense("decode", spec, 1, 2000, 1, 1);
        builder_.AddPacked("decode", spec, {1, tokens, 2}, {1500, 700, 2}, 1);
      }
    }
    for (auto [qk, v] : {std::pair{8, 8},
                         {16, 256},
                         {256, 16},
                         {72, 80},
                         {96, 96},
                         {192, 128},
                         {128, 192},
                         {192, 256},
                         {248, 240}}) {
      for (int group : {1, 6}) {
        CaseSpec spec = Few(qk, group, 4, turn % 2 ? CausalMask() : MaskSpec{});
        spec.dim_qk = qk, spec.dim_v = v;
        spec.Dtype(kElements[turn++ % 2]);
        builder_.AddDense("decode", spec, 4, NextKeys());
        builder_.AddDense("decode", spec, 2, 3000);
        builder_.AddPacked("decode", spec, {4, 0, 1, 2}, {900, 30, 2100, 64});
      }
    }
    for (int group : {1, 4}) {  // Several tiles of a sequence's queries; more queries than keys.
      CaseSpec spec = Few(128, group, 64, CausalMask());
      for (auto [q, kv] : {std::pair{64, 64}, {63, 1100}, {17, 2500}, {33, 5}, {64, 0}}) {
        builder_.AddDense("decode", spec, q, kv);
      }
    }
    for (Element element_o : kElements) {
      CaseSpec spec = Few(128, 4, 1, {});
      spec.element_o = element_o;
      spec.lse = false;
      builder_.AddDense("decode", spec, 1, 1700);
      builder_.AddDense("decode", spec, 1, 300);
    }
  }

  void DecodePacked() {
    int turn = 0;
    const std::vector<Ragged> sets = {
        {{1, 1, 1, 1, 1, 1, 1, 1}, {0, 1, 63, 64, 65, 1000, 129, 5000}},
        {{1, 0, 8, 3, 2, 5}, {700, 9, 2048, 1025, 0, 300}},
        {{0, 0, 7, 0}, {0, 9, 3100, 0}},
        {{5, 8}, {0, 0}},
        {{8, 8, 8}, {8, 4, 1}},
    };
    for (int dim : {64, 128, 256}) {
      for (int group : {1, 4, 8, 16}) {
        for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{600, 3}}) {
          CaseSpec spec = Few(dim, group, 8, mask).Dtype(kElements[turn % 2]);
          spec.align = turn % 5 == 4 ? Align::kTopLeft : Align::kBottomRight;
          for (int n = 0; n < 2; ++n, ++turn) {
            const auto& [q, kv] = sets[turn % sets.size()];
            builder_.AddPacked("decode", spec, q, kv).storage.trailing_tokens = turn % 3 * 5;
          }
        }
      }
    }
  }

  /// What the other categories ask of tiles, asked of pieces.
  void DecodeTrouble() {
    constexpr std::array kPlants = {Plant::kNanUnseen,  Plant::kInfUnseen,
                                    Plant::kNanInKey,   Plant::kNanInValue,
                                    Plant::kNanInQuery, Plant::kNanInNeighbours};
    StorageOptions padded;
    padded.head_padding = 24;
    padded.seq_padding = 16;
    padded.lse_padding = 3;
    padded.interleaved = true;
    for (int dim : {64, 128}) {
      for (const MaskSpec& mask : {MaskSpec{}, CausalMask(), MaskSpec{1300, 20}}) {
        CaseSpec spec = Few(dim, 4, 6, mask);
        for (Plant plant : kPlants) {
          builder_.AddDense("decode", spec, 6, 2600, 4, 2).plant = plant;
          builder_.AddPacked("decode", spec, {1, 6, 2}, {1100, 2600, 5}, 2).plant = plant;
        }
        for (Contents contents : {Contents::kSharp, Contents::kLargeLogits, Contents::kNegative,
                                  Contents::kAscending, Contents::kDescending}) {
          builder_.AddDense("decode", spec, 5, 2600, 2, 2).contents = contents;
        }
        builder_.AddDense("decode", spec, 5, 1800, 2, 2).storage = padded;
        builder_.AddPacked("decode", spec, {5, 1}, {1800, 3000}, 2).storage.trailing_tokens = 30;
        for (ExtraCheck extra : {ExtraCheck::kAlone, ExtraCheck::kGraph, ExtraCheck::kThreads}) {
          builder_.AddDense("decode", spec, 4, 2222, 5, 2).extra = extra;
          builder_.AddPacked("decode", spec, {1, 4, 0, 6, 2}, {900, 4096, 7, 64, 2500}, 2).extra =
              extra;
        }
      }
    }
  }

  CaseBuilder builder_;
  CaseSpec base_;
  size_t next_keys_ = 0;
  size_t next_length_ = 0;
};

}  // namespace

std::vector<SuiteCase> MakeCaseGrid(llvm::ArrayRef<Arch> archs) {
  std::vector<SuiteCase> cases = Grid(archs).Take();
  // The seed is a hash of the id: an order that no part of the grid is special in.
  std::sort(cases.begin(), cases.end(),
            [](const SuiteCase& a, const SuiteCase& b) { return a.seed < b.seed; });
  return cases;
}

}  // namespace attnjit
