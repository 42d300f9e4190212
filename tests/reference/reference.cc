#include "tests/reference/reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/reference/block_math.h"
#include "tests/reference/half.h"
#include "tests/reference/parallel.h"

namespace attnjit {
namespace {

constexpr int64_t kTaskRows = 128;  // Query rows (i and head of the group together) of one task.
constexpr int64_t kKeyBlock = 128;  // Keys packed at a time.
constexpr double kInfinity = std::numeric_limits<double>::infinity();

int64_t RoundUpToPanel(int64_t n) { return (n + kPanel - 1) / kPanel * kPanel; }

/// Rows of one sequence and one K/V head that a thread does together: flattened row f is query
/// f / group, head head_kv * group + f % group.
struct Task {
  int64_t b = 0;
  int64_t head_kv = 0;
  int64_t begin = 0;
  int64_t end = 0;
};

/// An element of V that multiplication by zero does not make zero.
struct NonFinite {
  int64_t key = 0;
  int column = 0;
  double value = 0;
};

/// Buffers of one thread, kept from task to task.
struct Scratch {
  std::vector<double> q, s, o, k_panels, v_panels, key_norm;
  std::vector<float> p, o_rounded, v_panels_float;
  std::vector<NonFinite> non_finite;
};

class TaskRunner {
 public:
  TaskRunner(const ForwardProblem& problem, const Tensor16& q, const Tensor16& k, const Tensor16& v,
             const Task& task, Scratch& scratch, Reference& reference)
      : problem_(problem),
        q_(q),
        k_(k),
        v_(v),
        task_(task),
        s_(scratch),
        out_(reference),
        element_(problem.problem.element),
        rows_(task.end - task.begin),
        dim_qk_(problem.problem.head_dim_qk),
        dim_v_(problem.problem.head_dim_v) {}

  void Run() {
    FindKeys();
    LoadQueries();
    Scores();
    for (int64_t r = 0; r < rows_; ++r) Softmax(r);
    Outputs();
    for (int64_t r = 0; r < rows_; ++r) Store(r);
  }

 private:
  int64_t Query(int64_t r) const { return (task_.begin + r) / problem_.problem.group; }
  int64_t Head(int64_t r) const {
    int64_t group = problem_.problem.group;
    return task_.head_kv * group + (task_.begin + r) % group;
  }
  int64_t OutRow(int64_t r) const { return out_.Row(task_.b, Query(r), Head(r)); }

  /// Every row's keys, and the range keys_ that holds them all.
  void FindKeys() {
    visible_.resize(rows_);
    keys_ = {0, 0};
    for (int64_t r = 0; r < rows_; ++r) {
      visible_[r] = problem_.VisibleKeys(task_.b, Query(r));
      if (visible_[r].size() == 0) continue;
      keys_ = keys_.size() == 0 ? visible_[r]
                                : KeyRange{std::min(keys_.begin, visible_[r].begin),
                                           std::max(keys_.end, visible_[r].end)};
    }
    columns_ = (keys_.size() + kKeyBlock - 1) / kKeyBlock * kKeyBlock;
  }

  void LoadQueries() {
    s_.q.resize(rows_ * dim_qk_);
    for (int64_t r = 0; r < rows_; ++r) {
      const uint16_t* row = q_.data + RowOffset(problem_.problem.packed, problem_.cu_seqlens_q,
                                                q_.stride, task_.b, Query(r), Head(r));
      double squares = 0;
      for (int d = 0; d < dim_qk_; ++d) {
        double x = ToFloat(element_, row[d]);
        s_.q[r * dim_qk_ + d] = x;
        squares += x * x;
      }
      out_.logit_size[OutRow(r)] = std::abs(problem_.softmax_scale) * std::sqrt(squares);
    }
  }

  const uint16_t* KeyRow(const Tensor16& tensor, int64_t key) const {
    return tensor.data + RowOffset(problem_.problem.packed, problem_.cu_seqlens_kv, tensor.stride,
                                   task_.b, key, task_.head_kv);
  }

