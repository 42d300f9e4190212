// A second, independent reference: one query at a time, straight from the formulas, in long double.
#ifndef ATTNJIT_TESTS_REFERENCE_NAIVE_ATTENTION_H_
#define ATTNJIT_TESTS_REFERENCE_NAIVE_ATTENTION_H_

#include <functional>
#include <vector>

namespace attnjit {

struct NaiveRow {
  std::vector<double> o;
  double lse = 0;
};

/// One query over `keys` keys. q(d), k(j, d), v(j, d) give elements, visible(j) the mask; v of an
/// invisible key is never asked for.
NaiveRow NaiveAttentionRow(int dim_qk, int dim_v, int keys, double scale,
                           const std::function<double(int)>& q,
                           const std::function<double(int, int)>& k,
                           const std::function<double(int, int)>& v,
                           const std::function<bool(int)>& visible);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_NAIVE_ATTENTION_H_
