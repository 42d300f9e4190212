#include "tests/reference/block_math.h"

#include <bit>

namespace attnjit {
namespace {

template <typename T>
struct Panel {
  typedef T Vector __attribute__((vector_size(kPanel * sizeof(T)), aligned(alignof(T))));
};

template <typename T, int R>
__attribute__((always_inline)) inline void MultiplyTile(const T* a, int64_t lda, int64_t depth,
                                                        const T* b, bool accumulate, T* c,
                                                        int64_t ldc) {
  using Vector = typename Panel<T>::Vector;
  Vector sum[R];
  for (int r = 0; r < R; ++r) {
    sum[r] = accumulate ? *reinterpret_cast<const Vector*>(c + r * ldc) : Vector{};
  }
  for (int64_t k = 0; k < depth; ++k) {
    Vector row = *reinterpret_cast<const Vector*>(b + k * kPanel);
    for (int r = 0; r < R; ++r) sum[r] += a[r * lda + k] * row;
  }
  for (int r = 0; r < R; ++r) *reinterpret_cast<Vector*>(c + r * ldc) = sum[r];
}

/// `R` rows of C and kPanel columns at a time are held in registers.
template <typename T, int R>
__attribute__((always_inline)) inline void Multiply(const T* a, int64_t lda, int64_t rows,
                                                    int64_t depth, const T* b, int64_t columns,
                                                    bool accumulate, T* c, int64_t ldc) {
  for (int64_t column = 0; column < columns; column += kPanel) {
    const T* panel = b + column * depth;
    int64_t r = 0;
    for (; r + R <= rows; r += R) {
      MultiplyTile<T, R>(a + r * lda, lda, depth, panel, accumulate, c + r * ldc + column, ldc);
    }
    for (; r < rows; ++r) {
      MultiplyTile<T, 1>(a + r * lda, lda, depth, panel, accumulate, c + r * ldc + column, ldc);
    }
  }
}

__attribute__((always_inline)) inline void Exp(double* x, int64_t count, double shift) {
  constexpr double kLog2E = 1.4426950408889634074;
  // ln 2 in two parts, so that n * kLn2High is exact for |n| < 2^11.
  constexpr double kLn2High = 6.93147180369123816490e-01;
  constexpr double kLn2Low = 1.90821492927058770002e-10;
  constexpr double kRoundToInteger = 0x1.8p52;  // Adding it leaves the nearest integer below.
  for (int64_t i = 0; i < count; ++i) {
    double t = x[i] - shift;
    double clamped = t < -708.0 ? -708.0 : t;
    double rounded = clamped * kLog2E + kRoundToInteger;
    double n = rounded - kRoundToInteger;
    double r = (clamped - n * kLn2High) - n * kLn2Low;
    // Taylor series of exp on |r| <= ln(2)/2; the next term is below 2^-57.
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    // 2^n: the integer lies in the low bits of `rounded`.
    uint64_t exponent = std::bit_cast<uint64_t>(rounded) + 1023;
    double power = std::bit_cast<double>(exponent << 52);
    x[i] = t < -708.0 ? 0.0 : p * power;
  }
}

/// One set of the loops for each instruction set; the compiler vectorises what it inlines.
struct Loops {
  void (*multiply_double)(const double*, int64_t, int64_t, int64_t, const double*, int64_t, bool,
                          double*, int64_t);
  void (*multiply_float)(const float*, int64_t, int64_t, int64_t, const float*, int64_t, bool,
                         float*, int64_t);
  void (*exp)(double*, int64_t, double);
};

// Rows so that eight registers accumulate: enough to hide the latency of a multiply-add.
#define ATTNJIT_DEFINE_LOOPS(Isa, attributes, kRowsDouble, kRowsFloat)                             \
  struct Isa {                                                                                     \
    attributes static void MultiplyDouble(const double* a, int64_t lda, int64_t rows,              \
                                          int64_t depth, const double* b, int64_t columns,         \
                                          bool accumulate, double* c, int64_t ldc) {               \
      Multiply<double, kRowsDouble>(a, lda, rows, depth, b, columns, accumulate, c, ldc);          \
    }                                                                                              \
    attributes static void MultiplyFloat(const float* a, int64_t lda, int64_t rows, int64_t depth, \
                                         const float* b, int64_t columns, bool accumulate,         \
                                         float* c, int64_t ldc) {                                  \
      Multiply<float, kRowsFloat>(a, lda, rows, depth, b, columns, accumulate, c, ldc);            \
    }                                                                                              \
    attributes static void ExpLoop(double* x, int64_t count, double shift) {                       \
      Exp(x, count, shift);                                                                        \
    }                                                                                              \
    static constexpr Loops kLoops = {MultiplyDouble, MultiplyFloat, ExpLoop};                      \
  };

ATTNJIT_DEFINE_LOOPS(Baseline, , 2, 4)
#if defined(__x86_64__)
ATTNJIT_DEFINE_LOOPS(Avx2, __attribute__((target("avx2,fma"))), 4, 8)
ATTNJIT_DEFINE_LOOPS(Avx512, __attribute__((target("avx2,fma,avx512f,avx512dq,avx512vl"))), 8, 8)
#endif
#undef ATTNJIT_DEFINE_LOOPS

const Loops& BestLoops() {
  static const Loops& loops = []() -> const Loops& {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      return Avx512::kLoops;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Avx2::kLoops;
#endif
    return Baseline::kLoops;
  }();
  return loops;
}

}  // namespace

void MultiplyPanels(const double* a, int64_t lda, int64_t rows, int64_t depth, const double* b,
                    int64_t columns, bool accumulate, double* c, int64_t ldc) {
  BestLoops().multiply_double(a, lda, rows, depth, b, columns, accumulate, c, ldc);
}

void MultiplyPanels(const float* a, int64_t lda, int64_t rows, int64_t depth, const float* b,
                    int64_t columns, bool accumulate, float* c, int64_t ldc) {
  BestLoops().multiply_float(a, lda, rows, depth, b, columns, accumulate, c, ldc);
}

void ExpShifted(double* x, int64_t count, double shift) { BestLoops().exp(x, count, shift); }

}  // namespace attnjit
