#include "runtime/emulator/matrix/product.h"

#include <bit>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__)
#define ATTNJIT_MATRIX_X86 1
#include <immintrin.h>
// Accumulators stay in registers only where every loop over them is unrolled.
#if defined(__clang__)
#define ATTNJIT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ATTNJIT_UNROLL _Pragma("GCC unroll 8")
#endif
#endif

namespace attnjit::emulator {
namespace {

/// Quad q of B's fragment order holds columns 8 (q/2) + (q%2) + {0, 2, 4, 6}: what the lanes of
/// this register hold of rows 0 to 7 of the warp, and of the second one after it of rows 8 to 15.
constexpr int LowRegister(int quad) { return 4 * (quad / 2) + quad % 2; }

void Accumulate(float a, float b, uint32_t& sum) {
  sum = std::bit_cast<uint32_t>(std::fma(a, b, std::bit_cast<float>(sum)));
}

void PortableFragments(const float* a, const float* b, int k, int n, int warps,
                       uint32_t* const* d) {
  for (int w = 0; w < warps; ++w) {
    for (int r = 0; r < n / 2; ++r) {
      uint32_t* lanes = d[w * (n / 2) + r];
      int row = 16 * w + 8 * (r >> 1 & 1);
      int column = 8 * (r >> 2) + 4 * (r & 1);
      for (int kk = 0; kk < k; ++kk) {
        const float* a_row = a + kk * 16 * warps + row;
        const float* b_row = b + kk * n + column;
        for (int t = 0; t < 32; ++t) Accumulate(a_row[t / 4], b_row[t % 4], lanes[t]);
      }
    }
  }
}

void PortableLanes(const float* a, int a_stride, const float* b, int b_stride, int k, int n,
                   uint32_t* d, int column_stride, int block_stride) {
  for (int j = 0; j < n; ++j) {
    for (int kk = 0; kk < k; ++kk) {
      float factor = b[kk * b_stride + j];
      for (int m = 0; m < 64; ++m) {
        Accumulate(a[kk * a_stride + m], factor,
                   d[j * column_stride + m / 16 * block_stride + m % 16]);
      }
    }
  }
}

#if ATTNJIT_MATRIX_X86

// Accumulators are words; these loads and stores may alias them.
__attribute__((target("avx512f"))) inline __m512 Load512(const uint32_t* words) {
  return _mm512_castsi512_ps(_mm512_loadu_si512(words));
}
__attribute__((target("avx512f"))) inline void Store512(uint32_t* words, __m512 value) {
  _mm512_storeu_si512(words, _mm512_castps_si512(value));
}
__attribute__((target("avx2"))) inline __m256 Load256(const uint32_t* words) {
  return _mm256_castsi256_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(words)));
}
__attribute__((target("avx2"))) inline void Store256(uint32_t* words, __m256 value) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), _mm256_castps_si256(value));
}

// AVX-512: 16 rows of A in one register, spread so that 4 lanes share a row; kQuads quads of B at a
// time make 4 kQuads accumulators.
template <int kQuads>
__attribute__((target("avx512f,avx512dq"))) void FragmentBlock512(const float* a, int a_stride,
                                                                  const float* b, int k, int n,
                                                                  uint32_t* const* d, int quad) {
  const __m512i first = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  __m512i spread[4];
  ATTNJIT_UNROLL
  for (int i = 0; i < 4; ++i) spread[i] = _mm512_add_epi32(first, _mm512_set1_epi32(4 * i));
  __m512 sum[kQuads][4];
  ATTNJIT_UNROLL
  for (int q = 0; q < kQuads; ++q) {
    int low = LowRegister(quad + q);
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) sum[q][i] = Load512(d[low + i / 2 * 2] + i % 2 * 16);
  }
  for (int kk = 0; kk < k; ++kk) {
    __m512 rows = _mm512_loadu_ps(a + kk * a_stride);
    __m512 factor[4];
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) factor[i] = _mm512_permutexvar_ps(spread[i], rows);
    ATTNJIT_UNROLL
    for (int q = 0; q < kQuads; ++q) {
      __m512 columns = _mm512_broadcast_f32x4(_mm_loadu_ps(b + kk * n + 4 * (quad + q)));
      ATTNJIT_UNROLL
      for (int i = 0; i < 4; ++i) sum[q][i] = _mm512_fmadd_ps(factor[i], columns, sum[q][i]);
    }
  }
  ATTNJIT_UNROLL
  for (int q = 0; q < kQuads; ++q) {
    int low = LowRegister(quad + q);
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) Store512(d[low + i / 2 * 2] + i % 2 * 16, sum[q][i]);
  }
}

