// The GPUs: what one SM of a generation does in a clock, and what the products are made of.
//
// The one table of rates. The resource model divides work by them, the emulator costs what it
// counted and describes its devices with them, `bench` puts measured speeds beside them. Limits of
// a kernel (shared memory, registers, threads) are in generator/arch.h. Thread safety: constants.
#ifndef ATTNJIT_GENERATOR_MODEL_GPU_H_
#define ATTNJIT_GENERATOR_MODEL_GPU_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "generator/arch.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace attnjit {

enum class MatrixKind : uint8_t { kF16, kTf32, kF8, kI8 };  ///< f16 and bf16 count alike.
inline constexpr size_t kMatrixKinds = 4;

/// What one SM of a compute capability does in one clock. Lanes are results of one thread each.
struct SmRates {
  int major;
  int minor;
  double fp32_lanes;     ///< f32 add, mul or fma; .f32x2 counts as two.
  double fp16_lanes;     ///< Half or bf16, packed pairs counted as two.
  double integer_lanes;  ///< 32-bit integer and logic; also compare, min and max of f32.
  double special_lanes;  ///< ex2, rcp, lg2, rsqrt.
  double convert_lanes;  ///< Conversions between 32-bit and 16-bit types.
  double issue_warps;    ///< Warp-instructions issued: one for each of the four schedulers.
  double shared_bytes;   ///< Shared memory: one wavefront of 32 banks.
  double tensor_bytes;   ///< Tensor memory read by tcgen05.ld; 0: there is none.
  std::array<double, kMatrixKinds> matrix_flops;  ///< Dense, sums in f32 (i8: i32); 0: none.
  /// Of matrix_flops: what mma.sync reaches where warpgroup instructions reach all of it.
  double mma_sync_share;
  double geforce_matrix_share;  ///< Of matrix_flops: what GeForce parts have with f32 sums.
  double l2_latency;            ///< Clocks from a load to its value; 0: not known.
  double memory_latency;
  const char* source;  ///< Where the figures are from, and which are inferred.
};

/// Null for compute capabilities that are not in the table.
const SmRates* FindSmRates(int major, int minor);
const SmRates* FindSmRates(Arch arch);

/// One product. Clocks are the highest that the driver names; what a GPU keeps up under load is
/// `matmul_tflops`.
struct GpuInfo {
  const char* name;  ///< Part of the driver's name for it.
  Arch arch;         ///< What to generate for it.
  int sm_count;
  int clock_mhz;
  int memory_clock_mhz;  ///< Two transfers a clock on every pin.
  int bus_bits;
  int l2_mib;
  double l2_bytes;       ///< Read from L2 by all SMs in one clock; 0: not known.
  double tflops;         ///< Datasheet: dense 16-bit products with f32 sums.
  double gbytes;         ///< Datasheet: device memory, GB/s.
  double matmul_tflops;  ///< Measured: an 8192^3 bf16 product by cuBLAS; 0: not measured.
  bool geforce;          ///< See SmRates::geforce_matrix_share.
  const char* source;

  double matrix_share(const SmRates& rates) const {
    return geforce ? rates.geforce_matrix_share : 1;
  }
  /// Clock in Hz at which the matrix units do what they keep up: measured, else the datasheet's.
  double matrix_clock_hz() const;
};

/// Names that contain others come first.
llvm::ArrayRef<GpuInfo> AllGpus();
/// The product in a driver's name for a device, e.g. "NVIDIA H200"; null: it is not in the table.
const GpuInfo* FindGpu(llvm::StringRef driver_name);
/// The product that stands for an arch where no device is at hand; null: there is none.
const GpuInfo* TypicalGpu(Arch arch);

}  // namespace attnjit

#endif  // ATTNJIT_GENERATOR_MODEL_GPU_H_
