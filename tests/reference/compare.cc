#include "tests/reference/compare.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "tests/reference/half.h"

namespace attnjit {
namespace {

/// One class of rows.
struct RowClass {
  int64_t elements = 0;
  double error = 0;       // max|O - ref|
  double twin_error = 0;  // max|P - ref|
  double rounding = 0;    // max|(ref + 0.3 - 0.3) - ref|
  double Bound() const { return 2 * twin_error + 2 * rounding; }
  void Add(const RowClass& other) {
    elements += other.elements;
    error = std::max(error, other.error);
    twin_error = std::max(twin_error, other.twin_error);
    rounding = std::max(rounding, other.rounding);
  }
};

double Ratio(double error, double bound) {
  if (error == 0) return 0;
  return bound > 0 ? error / bound : INFINITY;
}

/// |(ref + 0.3 - 0.3) - ref| in the element type.
double RoundingTerm(Element element, double reference) {
  float value = RoundTo(element, static_cast<float>(reference));
  float there = RoundTo(element, value + 0.3f);
  float back = RoundTo(element, there - 0.3f);
  return std::abs(static_cast<double>(back) - value);
}

class Comparer {
 public:
  Comparer(const ForwardProblem& problem, const Reference& reference, const Tensor16& o,
           const TensorLse& lse)
      : problem_(problem),
        reference_(reference),
        o_(o),
        lse_(lse),
        element_o_(problem.problem.element_o) {}

  Comparison Run() {
    result_.has_lse = lse_.data != nullptr;
    for (int64_t b = 0; b < problem_.batch; ++b) {
      for (int64_t i = 0; i < problem_.SeqlenQ(b); ++i) {
        for (int64_t h = 0; h < problem_.heads_q; ++h) {
          CompareRow(b, i, h);
          if (result_.has_lse) CompareLse(b, i, h);
        }
      }
    }
    JudgeClasses();
    JudgeCosine();
    result_.passed = result_.special_mismatches == 0 && result_.error_ratio <= 1 &&
                     result_.cosine >= result_.min_cosine && result_.lse_ratio <= 1;
    return result_;
  }

 private:
  void CompareRow(int64_t b, int64_t i, int64_t h) {
    int64_t row = reference_.Row(b, i, h);
    const uint16_t* o =
        o_.data + RowOffset(problem_.problem.packed, problem_.cu_seqlens_q, o_.stride, b, i, h);
    int dim = reference_.head_dim_v;
    RowClass& rows = classes_[std::bit_width(static_cast<uint32_t>(reference_.visible[row]))];
    for (int d = 0; d < dim; ++d) {
      double want = reference_.o[row * dim + d];
      float twin = reference_.p[row * dim + d];
      float got = ToFloat(element_o_, o[d]);
      bool empty = reference_.visible[row] == 0;
      if (empty && got == 0) continue;
      if (empty || !std::isfinite(want) || !std::isfinite(got)) {
        CompareSpecial(want, got, b, i, h, d);
        continue;
      }
      double error = std::abs(got - want);
      if (error > result_.max_error) {
        result_.max_error = error;
        worst_ = {b, i, h, d, got, want};
      }
      rows.error = std::max(rows.error, error);
      // P overflows where a 16-bit intermediate does; such an element widens no bound.
      if (std::isfinite(twin)) rows.twin_error = std::max(rows.twin_error, std::abs(twin - want));
      rows.rounding = std::max(rows.rounding, RoundingTerm(element_o_, want));
      ++rows.elements;
      dot_ += got * want;
      got_squares_ += static_cast<double>(got) * got;
      want_squares_ += want * want;
    }
  }

  /// Of an empty row, or at least one of the two is NaN or infinite: they must agree.
  void CompareSpecial(double want, double got, int64_t b, int64_t i, int64_t h, int d) {
    bool agree = std::isnan(want) ? std::isnan(got) : want == got;
    // A finite reference beyond the output type's range rounds to infinity.
    if (std::isinf(got) && std::isfinite(want)) {
      agree = RoundTo(element_o_, static_cast<float>(want)) == got;
    }
    if (agree) return;
    ++result_.special_mismatches;
    Report("o[b=%lld,i=%lld,h=%lld,d=%d] is %g, not %g", b, i, h, d, got, want);
  }