__attribute__((target("avx512f,avx512dq"))) void Fragments512(const float* a, const float* b, int k,
                                                              int n, int warps,
                                                              uint32_t* const* d) {
  const int quads = n / 4, stride = 16 * warps;
  for (int w = 0; w < warps; ++w) {
    uint32_t* const* warp_d = d + w * (n / 2);
    int quad = 0;
    for (; quad + 6 <= quads; quad += 6) {
      FragmentBlock512<6>(a + 16 * w, stride, b, k, n, warp_d, quad);
    }
    for (; quad + 4 <= quads; quad += 4) {
      FragmentBlock512<4>(a + 16 * w, stride, b, k, n, warp_d, quad);
    }
    for (; quad < quads; quad += 2) {
      FragmentBlock512<2>(a + 16 * w, stride, b, k, n, warp_d, quad);
    }
  }
}

// AVX2: 8 rows (one register's) at a time.
template <int kQuads>
__attribute__((target("avx2,fma"))) void FragmentBlock256(const float* a, int a_stride,
                                                          const float* b, int k, int n,
                                                          uint32_t* const* d, int quad, int high) {
  const __m256i first = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
  __m256 sum[kQuads][4];
  ATTNJIT_UNROLL
  for (int q = 0; q < kQuads; ++q) {
    const uint32_t* lanes = d[LowRegister(quad + q) + 2 * high];
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) sum[q][i] = Load256(lanes + 8 * i);
  }
  for (int kk = 0; kk < k; ++kk) {
    const float* rows = a + kk * a_stride + 8 * high;
    __m256 columns[kQuads];
    ATTNJIT_UNROLL
    for (int q = 0; q < kQuads; ++q) {
      columns[q] =
          _mm256_broadcast_ps(reinterpret_cast<const __m128*>(b + kk * n + 4 * (quad + q)));
    }
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) {
      __m256 pair =
          _mm256_castpd_ps(_mm256_broadcast_sd(reinterpret_cast<const double*>(rows + 2 * i)));
      __m256 factor = _mm256_permutevar8x32_ps(pair, first);
      ATTNJIT_UNROLL
      for (int q = 0; q < kQuads; ++q) sum[q][i] = _mm256_fmadd_ps(factor, columns[q], sum[q][i]);
    }
  }
  ATTNJIT_UNROLL
  for (int q = 0; q < kQuads; ++q) {
    uint32_t* lanes = d[LowRegister(quad + q) + 2 * high];
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) Store256(lanes + 8 * i, sum[q][i]);
  }
}

__attribute__((target("avx2,fma"))) void Fragments256(const float* a, const float* b, int k, int n,
                                                      int warps, uint32_t* const* d) {
  const int quads = n / 4, stride = 16 * warps;
  for (int w = 0; w < warps; ++w) {
    uint32_t* const* warp_d = d + w * (n / 2);
    for (int quad = 0; quad < quads; quad += 2) {
      for (int high = 0; high < 2; ++high) {
        FragmentBlock256<2>(a + 16 * w, stride, b, k, n, warp_d, quad, high);
      }
    }
  }
}

template <int kColumns>
__attribute__((target("avx512f"))) void LaneBlock512(const float* a, int a_stride, const float* b,
                                                     int b_stride, int k, uint32_t* d,
                                                     int column_stride, int block_stride) {
  __m512 sum[kColumns][4];
  ATTNJIT_UNROLL
  for (int j = 0; j < kColumns; ++j) {
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) {
      sum[j][i] = Load512(d + j * column_stride + i * block_stride);
    }
  }
  for (int kk = 0; kk < k; ++kk) {
    __m512 rows[4];
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) rows[i] = _mm512_loadu_ps(a + kk * a_stride + 16 * i);
    ATTNJIT_UNROLL
    for (int j = 0; j < kColumns; ++j) {
      __m512 factor = _mm512_set1_ps(b[kk * b_stride + j]);
      ATTNJIT_UNROLL
      for (int i = 0; i < 4; ++i) sum[j][i] = _mm512_fmadd_ps(rows[i], factor, sum[j][i]);
    }
  }
  ATTNJIT_UNROLL
  for (int j = 0; j < kColumns; ++j) {
    ATTNJIT_UNROLL
    for (int i = 0; i < 4; ++i) {
      Store512(d + j * column_stride + i * block_stride, sum[j][i]);
    }
  }
}

