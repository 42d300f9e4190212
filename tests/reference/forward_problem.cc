#include "tests/reference/forward_problem.h"

#include <algorithm>

namespace attnjit {

int64_t ForwardProblem::TotalQ() const {
  int64_t total = 0;
  for (int64_t b = 0; b < batch; ++b) total += SeqlenQ(b);
  return total;
}

int64_t ForwardProblem::TotalKv() const {
  int64_t total = 0;
  for (int64_t b = 0; b < batch; ++b) total += SeqlenKv(b);
  return total;
}

KeyRange ForwardProblem::VisibleKeys(int64_t b, int64_t i) const {
  int64_t keys = SeqlenKv(b);
  int64_t diagonal = i;
  if (problem.diagonal == Diagonal::kBottomRight) diagonal += keys - SeqlenQ(b);
  int64_t begin = 0;
  int64_t end = keys;
  if (problem.left == Bound::kRuntime) begin = std::max<int64_t>(0, diagonal - window_left);
  if (problem.right == Bound::kZero) end = std::min(keys, diagonal + 1);
  if (problem.right == Bound::kRuntime) end = std::min(keys, diagonal + window_right + 1);
  if (end <= begin) return {0, 0};
  return {begin, end};
}

int64_t ForwardProblem::VisiblePairs() const {
  int64_t pairs = 0;
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t i = 0; i < SeqlenQ(b); ++i) pairs += VisibleKeys(b, i).size();
  }
  return pairs * heads_q;
}

}  // namespace attnjit