  /// s[r][j] = scale * q_r . k_j for every j in keys_, exact to double rounding.
  void Scores() {
    s_.s.resize(rows_ * columns_);
    s_.k_panels.resize(kKeyBlock * dim_qk_);
    s_.key_norm.assign(columns_, 0);
    for (int64_t block = keys_.begin; block < keys_.end; block += kKeyBlock) {
      int64_t count = std::min(kKeyBlock, keys_.end - block);
      int64_t padded = RoundUpToPanel(count);
      std::fill(s_.k_panels.begin(), s_.k_panels.end(), 0.0);
      for (int64_t j = 0; j < count; ++j) PackKey(block, j);
      MultiplyPanels(s_.q.data(), dim_qk_, rows_, dim_qk_, s_.k_panels.data(), padded, false,
                     s_.s.data() + (block - keys_.begin), columns_);
    }
    for (double& s : s_.s) s *= problem_.softmax_scale;
  }

  void PackKey(int64_t block, int64_t j) {
    const uint16_t* row = KeyRow(k_, block + j);
    double* panel = s_.k_panels.data() + j / kPanel * kPanel * dim_qk_ + j % kPanel;
    double squares = 0;
    for (int d = 0; d < dim_qk_; ++d) {
      double x = ToFloat(element_, row[d]);
      panel[d * kPanel] = x;
      squares += x * x;
    }
    s_.key_norm[block - keys_.begin + j] = std::sqrt(squares);
  }

  /// Turns row r of s into probabilities, in place, and fills the same row of p; columns that the
  /// row does not see become 0.
  void Softmax(int64_t r) {
    double* s = s_.s.data() + r * columns_;
    s_.p.resize(rows_ * columns_);
    float* p = s_.p.data() + r * columns_;
    KeyRange range = visible_[r];
    int64_t row = OutRow(r);
    out_.visible[row] = static_cast<int32_t>(range.size());
    if (range.size() == 0) {
      std::fill(s, s + columns_, 0.0);
      std::fill(p, p + columns_, 0.0f);
      out_.lse[row] = -kInfinity;
      out_.logit_size[row] = 0;
      return;
    }
    int64_t begin = range.begin - keys_.begin;
    int64_t end = range.end - keys_.begin;
    std::fill(s, s + begin, 0.0);
    std::fill(s + end, s + columns_, 0.0);
    std::fill(p, p + columns_, 0.0f);
    RoundedSoftmax(s + begin, p + begin, range.size());
    out_.lse[row] = ExactSoftmax(s + begin, range.size());
    out_.logit_size[row] *=
        *std::max_element(s_.key_norm.begin() + begin, s_.key_norm.begin() + end);
  }

  /// P's softmax: scores from s, probabilities to p.
  void RoundedSoftmax(const double* s, float* p, int64_t count) {
    float limit = MaxFinite(element_);
    rounded_.resize(count);
    double max = -kInfinity;
    for (int64_t j = 0; j < count; ++j) {
      float score = RoundTo(element_, static_cast<float>(s[j]));
      score = score > limit ? limit : score;
      score = score < -limit ? -limit : score;
      rounded_[j] = score;
      max = rounded_[j] > max ? rounded_[j] : max;
    }
    ExpShifted(rounded_.data(), count, max);
    float sum = 0;
    for (int64_t j = 0; j < count; ++j) sum += static_cast<float>(rounded_[j]);
    for (int64_t j = 0; j < count; ++j) {
      p[j] = RoundTo(element_, static_cast<float>(rounded_[j]) / sum);
    }
  }

  /// Softmax in place; returns the log of the sum of exponentials.
  static double ExactSoftmax(double* s, int64_t count) {
    double max = -kInfinity;
    for (int64_t j = 0; j < count; ++j) max = s[j] > max ? s[j] : max;
    ExpShifted(s, count, max);
    double sum = 0;
    for (int64_t j = 0; j < count; ++j) sum += s[j];
    for (int64_t j = 0; j < count; ++j) s[j] /= sum;
    return max + std::log(sum);
  }

