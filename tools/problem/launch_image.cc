#include "tools/problem/launch_image.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "llvm/Support/FormatVariadic.h"
#include "tests/reference/half.h"

namespace attnjit {
namespace {

/// splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
class SplitMix {
 public:
  explicit SplitMix(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

constexpr int kQuantiles = 1 << 16;

/// The normal distribution's quantiles at (n + 1/2) / 2^16, by Newton's method from the last one.
const std::vector<float>& NormalQuantiles() {
  static const std::vector<float>& table = *[] {
    auto* quantiles = new std::vector<float>(kQuantiles);
    double x = 0;
    for (int n = kQuantiles / 2; n < kQuantiles; ++n) {
      double u = (n + 0.5) / kQuantiles;
      for (int step = 0; step < 4; ++step) {
        double cdf = 1 - 0.5 * std::erfc(x * M_SQRT1_2);
        x += (u - cdf) / (std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI));
      }
      (*quantiles)[n] = static_cast<float>(x);
      (*quantiles)[kQuantiles - 1 - n] = static_cast<float>(-x);
    }
    return quantiles;
  }();
  return table;
}

/// Draws 16-bit elements, four from each random number.
class NormalSource {
 public:
  NormalSource(Element element, const Normal& normal) : bits_(kQuantiles) {
    const std::vector<float>& quantiles = NormalQuantiles();
    for (int n = 0; n < kQuantiles; ++n) {
      bits_[n] = FromFloat(element, normal.mean + normal.sigma * quantiles[n]);
    }
  }
  void FillRow(uint16_t* row, int columns, uint64_t seed) const {
    SplitMix random(seed);
    for (int d = 0; d < columns; d += 4) {
      uint64_t draw = random.Next();
      int count = std::min(4, columns - d);
      for (int n = 0; n < count; ++n) row[d + n] = bits_[(draw >> (16 * n)) & 0xFFFF];
    }
  }

 private:
  std::vector<uint16_t> bits_;
};

uint64_t MixSeed(uint64_t seed, std::initializer_list<int64_t> parts) {
  for (int64_t part : parts) seed = SplitMix(seed ^ static_cast<uint64_t>(part)).Next();
  return seed;
}

/// Strides of one tensor of these rows, heads and columns.
Strides MakeStrides(Layout layout, const StorageOptions& storage, int64_t rows, int64_t heads,
                    int64_t columns) {
  Strides stride = {};
  int64_t spread = storage.interleaved ? 3 : 1;
  int64_t row = columns + storage.head_padding;
  if (layout == Layout::kBhsd) {
    stride.seq = row * spread;
    stride.head = rows * stride.seq + storage.seq_padding;
    stride.batch = heads * stride.head + storage.batch_padding;
  } else {
    stride.head = row;
    stride.seq = (heads * row + storage.seq_padding) * spread;
    stride.batch = rows * stride.seq + storage.batch_padding;
  }
  return stride;
}

HostTensor MakeTensor(const ForwardProblem& problem, Layout layout, const StorageOptions& storage,
                      int64_t rows, int64_t heads, int columns, bool is_kv) {
  TensorGeometry geometry;
  geometry.batch = problem.problem.packed ? 1 : problem.batch;
  geometry.rows = rows;
  geometry.heads = heads;
  geometry.columns = columns;
  geometry.stride = MakeStrides(layout, storage, rows, heads, columns);
  if (!problem.problem.packed) {
    if (storage.batch_stride != 0) geometry.stride.batch = storage.batch_stride;
    if (storage.broadcast_kv && is_kv) geometry.stride.batch = 0;
  }
  return HostTensor(geometry);
}

HostTensor MakeLse(const ForwardProblem& problem, const StorageOptions& storage, int64_t rows) {
  TensorGeometry geometry;
  geometry.batch = problem.problem.packed ? 1 : problem.batch;
  geometry.rows = rows;
  geometry.heads = problem.heads_q;
  geometry.units_per_element = 2;
  geometry.stride.seq = 1;
  geometry.stride.head = rows + storage.lse_padding;
  geometry.stride.batch = problem.heads_q * geometry.stride.head;
  return HostTensor(geometry);
}

/// Calls body(b, i, h) for every row of one side.
template <typename Body>
void ForEachRow(const ForwardProblem& problem, bool is_kv, const Body& body) {
  int64_t heads = is_kv ? problem.heads_kv : problem.heads_q;
  for (int64_t b = 0; b < problem.batch; ++b) {
    int64_t rows = is_kv ? problem.SeqlenKv(b) : problem.SeqlenQ(b);
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t h = 0; h < heads; ++h) body(b, i, h);
    }
  }
}

/// Replaces every row of the problem by poison in a copy: whatever else differs was overwritten.
template <typename RowOf>
std::string FindStrays(const char* name, LaunchImage& image, HostTensor& tensor, RowOf row_of) {
  const std::vector<uint16_t> written = tensor.units();
  int units = tensor.geometry().columns * tensor.geometry().units_per_element;
  std::string unwritten;
  ForEachRow(image.problem, false, [&](int64_t b, int64_t i, int64_t h) {
    uint16_t* row = row_of(b, i, h);
    bool left = std::all_of(row, row + units, [](uint16_t unit) { return unit == kPoison; });
    if (left && unwritten.empty()) {
      unwritten = llvm::formatv("{0}[b={1},i={2},h={3}] was not written", name, b, i, h);
    }
    std::fill(row, row + units, kPoison);
  });
  std::vector<uint16_t>& rest = tensor.units();
  auto stray = std::find_if(rest.begin(), rest.end(), [](uint16_t u) { return u != kPoison; });
  std::string found = unwritten;
  if (stray != rest.end()) {
    int64_t unit = stray - rest.begin() - kGuardUnits;
    found =
        llvm::formatv("{0} was written outside its rows: 16-bit unit {1} from its start, of {2}",
                      name, unit, static_cast<int64_t>(rest.size()) - 2 * kGuardUnits);
  }
  tensor.units() = written;
  return found;
}

}  // namespace

