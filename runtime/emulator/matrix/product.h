// The inner products of every matrix instruction, on f32 panels.
//
// Numeric model (all of mma.sync, wgmma and tcgen05.mma): D[m][n] starts as the accumulator (or as
// 0) and for k = 0, 1, .. becomes fma(A[m][k], B[k][n], D[m][n]) in f32: every product is exact,
// every addition rounds once, to nearest even; subnormals are kept, the first NaN wins as on the
// host. An f16 accumulator is widened before and rounded once after an instruction; integer
// products are summed exactly. Hardware adds a block of products at once after aligning them to the
// largest exponent and truncating, so it differs in the last bits; both are within the ISA's "at
// least single precision", which leaves order and rounding unspecified.
//
// The result does not depend on the host: processors with AVX-512 or AVX2 and the portable code
// give the same bits. Thread-safe; nothing allocates.
#ifndef ATTNJIT_RUNTIME_EMULATOR_MATRIX_PRODUCT_H_
#define ATTNJIT_RUNTIME_EMULATOR_MATRIX_PRODUCT_H_

#include <cstdint>

namespace attnjit::emulator {

/// Which code computes products. kBest picks by the processor; tests compare the others.
enum class ProductPath : uint8_t { kBest, kPortable, kAvx2, kAvx512 };

/// Whether this processor (and build) has a path.
bool HasProductPath(ProductPath path);

/// D += A B for accumulators in register fragments (wgmma's D; with one warp, mma.sync's C).
/// a: [k][16 * warps]; b: [k][n], columns in PanelOrder::kFragment; d[w * n / 2 + r]: the 32 lanes
/// of register r of warp w, as the bits of f32. n: a multiple of 8 to 256; k: 1 to 32. Lane t of
/// register r is row 16 w + t/4 + 8 ((r >> 1) & 1), column 8 (r >> 2) + 2 (t % 4) + (r & 1).
void FragmentProduct(const float* a, const float* b, int k, int n, int warps, uint32_t* const* d,
                     ProductPath path = ProductPath::kBest);

/// D += A B for accumulators in tensor memory: 64 rows in four blocks of 16 lanes.
/// a: [k][a_stride], 64 rows used; b: [k][b_stride], n columns used, in natural order; column j of
/// D is d + j * column_stride (bits of f32), block i of 16 rows starts there at i * block_stride.
/// n: a multiple of 8.
void LaneProduct(const float* a, int a_stride, const float* b, int b_stride, int k, int n,
                 uint32_t* d, int column_stride, int block_stride,
                 ProductPath path = ProductPath::kBest);

}  // namespace attnjit::emulator

#endif  // ATTNJIT_RUNTIME_EMULATOR_MATRIX_PRODUCT_H_
