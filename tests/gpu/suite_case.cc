#include "tests/gpu/suite_case.h"

#include <algorithm>
#include <cmath>

#include "tests/reference/half.h"

namespace attnjit {
namespace {

constexpr uint16_t kNanBits = 0x7FC1;  // In bf16 and in fp16.

uint16_t InfinityBits(Element element) { return element == Element::kBf16 ? 0x7F80 : 0x7C00; }

struct InputNormals {
  Normal q, k, v;
};

/// Score deviation is sigma_q sigma_k sqrt(dim) scale; a mean m_q m_k dim scale.
InputNormals NormalsFor(Contents contents, const ForwardProblem& problem) {
  float dim = static_cast<float>(problem.problem.head_dim_qk);
  float scale = static_cast<float>(problem.softmax_scale);
  float mean_for_1000 = std::sqrt(1000 / (dim * scale));
  switch (contents) {
    case Contents::kSharp:
      return {{0, 4}, {0, 4}, {}};
    case Contents::kLargeLogits: {
      float sigma = std::sqrt(3000 / (std::sqrt(dim) * scale));
      return {{0, sigma}, {0, sigma}, {}};
    }
    case Contents::kNegative:
      return {{mean_for_1000, 0.1f}, {-mean_for_1000, 0.1f}, {}};
    case Contents::kPositive:
      return {{mean_for_1000, 0.1f}, {mean_for_1000, 0.1f}, {}};
    case Contents::kConstant:
      return {{0.5f, 0}, {0.25f, 0}, {}};
    case Contents::kAscending:
    case Contents::kDescending:
      return {{1, 0.1f}, {0, 0.1f}, {}};
    case Contents::kNormal:
      break;
  }
  return {};
}

/// Adds a ramp to the keys of each sequence, from -2 to 2 or back.
void AddRamp(LaunchImage& image, bool ascending) {
  const ForwardProblem& problem = image.problem;
  Element element = problem.problem.element;
  for (int64_t b = 0; b < problem.batch; ++b) {
    int64_t keys = problem.SeqlenKv(b);
    for (int64_t j = 0; j < keys; ++j) {
      float along = 4.0f * static_cast<float>(j) / static_cast<float>(keys) - 2.0f;
      for (int64_t h = 0; h < problem.heads_kv; ++h) {
        uint16_t* row = image.RowK(b, j, h);
        for (int d = 0; d < problem.problem.head_dim_qk; ++d) {
          row[d] = FromFloat(element, ToFloat(element, row[d]) + (ascending ? along : -along));
        }
      }
    }
  }
}

/// Overwrites K and V of the keys that no query sees.
void PlantUnseen(LaunchImage& image, uint16_t bits) {
  const ForwardProblem& problem = image.problem;
  for (int64_t b = 0; b < problem.batch; ++b) {
    std::vector<bool> seen(problem.SeqlenKv(b), false);
    for (int64_t i = 0; i < problem.SeqlenQ(b); ++i) {
      KeyRange range = problem.VisibleKeys(b, i);
      std::fill(seen.begin() + range.begin, seen.begin() + range.end, true);
    }
    for (int64_t j = 0; j < problem.SeqlenKv(b); ++j) {
      if (seen[j]) continue;
      for (int64_t h = 0; h < problem.heads_kv; ++h) {
        std::fill_n(image.RowK(b, j, h), problem.problem.head_dim_qk, bits);
        std::fill_n(image.RowV(b, j, h), problem.problem.head_dim_v, bits);
      }
    }
  }
}

/// Three rows of each sequence, at the start, inside and at the end, in one head each.
template <typename Body>
void ForSomeRows(const ForwardProblem& problem, int64_t heads, bool keys, const Body& body) {
  for (int64_t b = 0; b < problem.batch; ++b) {
    int64_t rows = keys ? problem.SeqlenKv(b) : problem.SeqlenQ(b);
    if (rows == 0) continue;
    body(b, rows / 3, b % heads, 0);
    body(b, rows * 2 / 3, (b + 1) % heads, 3);
    body(b, rows - 1, (b + 2) % heads, 7);
  }
}

void PlantNeighbours(LaunchImage& image, const std::vector<int64_t>& only) {
  const ForwardProblem& problem = image.problem;
  for (int64_t b = 0; b < problem.batch; ++b) {
    if ((only.empty() ? b : only[b]) % 2 == 0) continue;
    for (int64_t i = 0; i < problem.SeqlenQ(b); ++i) {
      for (int64_t h = 0; h < problem.heads_q; ++h) {
        std::fill_n(image.RowQ(b, i, h), problem.problem.head_dim_qk, kNanBits);
      }
    }
    for (int64_t j = 0; j < problem.SeqlenKv(b); ++j) {
      for (int64_t h = 0; h < problem.heads_kv; ++h) {
        std::fill_n(image.RowK(b, j, h), problem.problem.head_dim_qk, kNanBits);
        std::fill_n(image.RowV(b, j, h), problem.problem.head_dim_v, kNanBits);
      }
    }
  }
}

void PlantInto(LaunchImage& image, Plant plant, const std::vector<int64_t>& only) {
  const ForwardProblem& problem = image.problem;
  int64_t heads_kv = problem.heads_kv;
  switch (plant) {
    case Plant::kNothing:
      return;
    case Plant::kNanUnseen:
      return PlantUnseen(image, kNanBits);
    case Plant::kInfUnseen:
      return PlantUnseen(image, InfinityBits(problem.problem.element));
    case Plant::kNanInKey:
      return ForSomeRows(problem, heads_kv, true, [&](int64_t b, int64_t j, int64_t h, int d) {
        image.RowK(b, j, h)[d] = kNanBits;
      });
    case Plant::kNanInValue:
      return ForSomeRows(problem, heads_kv, true, [&](int64_t b, int64_t j, int64_t h, int d) {
        image.RowV(b, j, h)[d] = kNanBits;
      });
    case Plant::kNanInQuery:
      return ForSomeRows(
          problem, problem.heads_q, false,
          [&](int64_t b, int64_t i, int64_t h, int d) { image.RowQ(b, i, h)[d] = kNanBits; });
    case Plant::kNanInNeighbours:
      return PlantNeighbours(image, only);
  }
}

template <typename T>
std::vector<T> Select(const std::vector<T>& all, const std::vector<int64_t>& only) {
  std::vector<T> selected;
  for (int64_t index : only) selected.push_back(all[index]);
  return only.empty() ? all : selected;
}

}  // namespace

LaunchImage MakeCaseImage(const SuiteCase& suite_case, const AttentionSpec& spec,
                          const std::vector<int64_t>& only) {
  ForwardProblem problem;
  if (spec.layout == Layout::kThd) {
    problem = MakePackedProblem(spec, suite_case.heads_kv, Select(suite_case.seqlens_q, only),
                                Select(suite_case.seqlens_kv, only));
  } else {
    int64_t batch = only.empty() ? suite_case.batch : static_cast<int64_t>(only.size());
    problem =
        MakeProblem(spec, batch, suite_case.heads_kv, suite_case.seqlen_q, suite_case.seqlen_kv);
  }
  LaunchImage image = MakeLaunchImage(problem, spec.layout, suite_case.storage);
  InputNormals normals = NormalsFor(suite_case.contents, problem);
  FillInputs(image, suite_case.seed, normals.q, normals.k, normals.v, only);
  if (suite_case.contents == Contents::kAscending) AddRamp(image, true);
  if (suite_case.contents == Contents::kDescending) AddRamp(image, false);
  PlantInto(image, suite_case.plant, only);
  return image;
}

}  // namespace attnjit
