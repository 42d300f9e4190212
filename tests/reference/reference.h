// Attention forward on the CPU: in double precision, and as the kernel's dtype would do it.
//
// The double-precision result is the truth that a kernel is compared with. Its twin, P in
// compare.h's bound, is the same mathematics with every intermediate tensor rounded to the 16-bit
// type, as an unfused implementation in that type computes it. With T = problem.element, T_o =
// problem.element_o and round(T, x) to nearest even:
//   s_ij = round(T, float(scale * q_i . k_j))     q . k exact; saturated at T's largest finite
//   value e_ij = float(exp(s_ij - max_j s_ij)),  l_i = sum_j e_ij in fp32, over the visible j in
//   order p_ij = round(T, e_ij / l_i) P_i  = round(T_o, sum_j p_ij v_j)              fp32 sum in
//   order of j
//
// NaN and infinity go by the formulas of templates/problem.h, applied to visible keys alone: what a
// query does not see is never read for it.
#ifndef ATTNJIT_TESTS_REFERENCE_REFERENCE_H_
#define ATTNJIT_TESTS_REFERENCE_REFERENCE_H_

#include <cstdint>
#include <vector>

#include "tests/reference/forward_problem.h"

namespace attnjit {

/// A host tensor of 16-bit elements: strides as in templates/params.h.
struct Tensor16 {
  const uint16_t* data = nullptr;
  Strides stride = {};
};

/// Rows are numbered (first_row[b] + i) * heads_q + h for query i of sequence b, head h.
struct Reference {
  std::vector<int64_t> first_row;  ///< [batch]: queries of the sequences before b.
  int64_t heads_q = 0;
  int head_dim_v = 0;
  std::vector<double> o;           ///< [rows, head_dim_v].
  std::vector<float> p;            ///< [rows, head_dim_v]: P, after its rounding to T_o.
  std::vector<double> lse;         ///< [rows]; -infinity for an empty row.
  std::vector<double> logit_size;  ///< [rows]: scale * |q_i| * max over visible j of |k_j|.
  std::vector<int32_t> visible;    ///< [rows]: number of visible keys.

  int64_t Row(int64_t b, int64_t i, int64_t h) const { return (first_row[b] + i) * heads_q + h; }
};

/// `threads` >= 1 threads share the work. The result does not depend on their number.
Reference ComputeReference(const ForwardProblem& problem, const Tensor16& q, const Tensor16& k,
                           const Tensor16& v, int threads);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_REFERENCE_H_