  /// o = probabilities times V, and P's in fp32.
  void Outputs() {
    int64_t padded = RoundUpToPanel(dim_v_);
    s_.o.assign(rows_ * padded, 0.0);
    s_.o_rounded.assign(rows_ * padded, 0.0f);
    s_.v_panels.assign(kKeyBlock * padded, 0.0);
    s_.v_panels_float.assign(kKeyBlock * padded, 0.0f);
    s_.non_finite.clear();
    s_.p.resize(rows_ * columns_);
    for (int64_t block = keys_.begin; block < keys_.end; block += kKeyBlock) {
      int64_t count = std::min(kKeyBlock, keys_.end - block);
      for (int64_t j = 0; j < count; ++j) PackValue(block + j, j, count);
      int64_t column = block - keys_.begin;
      MultiplyPanels(s_.s.data() + column, columns_, rows_, count, s_.v_panels.data(), padded, true,
                     s_.o.data(), padded);
      MultiplyPanels(s_.p.data() + column, columns_, rows_, count, s_.v_panels_float.data(), padded,
                     true, s_.o_rounded.data(), padded);
    }
    for (const NonFinite& element : s_.non_finite) AddNonFinite(element, padded);
  }

  /// Packs one row of V as row j of panels `depth` deep. NaN and infinity are put aside: in a
  /// product with the zeros of rows that do not see this key they would spread.
  void PackValue(int64_t key, int64_t j, int64_t depth) {
    const uint16_t* row = KeyRow(v_, key);
    for (int d = 0; d < dim_v_; ++d) {
      float x = ToFloat(element_, row[d]);
      if (!std::isfinite(x)) {
        s_.non_finite.push_back({key, d, x});
        x = 0;
      }
      int64_t index = (d / kPanel * depth + j) * kPanel + d % kPanel;
      s_.v_panels[index] = x;
      s_.v_panels_float[index] = x;
    }
  }

  void AddNonFinite(const NonFinite& element, int64_t ldo) {
    for (int64_t r = 0; r < rows_; ++r) {
      if (element.key < visible_[r].begin || element.key >= visible_[r].end) continue;
      double probability = s_.s[r * columns_ + element.key - keys_.begin];
      s_.o[r * ldo + element.column] += probability * element.value;
    }
  }

  void Store(int64_t r) {
    int64_t padded = RoundUpToPanel(dim_v_);
    int64_t to = OutRow(r) * dim_v_;
    for (int d = 0; d < dim_v_; ++d) {
      out_.o[to + d] = s_.o[r * padded + d];
      out_.p[to + d] = RoundTo(problem_.problem.element_o, s_.o_rounded[r * padded + d]);
    }
  }

  const ForwardProblem& problem_;
  const Tensor16& q_;
  const Tensor16& k_;
  const Tensor16& v_;
  const Task& task_;
  Scratch& s_;
  Reference& out_;
  Element element_;
  int64_t rows_;
  int dim_qk_;
  int dim_v_;
  KeyRange keys_;
  int64_t columns_ = 0;  // keys_.size(), padded.
  std::vector<KeyRange> visible_;
  std::vector<double> rounded_;
};

std::vector<Task> SplitIntoTasks(const ForwardProblem& problem) {
  std::vector<Task> tasks;
  for (int64_t b = 0; b < problem.batch; ++b) {
    int64_t rows = problem.SeqlenQ(b) * problem.problem.group;
    for (int64_t head = 0; head < problem.heads_kv; ++head) {
      for (int64_t begin = 0; begin < rows; begin += kTaskRows) {
        tasks.push_back({b, head, begin, std::min(rows, begin + kTaskRows)});
      }
    }
  }
  return tasks;
}

}  // namespace

Reference ComputeReference(const ForwardProblem& problem, const Tensor16& q, const Tensor16& k,
                           const Tensor16& v, int threads) {
  Reference reference;
  reference.heads_q = problem.heads_q;
  reference.head_dim_v = problem.problem.head_dim_v;
  int64_t queries = 0;
  for (int64_t b = 0; b < problem.batch; ++b) {
    reference.first_row.push_back(queries);
    queries += problem.SeqlenQ(b);
  }
  int64_t rows = queries * problem.heads_q;
  reference.o.resize(rows * reference.head_dim_v);
  reference.p.resize(rows * reference.head_dim_v);
  reference.lse.resize(rows);
  reference.logit_size.resize(rows);
  reference.visible.resize(rows);

  std::vector<Task> tasks = SplitIntoTasks(problem);
  std::vector<Scratch> scratch(std::max(1, threads));
  ParallelFor(static_cast<int64_t>(tasks.size()), threads, [&](int64_t index, int thread) {
    TaskRunner(problem, q, k, v, tasks[index], scratch[thread], reference).Run();
  });
  return reference;
}

}  // namespace attnjit
