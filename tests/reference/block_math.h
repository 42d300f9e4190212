// The reference's inner loops: small matrix products and exponentials, vectorised by the compiler
// for the machine they run on.
#ifndef ATTNJIT_TESTS_REFERENCE_BLOCK_MATH_H_
#define ATTNJIT_TESTS_REFERENCE_BLOCK_MATH_H_

#include <cstdint>

namespace attnjit {

/// Columns of one panel of B.
inline constexpr int kPanel = 8;

/// C += A B, or C = A B. A is [rows, depth] with leading dimension lda; B is packed in panels,
/// [columns / kPanel, depth, kPanel], columns a multiple of kPanel; C is [rows, columns] with ldc.
/// Each element is summed in order of depth.
void MultiplyPanels(const double* a, int64_t lda, int64_t rows, int64_t depth, const double* b,
                    int64_t columns, bool accumulate, double* c, int64_t ldc);
void MultiplyPanels(const float* a, int64_t lda, int64_t rows, int64_t depth, const float* b,
                    int64_t columns, bool accumulate, float* c, int64_t ldc);

/// x[i] = exp(x[i] - shift), for x[i] - shift <= 709. Relative error below 4e-16; below -708 it
/// gives 0; NaN stays NaN.
void ExpShifted(double* x, int64_t count, double shift);

}  // namespace attnjit

#endif  // ATTNJIT_TESTS_REFERENCE_BLOCK_MATH_H_
