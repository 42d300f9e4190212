#include "generator/model/gpu.h"

#include <algorithm>
#include <iterator>

namespace attnjit {
namespace {

// Lanes: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions" (results per
// clock and SM by compute capability). Matrix rates: the datasheet's dense peak divided by SMs and
// boost clock, rounded to the power of two that the unit has. Shared memory: 32 banks of 4 bytes
// (the guide, shared memory). Tensor memory: 32 lanes of 4 bytes in each of the four sub-partitions
// (inferred from the lanes that each warp reaches, PTX ISA 9.7.16.8). mma.sync on sm_90: 62.9 % of
// the peak on average, and latencies of L2 and memory: Luo et al., "Benchmarking and Dissecting the
// Nvidia Hopper GPU Architecture via Microbenchmarking", arXiv 2402.13499.
constexpr SmRates kRates[] = {
    // cc, fp32, fp16, integer, special, convert, issue, shared, tensor, {f16, tf32, f8, i8},
    //     mma.sync, GeForce, L2 latency, memory latency, source
    {8,
     0,
     64,
     256,
     64,
     16,
     64,
     4,
     128,
     0,
     {2048, 1024, 0, 4096},
     1,
     1,
     262,
     466,
     "CUDA C++ Programming Guide (8.0); A100 datasheet: 312 TFLOP/s f16, 156 tf32, 624 TOP/s i8, "
     "108 SMs, 1.41 GHz"},
    {8,
     6,
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 0, 2048},
     1,
     0.5,
     0,
     0,
     "CUDA C++ Programming Guide (8.6); A40 datasheet: 149.7 TFLOP/s f16, 74.8 tf32, 299 TOP/s i8, "
     "84 SMs, 1.74 GHz"},
    {8,
     7,
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 0, 2048},
     1,
     1,
     0,
     0,
     "CUDA C++ Programming Guide (8.7); matrix rates as sm_86 (inferred)"},
    {8,
     9,
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 2048, 2048},
     1,
     0.5,
     273,
     542,
     "CUDA C++ Programming Guide (8.9); L40S datasheet: 362 TFLOP/s f16, 183 tf32, 733 f8, 733 "
     "TOP/s i8, 142 SMs, 2.52 GHz"},
    {9,
     0,
     128,
     256,
     64,
     16,
     64,
     4,
     128,
     0,
     {4096, 2048, 8192, 8192},
     0.629,
     1,
     263,
     479,
     "CUDA C++ Programming Guide (9.0); H100 SXM datasheet: 989 TFLOP/s f16, 495 tf32, 1979 f8, "
     "1979 TOP/s i8, 132 SMs, 1.83 GHz"},
    {10,
     0,
     128,
     256,
     64,
     16,
     64,
     4,
     128,
     512,
     {8192, 4096, 16384, 16384},
     0.315,
     1,
     0,
     0,
     "CUDA C++ Programming Guide (10.0); FlashAttention-4 for f16 (8192), special (16) and shared "
     "(128); B200 datasheet for the ratios of tf32, f8 and i8 to f16; mma.sync as fast as on sm_90 "
     "(inferred)"},
    // No rate of int8 is published for B300 beyond a rounded figure: 0.
    {10,
     3,
     128,
     256,
     64,
     32,
     64,
     4,
     128,
     512,
     {8192, 4096, 16384, 0},
     0.315,
     1,
     0,
     0,
     "as sm_100; Blackwell Ultra doubles the special function rate (NVIDIA's Blackwell Ultra "
     "description: twice the attention-layer acceleration)"},
    {12,
     0,
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 2048, 2048},
     1,
     0.5,
     0,
     0,
     "CUDA C++ Programming Guide (12.0); RTX PRO 6000 Blackwell datasheet: 504 TFLOP/s f16, 252 "
     "tf32, 1008 f8, 1008 TOP/s i8, 188 SMs, 2.62 GHz"},
    {12,
     1,
     128,
     128,
     64,
     16,
     64,
     4,
     128,
     0,
     {1024, 512, 2048, 2048},
     1,
     0.5,
     0,
     0,
     "as sm_120 (inferred)"},
};