__attribute__((target("avx512f"))) void Lanes512(const float* a, int a_stride, const float* b,
                                                 int b_stride, int k, int n, uint32_t* d,
                                                 int column_stride, int block_stride) {
  int j = 0;
  for (; j + 6 <= n; j += 6) {
    LaneBlock512<6>(a, a_stride, b + j, b_stride, k, d + j * column_stride, column_stride,
                    block_stride);
  }
  for (; j < n; j += 2) {
    LaneBlock512<2>(a, a_stride, b + j, b_stride, k, d + j * column_stride, column_stride,
                    block_stride);
  }
}

/// 16 rows x 4 columns.
__attribute__((target("avx2,fma"))) void LaneBlock256(const float* a, int a_stride, const float* b,
                                                      int b_stride, int k, uint32_t* d,
                                                      int column_stride) {
  __m256 sum[4][2];
  ATTNJIT_UNROLL
  for (int j = 0; j < 4; ++j) {
    ATTNJIT_UNROLL
    for (int i = 0; i < 2; ++i) sum[j][i] = Load256(d + j * column_stride + 8 * i);
  }
  for (int kk = 0; kk < k; ++kk) {
    __m256 rows[2] = {_mm256_loadu_ps(a + kk * a_stride), _mm256_loadu_ps(a + kk * a_stride + 8)};
    ATTNJIT_UNROLL
    for (int j = 0; j < 4; ++j) {
      __m256 factor = _mm256_set1_ps(b[kk * b_stride + j]);
      ATTNJIT_UNROLL
      for (int i = 0; i < 2; ++i) sum[j][i] = _mm256_fmadd_ps(rows[i], factor, sum[j][i]);
    }
  }
  ATTNJIT_UNROLL
  for (int j = 0; j < 4; ++j) {
    ATTNJIT_UNROLL
    for (int i = 0; i < 2; ++i) Store256(d + j * column_stride + 8 * i, sum[j][i]);
  }
}

__attribute__((target("avx2,fma"))) void Lanes256(const float* a, int a_stride, const float* b,
                                                  int b_stride, int k, int n, uint32_t* d,
                                                  int column_stride, int block_stride) {
  ATTNJIT_UNROLL
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < n; j += 4) {
      LaneBlock256(a + 16 * i, a_stride, b + j, b_stride, k,
                   d + j * column_stride + i * block_stride, column_stride);
    }
  }
}

ProductPath BestPath() {
  static const ProductPath kPath = HasProductPath(ProductPath::kAvx512) ? ProductPath::kAvx512
                                   : HasProductPath(ProductPath::kAvx2) ? ProductPath::kAvx2
                                                                        : ProductPath::kPortable;
  return kPath;
}

#endif  // ATTNJIT_MATRIX_X86

}  // namespace

bool HasProductPath(ProductPath path) {
#if ATTNJIT_MATRIX_X86
  if (path == ProductPath::kAvx512) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  }
  if (path == ProductPath::kAvx2) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  }
#endif
  return path == ProductPath::kBest || path == ProductPath::kPortable;
}

void FragmentProduct(const float* a, const float* b, int k, int n, int warps, uint32_t* const* d,
                     ProductPath path) {
#if ATTNJIT_MATRIX_X86
  if (path == ProductPath::kBest) path = BestPath();
  if (path == ProductPath::kAvx512) return Fragments512(a, b, k, n, warps, d);
  if (path == ProductPath::kAvx2) return Fragments256(a, b, k, n, warps, d);
#endif
  PortableFragments(a, b, k, n, warps, d);
}

void LaneProduct(const float* a, int a_stride, const float* b, int b_stride, int k, int n,
                 uint32_t* d, int column_stride, int block_stride, ProductPath path) {
#if ATTNJIT_MATRIX_X86
  if (path == ProductPath::kBest) path = BestPath();
  if (path == ProductPath::kAvx512) {
    return Lanes512(a, a_stride, b, b_stride, k, n, d, column_stride, block_stride);
  }
  if (path == ProductPath::kAvx2) {
    return Lanes256(a, a_stride, b, b_stride, k, n, d, column_stride, block_stride);
  }
#endif
  PortableLanes(a, a_stride, b, b_stride, k, n, d, column_stride, block_stride);
}

}  // namespace attnjit::emulator
