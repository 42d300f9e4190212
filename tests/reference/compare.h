// Is a kernel's output right? The error bounds that every kernel is held to.
//
// O. With P of reference.h, maxima over the finite elements of a class of rows:
//     max|O - ref| <= 2 max|P - ref| + 2 max|(ref + 0.3 - 0.3) - ref|
// where the second term is evaluated in o's 16-bit type, each operation rounded: the bound of
// FlashAttention's own tests. It holds in every class on its own, which implies it for the whole.
// A class is the rows whose number of visible keys has the same floor(log2): averages over many
// keys are small, and would hide behind rows that see few. A class of fewer than kMinClassElements
// elements is judged together with the next.
//
// Cosine similarity of all finite elements of O and ref: 1 - cosine <= 1e-4 for bf16, 1e-5 for
// fp16 (the coarser of kernel and output type). Rounding alone gives about 5e-6 and 1e-7.
//
// LSE, of row i with r_i = scale |q_i| max_j |k_j|:  |lse - ref| <= 2^-13 + 2^-18 r_i
// Why: a score is a sum of at most 256 exact 16-bit products in fp32. In k-steps of 16 with a
// truncating accumulator (head_dim / 16 + 2) 2^-23 sum|q||k| bounds its error, 18 * 2^-23 < 2^-18
// at head_dim 256, and sum|q||k| <= |q||k|; one rounding each of scale and scaled maximum is within
// that. The sum of exponentials adds n 2^-24 relative at n serial additions, 2^-14 for 1,000 in one
// thread, and ex2.approx and lg2.approx 2^-22 each. A key too many or too few among n moves the LSE
// by 1/n, which is above the bound up to n = 8,000.
//
// NaN and infinity must stand exactly where the reference has them; a row that sees nothing must be
// O = 0, LSE = -infinity.
#ifndef ATTNJIT_TESTS_REFERENCE_COMPARE_H_
#define ATTNJIT_TESTS_REFERENCE_COMPARE_H_

#include <cstdint>
#include <string>

#include "tests/reference/reference.h"

namespace attnjit {

inline constexpr int64_t kMinClassElements = 4096;

/// A host tensor of LSE values: element (b,h,i) at b*batch + h*head + i, packed as in params.h.
struct TensorLse {
  const void* data = nullptr;  ///< Floats, 4-byte aligned; null: not compared.
  Strides stride = {};
};

struct Comparison {
  bool passed = false;
  int64_t elements = 0;    ///< Finite elements of O compared.
  double max_error = 0;    ///< max|O - ref|.
  double bound = 0;        ///< The bound of the class that came nearest to its own.
  double error_ratio = 0;  ///< Largest error / bound over the classes; passes up to 1.
  double cosine = 1;
  double min_cosine = 0;  ///< What cosine must reach.
  bool has_lse = false;
  double max_lse_error = 0;
  double lse_ratio = 0;            ///< Largest error / bound; passes up to 1.
  int64_t special_mismatches = 0;  ///< NaN, infinity, empty rows: elements of O and LSE.
  std::string
      first_problem;  ///< Where and what, e.g. "o[b=0,i=3,h=1,d=0] is nan, not 0.25"; or "".
};

/// `o` and `lse` hold what the kernel wrote for `problem`, `reference` what it should have.
Comparison Compare(const ForwardProblem& problem, const Reference& reference, const Tensor16& o,
                   const TensorLse& lse);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_COMPARE_H_
