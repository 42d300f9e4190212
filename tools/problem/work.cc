#include "tools/problem/work.h"

namespace attnjit {

Work WorkOf(const ForwardProblem& problem) {
  const Problem& p = problem.problem;
  double dims = p.head_dim_qk + p.head_dim_v;
  double rows_q = static_cast<double>(problem.TotalQ()) * problem.heads_q;
  double rows_kv = static_cast<double>(problem.TotalKv()) * problem.heads_kv;
  Work work;
  work.flop = 2 * dims * static_cast<double>(problem.VisiblePairs());
  work.bytes = 2 * dims * (rows_q + rows_kv) + (p.lse ? 4 * rows_q : 0);
  return work;
}

}  // namespace attnjit