  void CompareLse(int64_t b, int64_t i, int64_t h) {
    int64_t row = reference_.Row(b, i, h);
    // Packed or not, queries of one head are contiguous.
    int64_t offset = h * lse_.stride.head + i;
    offset += problem_.problem.packed ? problem_.cu_seqlens_q[b] : b * lse_.stride.batch;
    float got = 0;
    std::memcpy(&got, static_cast<const char*>(lse_.data) + offset * sizeof(float), sizeof(float));
    double want = reference_.lse[row];
    if (!std::isfinite(want) || !std::isfinite(got)) {
      if (std::isnan(want) ? std::isnan(got) : want == got) return;
      ++result_.special_mismatches;
      Report("lse[b=%lld,i=%lld,h=%lld] is %g, not %g", b, i, h, got, want);
      return;
    }
    double error = std::abs(got - want);
    double bound = 0x1p-13 + 0x1p-18 * reference_.logit_size[row];
    result_.max_lse_error = std::max(result_.max_lse_error, error);
    result_.lse_ratio = std::max(result_.lse_ratio, error / bound);
    if (error > bound) {
      Report("lse[b=%lld,i=%lld,h=%lld] is %.7g, not %.7g: off by %.2g, allowed %.2g", b, i, h, got,
             want, error, bound);
    }
  }

  /// Merges small classes into the next larger one (the last: into the one before) and takes the
  /// worst.
  void JudgeClasses() {
    std::vector<RowClass> merged;
    RowClass open;
    for (const RowClass& rows : classes_) {
      open.Add(rows);
      if (open.elements < kMinClassElements) continue;
      merged.push_back(open);
      open = {};
    }
    if (merged.empty()) {
      merged.push_back(open);
    } else {
      merged.back().Add(open);
    }
    for (const RowClass& rows : merged) {
      result_.elements += rows.elements;
      double ratio = Ratio(rows.error, rows.Bound());
      if (ratio < result_.error_ratio || rows.elements == 0) continue;
      result_.error_ratio = ratio;
      result_.bound = rows.Bound();
    }
    if (result_.error_ratio > 1) {
      Report(
          "error %.4g is beyond its bound %.4g; the largest, o[b=%lld,i=%lld,h=%lld,d=%d], is "
          "%.5g, not %.5g",
          result_.error_ratio * result_.bound, result_.bound, worst_.b, worst_.i, worst_.h,
          worst_.d, worst_.got, worst_.want);
    }
  }

  void JudgeCosine() {
    bool coarse = element_o_ == Element::kBf16 || problem_.problem.element == Element::kBf16;
    result_.min_cosine = 1 - (coarse ? 1e-4 : 1e-5);
    if (got_squares_ == 0 && want_squares_ == 0) return;
    double norms = std::sqrt(got_squares_) * std::sqrt(want_squares_);
    result_.cosine = norms > 0 ? dot_ / norms : 0;
    if (result_.cosine < result_.min_cosine) {
      Report("cosine similarity %.7f is below %.7f", result_.cosine, result_.min_cosine);
    }
  }

  /// Keeps the first problem only.
  template <typename... Args>
  void Report(const char* format, Args... args) {
    if (!result_.first_problem.empty()) return;
    std::array<char, 256> text;
    std::snprintf(text.data(), text.size(), format, args...);
    result_.first_problem = text.data();
  }

  struct Element_ {
    long long b = 0, i = 0, h = 0;
    int d = 0;
    double got = 0, want = 0;
  };

  const ForwardProblem& problem_;
  const Reference& reference_;
  const Tensor16& o_;
  const TensorLse& lse_;
  Element element_o_;
  Comparison result_;
  Element_ worst_;
  std::array<RowClass, 33> classes_;  // By bit_width(visible keys).
  double dot_ = 0;
  double got_squares_ = 0;
  double want_squares_ = 0;
};

}  // namespace

Comparison Compare(const ForwardProblem& problem, const Reference& reference, const Tensor16& o,
                   const TensorLse& lse) {
  return Comparer(problem, reference, o, lse).Run();
}

}  // namespace attnjit
