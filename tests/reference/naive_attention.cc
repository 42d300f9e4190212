#include "tests/reference/naive_attention.h"

#include <cmath>
#include <limits>

namespace attnjit {

NaiveRow NaiveAttentionRow(int dim_qk, int dim_v, int keys, double scale,
                           const std::function<double(int)>& q,
                           const std::function<double(int, int)>& k,
                           const std::function<double(int, int)>& v,
                           const std::function<bool(int)>& visible) {
  NaiveRow row;
  row.o.assign(dim_v, 0.0);
  std::vector<long double> scores;
  std::vector<int> seen;
  for (int j = 0; j < keys; ++j) {
    if (!visible(j)) continue;
    long double score = 0;
    for (int d = 0; d < dim_qk; ++d) score += static_cast<long double>(q(d)) * k(j, d);
    scores.push_back(score * scale);
    seen.push_back(j);
  }
  if (seen.empty()) {
    row.lse = -std::numeric_limits<double>::infinity();
    return row;
  }
  long double max = scores[0];
  for (long double score : scores) max = std::fmax(max, score);
  long double sum = 0;
  for (long double& score : scores) sum += score = std::exp(score - max);
  for (int d = 0; d < dim_v; ++d) {
    long double o = 0;
    for (size_t n = 0; n < seen.size(); ++n) o += scores[n] / sum * v(seen[n], d);
    row.o[d] = static_cast<double>(o);
  }
  row.lse = static_cast<double>(max + std::log(sum));
  return row;
}

}  // namespace attnjit