// Clocks, memory and L2: what the driver reports, else datasheets. L2 reads of A100: the A100
// whitepaper (5120 bytes a clock); of sm_90 the same and of sm_100 twice that, for its two dies
// (both inferred). matmul_tflops: docs/performance.md.
constexpr GpuInfo kGpus[] = {
    // name, arch, SMs, MHz, memory MHz, bus, L2 MiB, L2 bytes, TFLOP/s, GB/s, matmul, GeForce
    {"H200", Arch::kSm90a, 132, 1980, 3201, 6144, 50, 5120, 989.4, 4800, 798, false,
     "H200 datasheet; matrix product measured 2026-11-22"},
    {"H100 80GB HBM3", Arch::kSm90a, 132, 1980, 2619, 5120, 50, 5120, 989.4, 3352, 781, false,
     "H100 SXM datasheet; matrix product measured 2026-11-22"},
    {"H100 PCIe", Arch::kSm90a, 114, 1755, 1593, 5120, 50, 5120, 756.4, 2039, 0, false,
     "H100 PCIe datasheet"},
    {"H100 NVL", Arch::kSm90a, 132, 1785, 2619, 6016, 50, 5120, 835.5, 3938, 0, false,
     "H100 NVL datasheet"},
    {"A100-SXM4-80GB", Arch::kSm80, 108, 1410, 1593, 5120, 40, 5120, 311.9, 2039, 0, false,
     "A100 datasheet"},
    {"A100 80GB PCIe", Arch::kSm80, 108, 1410, 1512, 5120, 40, 5120, 311.9, 1935, 0, false,
     "A100 datasheet"},
    {"A100-SXM4-40GB", Arch::kSm80, 108, 1410, 1215, 5120, 40, 5120, 311.9, 1555, 0, false,
     "A100 datasheet"},
    {"A100-PCIE-40GB", Arch::kSm80, 108, 1410, 1215, 5120, 40, 5120, 311.9, 1555, 0, false,
     "A100 datasheet"},
    {"L40S", Arch::kSm89, 142, 2520, 9001, 384, 96, 0, 362.1, 864, 0, false, "L40S datasheet"},
    {"RTX 3090", Arch::kSm86, 82, 1695, 9751, 384, 6, 0, 71.2, 936, 0, true, "GA102 whitepaper"},
    {"RTX 4090", Arch::kSm89, 128, 2520, 10501, 384, 72, 0, 165.2, 1008, 0, true, "Ada whitepaper"},
    {"B200", Arch::kSm100a, 148, 1965, 3996, 8192, 126, 10240, 2250, 8000, 0, false,
     "B200 datasheet"},
    {"B300", Arch::kSm103a, 148, 1920, 3996, 8192, 126, 10240, 2250, 8000, 0, false,
     "B300 datasheet"},
    {"RTX 5090", Arch::kSm120a, 170, 2407, 14001, 512, 96, 0, 209.5, 1792, 0, true,
     "RTX Blackwell whitepaper"},
};

// What stands for a compute capability: the product that the others are measured against.
constexpr const char* kTypical[] = {"A100-SXM4-40GB", "RTX 3090", "RTX 4090", "H100 80GB HBM3",
                                    "B200",           "B300",     "RTX 5090"};

}  // namespace

const SmRates* FindSmRates(int major, int minor) {
  const auto found = std::find_if(std::begin(kRates), std::end(kRates), [&](const SmRates& rates) {
    return rates.major == major && rates.minor == minor;
  });
  return found == std::end(kRates) ? nullptr : found;
}

const SmRates* FindSmRates(Arch arch) {
  return FindSmRates(GetArchInfo(arch).major, GetArchInfo(arch).minor);
}

double GpuInfo::matrix_clock_hz() const {
  const SmRates& rates = *FindSmRates(arch);
  const double flops = rates.matrix_flops[static_cast<size_t>(MatrixKind::kF16)];
  const double tera = matmul_tflops > 0 ? matmul_tflops : tflops;
  return tera * 1e12 / (sm_count * flops * matrix_share(rates));
}

llvm::ArrayRef<GpuInfo> AllGpus() { return kGpus; }

const GpuInfo* FindGpu(llvm::StringRef driver_name) {
  const auto found = std::find_if(std::begin(kGpus), std::end(kGpus), [&](const GpuInfo& gpu) {
    return driver_name.contains(gpu.name);
  });
  return found == std::end(kGpus) ? nullptr : found;
}

const GpuInfo* TypicalGpu(Arch arch) {
  const ArchInfo& asked = GetArchInfo(arch);
  for (const char* name : kTypical) {
    const GpuInfo* gpu = FindGpu(name);
    const ArchInfo& info = GetArchInfo(gpu->arch);
    if (info.major == asked.major && info.minor == asked.minor) return gpu;
  }
  return nullptr;
}

}  // namespace attnjit