TensorLse LaunchImage::Lse() const {
  if (lse.empty()) return {};
  return {lse.origin(), lse.host_stride()};
}

uint16_t* LaunchImage::RowLse(int64_t b, int64_t i, int64_t h) {
  return lse.origin() +
         2 * RowOffset(problem.problem.packed, problem.cu_seqlens_q, lse.host_stride(), b, i, h);
}

ForwardProblem MakeProblem(const AttentionSpec& spec, int64_t batch, int64_t heads_kv,
                           int64_t seqlen_q, int64_t seqlen_kv) {
  ForwardProblem problem;
  problem.problem = ResolveKernelSpec(spec).problem;
  problem.batch = batch;
  problem.heads_kv = heads_kv;
  problem.heads_q = heads_kv * problem.problem.group;
  problem.seqlen_q = seqlen_q;
  problem.seqlen_kv = seqlen_kv;
  problem.window_left = spec.mask.left.value_or(0);
  problem.window_right = spec.mask.right.value_or(0);
  problem.softmax_scale = spec.softmax_scale;
  return problem;
}

ForwardProblem MakePackedProblem(const AttentionSpec& spec, int64_t heads_kv,
                                 const std::vector<int32_t>& seqlens_q,
                                 const std::vector<int32_t>& seqlens_kv) {
  auto longest = [](const std::vector<int32_t>& lengths) {
    return lengths.empty() ? 0 : *std::max_element(lengths.begin(), lengths.end());
  };
  ForwardProblem problem = MakeProblem(spec, static_cast<int64_t>(seqlens_q.size()), heads_kv,
                                       longest(seqlens_q), longest(seqlens_kv));
  problem.cu_seqlens_q.assign(seqlens_q.size() + 1, 0);
  problem.cu_seqlens_kv.assign(seqlens_kv.size() + 1, 0);
  std::partial_sum(seqlens_q.begin(), seqlens_q.end(), problem.cu_seqlens_q.begin() + 1);
  std::partial_sum(seqlens_kv.begin(), seqlens_kv.end(), problem.cu_seqlens_kv.begin() + 1);
  return problem;
}

LaunchImage MakeLaunchImage(const ForwardProblem& problem, Layout layout,
                            const StorageOptions& storage) {
  LaunchImage image;
  image.problem = problem;
  bool packed = problem.problem.packed;
  if (packed) {
    image.total_q = problem.cu_seqlens_q.back() + storage.trailing_tokens;
    image.total_kv = problem.cu_seqlens_kv.back() + storage.trailing_tokens;
  }
  int64_t rows_q = packed ? image.total_q : problem.seqlen_q;
  int64_t rows_kv = packed ? image.total_kv : problem.seqlen_kv;
  int dim_qk = problem.problem.head_dim_qk;
  int dim_v = problem.problem.head_dim_v;
  image.q = MakeTensor(problem, layout, storage, rows_q, problem.heads_q, dim_qk, false);
  image.k = MakeTensor(problem, layout, storage, rows_kv, problem.heads_kv, dim_qk, true);
  image.v = MakeTensor(problem, layout, storage, rows_kv, problem.heads_kv, dim_v, true);
  image.o = MakeTensor(problem, layout, storage, rows_q, problem.heads_q, dim_v, false);
  if (problem.problem.lse) image.lse = MakeLse(problem, storage, rows_q);
  return image;
}

void FillInputs(LaunchImage& image, uint64_t seed, const Normal& q, const Normal& k,
                const Normal& v, const std::vector<int64_t>& sequences) {
  const Problem& problem = image.problem.problem;
  auto number = [&](int64_t b) { return sequences.empty() ? b : sequences[b]; };
  NormalSource source_q(problem.element, q);
  NormalSource source_k(problem.element, k);
  NormalSource source_v(problem.element, v);
  ForEachRow(image.problem, false, [&](int64_t b, int64_t i, int64_t h) {
    source_q.FillRow(image.RowQ(b, i, h), problem.head_dim_qk, MixSeed(seed, {1, number(b), i, h}));
  });
  ForEachRow(image.problem, true, [&](int64_t b, int64_t j, int64_t h) {
    source_k.FillRow(image.RowK(b, j, h), problem.head_dim_qk, MixSeed(seed, {2, number(b), j, h}));
    source_v.FillRow(image.RowV(b, j, h), problem.head_dim_v, MixSeed(seed, {3, number(b), j, h}));
  });
}

std::string FindStrayWrites(LaunchImage& image) {
  std::string found = FindStrays(
      "o", image, image.o, [&](int64_t b, int64_t i, int64_t h) { return image.RowO(b, i, h); });
  if (!found.empty() || image.lse.empty()) return found;
  return FindStrays("lse", image, image.lse,
                    [&](int64_t b, int64_t i, int64_t h) { return image.RowLse(b, i, h); });
}

}  // namespace attnjit
